internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension Method {
  /// What was answered before from the cache was checked then.
  static let responsesCreate = Method(
    "responses.create", for: [.writers, .socket], unchecked: .createParameters
  ) { daemon, call throws(RPCError) in
    try daemon.requireRoom(for: call)
    if let reader = daemon.answerAtOnce(call) { return .cursor(reader) }
    let (request, plan) = try daemon.plan(call)
    let run = TurnDriver(
      request, plan: plan, caller: call.caller, services: daemon.responseServices,
      asker: call.asker, connectionTurn: call.connectionTurn, fillsIn: call.fillsIn)
    if daemon.cache.ready.takes(call.params) { run.params = call.params }
    daemon.registry.started(run)
    let reader = ResponseReader(
      log: run.acknowledgement ?? run.log, wantsEvents: request.isStreaming
    ) { run.readerLeft($0, $1) }
    run.reader = reader
    run.start()
    daemon.scheduleStatus()
    return .cursor(reader)
  }
}

extension Daemon {
  /// Refuses a response that there is no room for.
  fileprivate func requireRoom(for call: Call) throws(RPCError) {
    try requireConfiguration()
    guard !isDraining else {
      throw RPCError.exhausted("the daemon is stopping")
    }
    let most = configuration.limits.requests
    guard registry.count(of: call.subject) < most else {
      throw RPCError.exhausted("\(most) responses of \(call.subject.payer) are running")
    }
    try requireRoomForEvents()
  }

  /// Refuses what would make another log of events while the ones there are hold too much.
  func requireRoomForEvents() throws(RPCError) {
    guard EventLog.bytesOfAll >= configuration.limits.responses else { return }
    throw .exhausted(
      "the events of responses that run or are read take \(EventLog.bytesOfAll) bytes")
  }

  /// Answers a request that the cache answered before; nil where it has to be worked out. What its
  /// caller is allowed was looked at then: `ready` forgets all when that changes.
  fileprivate func answerAtOnce(_ call: Call) -> ResponseReader? {
    guard call.connectionTurn?.generates != false,
      let entry = cache.ready.entry(call.params, as: call.principal)
    else { return nil }
    let run = TurnDriver(
      entry.request, plan: entry.plan, caller: call.caller, services: responseServices,
      connectionTurn: call.connectionTurn)
    guard run.answerAtOnce(entry) else { return nil }
    scheduleStatus()
    return ResponseReader(log: run.log, wantsEvents: entry.request.isStreaming)
  }
}
