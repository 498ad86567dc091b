internal import Configuration
internal import EventLoop
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// Performs what a turn decides: preparing, attempts, rows, tool calls, outcome. It alone awaits.
@EventLoop
final class TurnDriver {
  /// What is done next, one after the other.
  private enum Work {
    case ask
    case callTools([RawJSON])
    case prepare(items: [RawJSON], isLast: Bool)
    case store(TurnEnding)
    case pause
  }

  let request: CreateRequest
  /// The request as it came, where the same bytes may be answered without being read again.
  var params: RawJSON?
  let caller: Caller
  /// Who is asked about tool calls.
  let requester: ToolRequester
  /// What the client asked for.
  let asked: RequestPlan
  /// What is asked of the upstreams: that, or what hooks made of it.
  private(set) var plan: RequestPlan
  let log = EventLog()
  /// Answers a background create as soon as it is on disk; nil where the response itself answers.
  let acknowledgement: EventLog?
  /// Whoever asked for the response.
  weak var reader: ResponseReader? {
    didSet { if let reader { addAsker(reader) } }
  }
  let created = EventLoop.now
  let createdAt: Int64
  /// Whether its client takes for granted what sparse upstreams leave out.
  let fillsIn: Bool
  /// Under which it is on disk until its own id is known; nil before there is a row.
  var rowID: String?
  let services: ResponseServices
  private(set) var turn: Turn
  /// What happened and was not taken yet: performing an action may bring the next event.
  private var events: [TurnEvent] = []
  private var isTaking = false
  private var work: [Work] = []
  /// Writes the row, or finds an id, beside the rest.
  private var settling: Task<Void, Never>?
  private var task: Task<Void, Never>?
  private(set) var deadline: TimerSource?
  /// What is asked in the present round.
  private(set) var body: UpstreamBody?
  /// The daemon's tools that the model may call.
  var offered = OfferedTools.none
  var toolCalls = ToolCallCount()
  var conversation: StoredConversation?
  var timing = ResponseTiming()
  var attempts: ResponseAttempts?
  var recorder: ResponseRecorder?
  let meter: UsageMeter
  /// What was sent last, for hooks.
  var sentBody: RawJSON
  private(set) lazy var hookContext = HookContext(
    requestID: .string(StoreID.make("req_")), caller: caller,
    conversation: conversation?.reference, scope: request.options.scope)
  /// What is kept of the answer, and under which key; nil for what is not cached.
  var caching: Caching?
  /// Under which equal requests may join.
  var shareKey: ShareKey?
  /// Items of what was said before that a cached answer was given without.
  var leftOut = 0
  /// The cached answer that this response repeats.
  var repeated: CachedAnswer?
  /// Those who asked for the response: its client, and clients whose equal requests joined it.
  private var askers: Set<ObjectIdentifier> = []
  /// What the client's connection keeps of it; nil where it keeps nothing.
  let connectionTurn: ConnectionTurn?

  /// - Parameter asker: nil where nobody can be asked about tool calls.
  init(
    _ request: CreateRequest, plan: RequestPlan, caller: Caller, services: ResponseServices,
    asker: (approver: any Approver, request: RawJSON)? = nil,
    connectionTurn: ConnectionTurn? = nil, fillsIn: Bool = false
  ) {
    self.connectionTurn = connectionTurn
    self.fillsIn = fillsIn
    self.request = request
    requester = ToolRequester(
      subject: caller.principal.subject, request: asker?.request ?? .null,
      allowed: caller.grant?.tools,
      approval: request.options.approval,
      approver: asker?.approver)
    asked = plan
    self.plan = plan
    self.caller = caller
    self.services = services
    createdAt = SystemClock.milliseconds() / 1000
    turn = Turn(isStored: request.store ?? true, mostRounds: services.limits.toolRounds)
    meter = UsageMeter(request, plan, caller, ledger: services.ledger)
    sentBody = plan.body
    acknowledgement = request.isBackground && !request.isStreaming ? EventLog() : nil
    turn.blank = { [unowned self] in backgroundObject($0, status: $1) }
  }

  var principal: Principal { caller.principal }
  var subject: Subject { caller.principal.subject }
  var id: String? { turn.id }
  var upstreamID: String? { turn.identity.upstreamID }
  var isFinished: Bool { turn.isFinished }
  var model: String { plan.model }
  var upstreamName: String { attempts?.upstreamName ?? plan.candidates[0].upstream.name }
  /// What is kept of it on disk: everything, unless the client asked for nothing.
  var isStored: Bool { request.store ?? true }

  // MARK: Its life

  func start() {
    startTask { [self] in
      do throws(RPCError) {
        if let body = try await prepare() { begin(body) }
      } catch {
        take(.refused(error.told(to: caller)))
      }
    }
  }

  /// Goes on with a response that its upstream runs by itself, after the daemon was away.
  func resume(_ stored: StoredResponse, from store: Store) {
    let recorder = ResponseRecorder(store: store, log: log, onTrouble: services.onStorageTrouble)
    self.recorder = recorder
    startTask { [self] in
      do throws(StoreError) {
        try await log.append(eventsOf: stored, from: store)
      } catch {
        services.onStorageTrouble("The events of response \(stored.id) can't be read: \(error)")
      }
      recorder.goOn(with: stored.handle)
      do throws(StoreError) {
        meter.began(try await store.usage(of: stored.handle))
      } catch {
        services.onStorageTrouble("The usage of response \(stored.id) can't be read: \(error)")
      }
      take(.resumed(id: stored.id, upstreamID: stored.upstreamID))
      services.registry.register(self, stored.id)
      begin(
        UpstreamBody(
          plan.body, input: RequestInput(items: [], hasResolvedReferences: false),
          context: RequestContext(), isBackground: true))
    }
  }

  private func startTask(_ prepare: @escaping @EventLoop () async -> Void) {
    do throws(LoopError) {
      // Cancelled at the end, up to which the task holds the run.
      deadline = try TimerSource { [unowned self] in stop(.deadline(plan.deadline)) }
      deadline?.arm(after: plan.deadline)
    } catch {
      return take(.refused(RPCError(.internal, error.description)))
    }
    task = EventLoop.start { [self] in
      await prepare()
      await goOn()
      if let conversation { services.lines.leave(conversation.id) }
    }
  }

  /// Ends the response from outside; a second cause changes nothing.
  func stop(_ cause: StopCause) { take(.stopped(cause)) }

  /// Returns when it has ended, also on disk.
  func ended() async { await task?.value }

  /// Adopts a plan: from now on the route, the time limit, the price and the account are its.
  func use(_ plan: RequestPlan) {
    if plan.deadline != self.plan.deadline {
      deadline?.arm(after: max(.zero, plan.deadline - (EventLoop.now - created)))
    }
    self.plan = plan
    meter.use(plan)
  }

  func addAsker(_ reader: ResponseReader) {
    askers.insert(ObjectIdentifier(reader))
  }

  /// A reader gives its request up. The last of those who asked for the response ends it, and so
  /// does the last who reads it, unless that was ruled out.
  func readerLeft(_ leaving: ResponseReader, _ reason: LeaveReason) {
    let asked = askers.remove(ObjectIdentifier(leaving)) != nil
    switch reason {
    case .cancelled:
      guard asked && askers.isEmpty || log.readerCount <= 1 else {
        guard asked, let partial = turn.relay.partialResponse(of: log.events, status: "cancelled")
        else {
          return leaving.endAsCancelled()
        }
        return leaving.endAsCancelled(with: partial, halley: summary(of: partial))
      }
      stop(.cancelled)
    case .disconnected:
      let outlives = request.isBackground || request.options.onDisconnect == .finish
      if log.readerCount == 0, !outlives { stop(.cancelled) }
    }
  }

  // MARK: Driving

  /// Lets the turn take an event, and performs what it decides.
  func take(_ event: TurnEvent) {
    events.append(event)
    guard !isTaking else { return }
    isTaking = true
    while !events.isEmpty {
      for action in turn.take(events.removeFirst(), log.events) { perform(action) }
    }
    isTaking = false
  }

  private func perform(_ action: TurnAction) {
    switch action {
    case .closeUpstream: task?.cancel()
    case .identify(let given): identify(given)
    case .nameItem(let item): settle { [self] in .itemNamed(await freeID(for: item)) }
    case .append(let events): for event in events { log.append(event) }
    case .ask: work.append(.ask)
    case .endRound(let response):
      meter.endRound(UsageReader.tokens(of: response) ?? TokenCounts(), upstream: upstreamName)
    case .callTools(let calls): work.append(.callTools(calls))
    case .prepare(let items, let isLast): work.append(.prepare(items: items, isLast: isLast))
    case .settleUsage(let ending): settleUsage(ending.toldStatus, ending.response)
    case .store(let ending): work.append(.store(ending))
    case .finish(let ending): finish(ending)
    case .leave(isKept: true): work.append(.pause)
    case .leave(isKept: false): endWithoutOutcome()
    }
  }

  private func goOn() async {
    while true {
      if !work.isEmpty {
        await perform(work.removeFirst())
      } else if let settling {
        await settling.value
      } else {
        return
      }
    }
  }

  private func perform(_ work: Work) async {
    switch work {
    case .ask: await ask()
    case .callTools(let calls): take(await run(calls))
    case .prepare(let items, let isLast): await prepareRound(items, isLast: isLast)
    case .store(let ending): await store(ending)
    case .pause:
      await recorder?.pause()
      endWithoutOutcome()
    }
  }

  /// Finds something beside the rest; the turn waits for it.
  func settle(_ find: @escaping @EventLoop () async -> TurnEvent) {
    settling = EventLoop.start { [self] in
      let event = await find()
      settling = nil
      take(event)
    }
  }

  // MARK: Attempts

  private func begin(_ body: UpstreamBody) {
    if let conversation { services.feeds.responseStarted(self, in: conversation) }
    ask(body)
  }

  func ask(_ body: UpstreamBody) {
    self.body = body
    let (sent, items) = body.outgoing
    sentBody = sent.json
    let owners =
      offered.tools.isEmpty ? CallOwners.none : CallOwners(of: offered, in: sent.json, items: items)
    take(.prepared(owners, echo: echo(of: body.context)))
  }

  private func ask() async {
    guard let body else { return }
    let attempts = ResponseAttempts(self, body)
    self.attempts = attempts
    let result = await attempts.make()
    timing.connect += attempts.connect
    if turn.rounds.count == 0, let queued = attempts.queued { timing.queue = queued - created }
    switch result {
    case .success(let result):
      noteArrival()
      take(.answered(result))
    case .failure(var failure):
      failure.error = failure.error.told(to: caller)
      let isHeld = request.isBackground && upstreamID != nil && attempts.isHeld
      if isHeld, case .cancelled? = turn.stopCause, let upstreamID {
        attempts.cancelAtUpstream(upstreamID)
      }
      take(.failed(failure, isHeld: isHeld))
    }
  }

  /// Where to go on with a response that the upstream runs by itself; nil for any other.
  var resumePoint: ResumePoint? {
    guard turn.stopCause == nil, request.isBackground, plan.tools.isEmpty,
      let id = upstreamID
    else {
      return nil
    }
    return ResumePoint(id: id, next: turn.receivedCount)
  }

  func receive(_ event: UpstreamEvent) {
    noteArrival()
    switch isTaking ? nil : turn.pass(event) {
    case .toLog(let bytes)?: log.append(bytes)
    case .waits?: break
    case nil: take(.upstream(event))
    }
  }

  /// Takes events that lie in bytes; false where each has to be taken by itself.
  func receive(_ events: PlainEvents, of bytes: borrowing Span<UInt8>) -> Bool {
    guard !isTaking, let way = turn.pass(events, of: bytes) else { return false }
    noteArrival()
    if case .toLog = way { log.append(events.places, of: bytes) }
    return true
  }

  /// An answer that comes whole is its own first event.
  private func noteArrival() {
    guard timing.firstEvent == nil else { return }
    timing.firstEvent = EventLoop.now - created
    log.upstream = upstreamName
    log.requestID = attempts?.requestID
  }

  // MARK: What it is called

  private func identify(_ given: String?) {
    let wanted = services.registry.free(given, for: subject) ?? StoreID.response()
    guard let recorder else {
      services.registry.register(self, wanted)
      return take(.identified(wanted))
    }
    settle { [self] in
      do throws(RPCError) {
        if let id {
          var change = origin
          change.status = .inProgress
          try await recorder.update(change)
          return .identified(id)
        }
        let id = try await recorder.adopt(wanted)
        services.registry.register(self, id)
        var change = origin
        change.id = id
        recorder.pending = change
        return .identified(id)
      } catch {
        return .rowFailed(error)
      }
    }
  }

  /// Who makes the response, for its row.
  var origin: ResponseUpdate {
    var origin = ResponseUpdate()
    origin.id = id
    origin.upstreamID = upstreamID
    origin.upstream = upstreamName
    origin.keyIdentity = attempts?.keyIdentity
    return origin
  }

  /// The upstream's id of an item, or one of its own where another item of the user has that.
  private func freeID(for item: RawJSON) async -> String {
    let given = item["id"]?.string ?? ""
    var isFree = !turn.relay.itemIDs.has(given) && services.registry.claimItem(given, for: self)
    if isFree { isFree = await recorder?.isFreeItemID(given) ?? true }
    return isFree || ItemIDs.isBound(item)
      ? given : StoreID.item(ofType: item["type"]?.string ?? "message")
  }
}
