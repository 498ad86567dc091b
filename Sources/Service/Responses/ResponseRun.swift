internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// One response from its request to its end: context, attempts, log, record, cancelling.
///
/// Invariants:
/// 1. The log gets events of one attempt only: nothing is retried behind the first of them.
/// 2. Events reach the log when the request is on disk and the id is settled, the terminal event
///    and the outcome when the end is.
/// 3. Exactly one outcome is written.
/// 4. A stop (cancelled, deadline, shutdown, storage) closes the upstream before anything else.
@EventLoop
final class ResponseRun {
  /// Why a response is ended from outside.
  enum StopCause {
    case cancelled
    case deadline(Duration)
    case shutdown
    case storage(RPCError)
  }

  let request: CreateRequest
  let peer: Peer
  let plan: RequestPlan
  let log = EventLog()
  /// Answers a background create as soon as it is on disk; nil where the response itself answers.
  let acknowledgement: EventLog?
  /// Whoever asked for the response.
  weak var reader: ResponseReader?
  let created = EventLoop.now
  let createdAt: Int64
  let services: ResponseServices
  /// The id that clients know; settled with the first event, or at once for a background response.
  private(set) var id: String?
  private(set) var conversation: StoredConversation?
  private(set) var isFinished = false
  private var stopCause: StopCause?
  private var task: Task<Void, Never>?
  private var deadline: TimerSource?
  private var relay: EventRelay
  private var timing = ResponseTiming()
  private var attempts: ResponseAttempts?
  private var recorder: ResponseRecorder?
  private var beginning: Task<Void, Never>?
  /// Runs while the id is being settled; events wait for it.
  private var settling: Task<Void, Never>?
  private var waitingEvents: [UpstreamEvent] = []
  private var terminal: UpstreamEvent?
  private var errorEvent: RawJSON?

  init(_ request: CreateRequest, plan: RequestPlan, peer: Peer, services: ResponseServices) {
    self.request = request
    self.plan = plan
    self.peer = peer
    self.services = services
    createdAt = SystemClock.milliseconds() / 1000
    relay = EventRelay(log: log)
    acknowledgement = request.isBackground && !request.isStreaming ? EventLog() : nil
  }

  var uid: UInt32 { peer.userID }
  var model: String { plan.model }
  var upstreamName: String { attempts?.upstreamName ?? plan.candidates[0].upstream.name }
  var attemptCount: Int { attempts?.attempts ?? 0 }
  /// What is kept of it on disk: everything, unless the client asked for nothing.
  var isStored: Bool { request.store ?? true }

  func start() {
    let limit = plan.deadline
    do throws(LoopError) {
      deadline = try TimerSource { [weak self] in self?.stop(.deadline(limit)) }
      deadline?.arm(after: limit)
    } catch {
      return end(.failure(RPCError(.internal, error.description)), status: "failed")
    }
    task = EventLoop.start { [self] in await drive() }
  }

  /// Ends the response from outside; a second cause changes nothing.
  func stop(_ cause: StopCause) {
    guard stopCause == nil, !isFinished else { return }
    stopCause = cause
    task?.cancel()
  }

  /// A reader gives its request up. Whoever asked for the response ends it; of others the last one
  /// takes it along, unless that was ruled out.
  func readerLeft(_ leaving: ResponseReader, _ reason: LeaveReason) {
    switch reason {
    case .cancelled:
      guard leaving === reader || log.readerCount <= 1 else { return leaving.endAsCancelled() }
      stop(.cancelled)
    case .disconnected:
      let outlives = request.isBackground || request.options.onDisconnect == .finish
      if log.readerCount == 0, !outlives { stop(.cancelled) }
    }
  }

  // MARK: Driving

  private func drive() async {
    do throws(RPCError) {
      let body = try await prepare()
      guard let body else { return }
      await run(body)
    } catch {
      await beginning?.value
      await finish(error: stopCause.map { self.error(of: $0, error) } ?? error)
    }
    if let conversation { services.lines.leave(conversation.id) }
  }

  /// Finds the context and makes the row; nil where an earlier create stands for this one.
  private func prepare() async throws(RPCError) -> UpstreamBody? {
    guard needsStore else {
      return UpstreamBody(
        body: plan.body, input: RequestInput(items: [], hasResolvedReferences: false),
        context: RequestContext(), isBackground: request.isBackground)
    }
    let store = try await services.state.open()
    var context = try await RequestContext.find(request, of: uid, in: store)
    if let found = context.conversation { try await takeTurn(in: found) }
    try await context.load(of: uid, from: store)
    let uid = uid
    let input = try await RequestInput.read(plan.body) { id async throws(RPCError) in
      await Daemon.item(id, uid, store)
    }
    let body = UpstreamBody(
      body: plan.body, input: input, context: context, isBackground: request.isBackground)
    if !context.isUpstreams, plan.body.nonNull("prompt") == nil {
      try input.checkCalls(after: context.turns.flatMap { $0.items.map(\.json) })
    }
    relay.echo = echo(of: context)
    return try await record(body, in: store) ? body : nil
  }

  /// A request that goes on from nothing and leaves nothing does not touch the disk.
  private var needsStore: Bool {
    isStored || request.isBackground || request.options.idempotencyKey != nil
      || request.previousResponseID != nil || request.conversation != nil
      || request.options.continuesScope
  }

  private func takeTurn(in found: StoredConversation) async throws(RPCError) {
    do {
      try await services.lines.enter(found.id, orReject: request.options.onBusy == .reject)
      conversation = found
    } catch let error as RPCError {
      throw error
    } catch {
      throw RPCError(.cancelled, "the request was cancelled while its conversation was busy")
    }
  }

  // MARK: Recording

  /// Makes the row; false where the same create was made before, which is joined.
  private func record(_ body: UpstreamBody, in store: Store) async throws(RPCError) -> Bool {
    let recorder = ResponseRecorder(
      store: store, log: log, onTrouble: services.onStorageTrouble)
    self.recorder = recorder
    let row = newResponse(body)
    if request.isBackground || row.idempotency != nil {
      // What is answered at once, or must not be done twice, is on disk first.
      if let existing = try await recorder.begin(row) {
        try await services.registry.join(self, existing, store)
        return false
      }
      if let key = row.idempotency?.key { services.registry.owns(self, idempotencyKey: key) }
      if request.isBackground { settle(row.id) }
      return true
    }
    beginning = EventLoop.start { [self] in
      do throws(RPCError) { _ = try await recorder.begin(row) } catch { stop(.storage(error)) }
    }
    return true
  }

  private func newResponse(_ body: UpstreamBody) -> NewResponse {
    var row = NewResponse(uid: uid, parent: body.context.parent, input: body.input.items)
    row.isStored = isStored
    row.isBackground = request.isBackground
    row.status = request.isBackground ? .queued : .inProgress
    row.model = plan.candidates[0].model
    row.upstream = plan.candidates[0].upstream.name
    row.client = peer.name
    row.previousResponseID = body.context.previousResponseID
    row.scope = request.options.scope
    row.instructions = plan.body.nonNull("instructions")
    row.idempotency = request.options.idempotencyKey.map { key in
      NewResponse.Idempotency(key: key, bodyHash: request.bodyDigest)
    }
    return row
  }

  /// What the client asked and the upstream is not told.
  private func echo(of context: RequestContext) -> [ResponseEcho] {
    var echo = [ResponseEcho(key: "store", value: .boolean(isStored), isAdded: false)]
    guard !context.isUpstreams else { return request.isBackground ? backgroundEcho : [] }
    if let id = context.previousResponseID {
      echo.append(ResponseEcho(key: "previous_response_id", value: .string(id), isAdded: true))
    }
    if let conversation = context.conversation {
      let value = RawJSON.object { $0.member("id", conversation.id) }
      echo.append(ResponseEcho(key: "conversation", value: value, isAdded: true))
    }
    return echo + (request.isBackground ? backgroundEcho : [])
  }

  private var backgroundEcho: [ResponseEcho] {
    [ResponseEcho(key: "background", value: .boolean(true), isAdded: true)]
  }

  /// The id is known from the start: the client is answered before the upstream is.
  private func settle(_ id: String) {
    self.id = id
    services.registry.register(self, id)
    relay.replaceResponseID(with: id)
    acknowledge(backgroundObject(status: "queued"))
  }

  func acknowledge(_ object: RawJSON?) {
    guard let acknowledgement, acknowledgement.outcome == nil, let object else { return }
    acknowledgement.finish(.response(object, halley: summary(of: object)))
  }

  // MARK: Attempts

  private func run(_ body: UpstreamBody) async {
    let attempts = ResponseAttempts(
      plan, body, isStreaming: request.isStreaming || request.isBackground, services: services,
      mayContinue: { [unowned self] in stopCause == nil && log.count == 0 && waitingEvents.isEmpty },
      onEvent: { [unowned self] in receive($0) })
    self.attempts = attempts
    if let conversation { services.feeds.responseStarted(self, in: conversation) }
    let result = await attempts.run()
    await beginning?.value
    await settling?.value
    timing.connect = attempts.connect
    if let queued = attempts.queued { timing.queue = queued - created }
    switch result {
    case .success(let result): await complete(result)
    case .failure(let failure): await fail(failure)
    }
  }

  private func receive(_ event: UpstreamEvent) {
    if timing.firstEvent == nil { timing.firstEvent = EventLoop.now - created }
    if event.isTerminal {
      terminal = event
      return
    }
    if event.kind == .error { errorEvent = event.json }
    if log.count > 0, waitingEvents.isEmpty { return relay.append(event) }
    waitingEvents.append(event)
    settleID()
  }

  /// Settles the id with the first event that has a response, then lets the waiting events go.
  private func settleID() {
    guard settling == nil else { return }
    let given = waitingEvents.lazy.compactMap { $0.json["response"]?["id"]?.string }.first
    guard recorder != nil else {
      identify(given)
      return release()
    }
    settling = EventLoop.start { [self] in
      await beginning?.value
      await adopt(given)
      release()
    }
  }

  private func adopt(_ given: String?) async {
    guard let recorder, stopCause == nil else { return }
    do throws(RPCError) {
      if let id {
        var change = ResponseUpdate()
        change.status = .inProgress
        change.upstreamID = given
        change.upstream = upstreamName
        change.keyIdentity = attempts?.keyIdentity
        if id != given { try await recorder.update(change) }
      } else {
        let wanted = services.registry.free(given, for: uid)
        identify(try await recorder.adopt(wanted ?? StoreID.response()), given: given)
        var change = ResponseUpdate()
        change.upstreamID = given
        change.upstream = upstreamName
        change.keyIdentity = attempts?.keyIdentity
        pendingUpdate = change
      }
    } catch {
      stop(.storage(error))
    }
  }

  /// Written with the end: nothing waits for it before.
  private var pendingUpdate: ResponseUpdate?

  private func identify(_ given: String?) {
    identify(services.registry.free(given, for: uid) ?? StoreID.response(), given: given)
  }

  private func identify(_ id: String, given: String?) {
    self.id = id
    services.registry.register(self, id)
    if id != given { relay.replaceResponseID(with: id) }
  }

  private func release() {
    guard id != nil else { return }
    let events = waitingEvents
    waitingEvents = []
    for event in events { relay.append(event) }
  }

  // MARK: The end

  private func complete(_ result: CallResult) async {
    if id == nil { await settleAtEnd(result) }
    if case .storage(let error)? = stopCause { return await finish(error: error) }
    switch result {
    case .streamed:
      guard let terminal else { return }
      guard let response = terminal.json["response"], response.kind == .object else {
        return await fail(
          .protocolViolation("event", "the terminal event has no response object"))
      }
      await finish(relay.asSeen(response), [relay.rendered(terminal)])
    case .object(let object):
      if timing.firstEvent == nil { timing.firstEvent = EventLoop.now - created }
      let response = relay.asSeen(object)
      var events = ResponseReplay.events(of: response).map(\.bytes)
      let last = events.removeLast()
      for event in events { log.append(event) }
      await finish(response, [last])
    }
  }

  /// An answer of one piece, or a stream of its terminal event alone.
  private func settleAtEnd(_ result: CallResult) async {
    let given: String? =
      switch result {
      case .streamed: terminal?.json["response"]?["id"]?.string
      case .object(let object): object["id"]?.string
      }
    if recorder == nil { identify(given) } else { await adopt(given) }
    release()
  }

  private func fail(_ failure: CallFailure) async {
    switch stopCause {
    case .cancelled?, .shutdown?: await finishCancelled()
    case let cause?: await finish(error: error(of: cause, failure.error))
    case nil:
      if let errorEvent, log.count > 0 { return await finishFailed(errorEvent) }
      await finish(error: failure.error)
    }
  }

  private func error(of cause: StopCause, _ error: RPCError) -> RPCError {
    switch cause {
    case .cancelled, .shutdown:
      RPCError(.cancelled, "the request was cancelled before its response began")
    case .deadline(let limit):
      CallFailure.timeout(.total, phase: .answered, "no end", after: limit).error
    case .storage(let storage): storage
    }
  }

  private func finishCancelled() async {
    var partial = relay.partialResponse(status: "cancelled")
    if partial == nil { partial = backgroundObject(status: "cancelled") }
    guard let response = partial else {
      return await finish(error: error(of: .cancelled, .responseNotFound("")))
    }
    await finish(response, [relay.rendered("response.incomplete", response)])
  }

  /// The upstream sent an error event and nothing behind it: the response has failed.
  private func finishFailed(_ event: RawJSON) async {
    guard let partial = relay.partialResponse(status: "failed") else {
      return await finish(error: CallFailure.streamError(event).error)
    }
    let error = event.nonNull("error") ?? event
    let failure = RawJSON.object {
      $0.member("code", error.nonNull("code") ?? .string("server_error"))
      $0.member("message", error.nonNull("message") ?? .string("the upstream sent an error event"))
    }
    let response = partial.setting("error", to: failure)
    await finish(response, [relay.rendered("response.failed", response)])
  }

  /// Ends with an error; what came is kept under its id. The client need not wait for that: an
  /// error acknowledges nothing.
  private func finish(error: RPCError) async {
    var error = error
    error.details.append(("attempts", .integer(attemptCount)))
    let partial = relay.partialResponse(status: "incomplete")
    if let partial { error.details.append(("response", partial)) }
    end(.failure(error), status: "failed")
    guard let recorder else { return }
    let ending = ResponseEnding(
      status: partial == nil ? .failed : .incomplete,
      object: partial ?? backgroundObject(status: "failed")?.setting("error", to: error.summary),
      output: partial?["output"]?.elements ?? [], error: error.json, continuesConversation: false)
    do throws(RPCError) {
      _ = try await recorder.finish(ending, after: pendingUpdate, terminal: [])
    } catch {
      services.onStorageTrouble("The end of a failed response was not stored: \(error.message)")
    }
  }

  private func finish(_ response: RawJSON, _ terminal: [ArraySlice<UInt8>]) async {
    let status = ResponseStatus(rawValue: response["status"]?.string ?? "") ?? .completed
    let ending = ResponseEnding(
      status: status.isFinal ? status : .completed, object: response,
      output: response["output"]?.elements ?? [],
      continuesConversation: status == .completed || status == .incomplete)
    if let recorder {
      do throws(RPCError) {
        let items = try await recorder.finish(
          ending, after: pendingUpdate, terminal: terminal)
        if ending.continuesConversation, let conversation {
          services.feeds.itemsAdded(items, to: conversation)
        }
      } catch {
        return end(.failure(error), status: "failed")
      }
    }
    for event in terminal { log.append(event) }
    timing.total = EventLoop.now - created
    end(.response(response, halley: summary(of: response)), status: ending.status.rawValue)
  }

  private func end(_ outcome: ResponseOutcome, status: String) {
    timing.total = EventLoop.now - created
    isFinished = true
    deadline?.cancel()
    log.finish(outcome)
    if let acknowledgement, acknowledgement.outcome == nil { acknowledgement.finish(outcome) }
    services.registry.finished(self)
    if let conversation { services.feeds.responseEnded(self, in: conversation, status: status) }
    services.onFinished(self, FinishedResponse(status: status, outcome: outcome, timing: timing))
  }

  /// Returns when it has ended, also on disk.
  func ended() async {
    await task?.value
  }

  /// Ends without an outcome: another response answers instead.
  func yieldToEarlier() {
    isFinished = true
    deadline?.cancel()
    services.registry.finished(self)
  }

  // MARK: Objects

  /// The response as it stands, for who asks while it runs.
  var currentObject: RawJSON? {
    relay.partialResponse(status: "in_progress")
      ?? backgroundObject(status: "queued")
  }

  func backgroundObject(status: String) -> RawJSON? {
    guard request.isBackground else { return nil }
    return id.map { .background(id: $0, status: status, createdAt: createdAt, model: model, plan.body) }
  }

  private func summary(of response: RawJSON) -> RawJSON {
    .object { halley in
      halley.member("upstream", upstreamName)
      if let upstreamID = relay.upstreamID ?? id { halley.member("upstream_id", upstreamID) }
      halley.member("cache", "miss")
      if let conversation { halley.member("conversation", conversation.reference) }
      halley.member("cost_usd", .null)
      halley.member("attempts", attemptCount)
      halley.member("timing_ms", timing.json)
      halley.member("tool_calls", 0)
    }
  }
}
