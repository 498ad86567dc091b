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
  /// The request as it came, where the same bytes may be answered without being read again.
  var params: RawJSON?
  let peer: Peer
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
  let services: ResponseServices
  /// The id that clients know; settled with the first event, or at once for a background response.
  var id: String? { relay.id }
  /// The upstream's last word on the id, by which it can be asked for the response and to go on from
  /// it.
  private(set) var upstreamID: String?
  var conversation: StoredConversation?
  var isFinished = false
  var stopCause: StopCause?
  var task: Task<Void, Never>?
  var deadline: TimerSource?
  var relay: EventRelay
  var timing = ResponseTiming()
  var attempts: ResponseAttempts?
  var recorder: ResponseRecorder?
  var beginning: Task<Void, Never>?
  /// Runs while the id is being settled; events wait for it.
  var settling: Task<Void, Never>?
  var waitingEvents: [UpstreamEvent] = []
  var terminal: UpstreamEvent?
  var errorEvent: RawJSON?
  let meter: UsageMeter
  var rounds = ToolRounds()
  /// What was sent last, for hooks.
  var sentBody: RawJSON
  private(set) lazy var hookContext = HookContext(
    requestID: .string(StoreID.make("req_")), peer: peer,
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

  /// - Parameter asker: nil where nobody can be asked about tool calls.
  init(
    _ request: CreateRequest, plan: RequestPlan, peer: Peer, services: ResponseServices,
    asker: (approver: any Approver, id: RPCID)? = nil
  ) {
    self.request = request
    requester = ToolRequester(
      uid: peer.userID, request: asker?.id.json ?? .null, approval: request.options.approval,
      approver: asker?.approver)
    asked = plan
    self.plan = plan
    self.peer = peer
    self.services = services
    createdAt = SystemClock.milliseconds() / 1000
    relay = EventRelay(log: log)
    meter = UsageMeter(request, plan, peer, ledger: services.ledger)
    sentBody = plan.body
    acknowledgement = request.isBackground && !request.isStreaming ? EventLog() : nil
  }

  var uid: UInt32 { peer.userID }
  var model: String { plan.model }
  var upstreamName: String { attempts?.upstreamName ?? plan.candidates[0].upstream.name }
  var attemptCount: Int { rounds.attempts + (attempts?.attempts ?? 0) }
  /// What is kept of it on disk: everything, unless the client asked for nothing.
  var isStored: Bool { request.store ?? true }

  func start() {
    guard armDeadline() else { return }
    task = EventLoop.start { [self] in await drive() }
  }

  private func armDeadline() -> Bool {
    do throws(LoopError) {
      // Cancelled at the end, up to which the task holds the run.
      deadline = try TimerSource { [unowned self] in stop(.deadline(plan.deadline)) }
      deadline?.arm(after: plan.deadline)
      return true
    } catch {
      end(.failure(RPCError(.internal, error.description)), status: "failed")
      return false
    }
  }

  /// Goes by a plan from now on: routed, limited in time, priced and accounted by it.
  func use(_ plan: RequestPlan) {
    if plan.deadline != self.plan.deadline {
      deadline?.arm(after: max(.zero, plan.deadline - (EventLoop.now - created)))
    }
    self.plan = plan
    meter.use(plan)
  }

  /// Ends the response from outside; a second cause changes nothing.
  func stop(_ cause: StopCause) {
    guard stopCause == nil, !isFinished else { return }
    stopCause = cause
    task?.cancel()
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
        guard asked, let partial = relay.partialResponse(status: "cancelled") else {
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

  func drive() async {
    do throws(RPCError) {
      if let body = try await prepare() { await run(body) }
    } catch {
      await beginning?.value
      await finish(error: stopCause.map { self.error(of: $0, error) } ?? error)
    }
    if let conversation { services.lines.leave(conversation.id) }
  }

  // MARK: Attempts

  /// Only a background response goes on when its connection is lost.
  var resumePoint: ResumePoint? {
    guard stopCause == nil, request.isBackground, plan.tools.isEmpty,
      let id = upstreamID ?? attempts?.objectID
    else {
      return nil
    }
    return ResumePoint(id: id, next: log.count + waitingEvents.count)
  }

  /// Goes on with a response that its upstream runs by itself, after the daemon was away.
  func resume(_ stored: StoredResponse, from store: Store) {
    let recorder = ResponseRecorder(store: store, log: log, onTrouble: services.onStorageTrouble)
    self.recorder = recorder
    upstreamID = stored.upstreamID
    guard armDeadline() else { return }
    task = EventLoop.start { [self] in
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
      settle(stored.id)
      await run(
        UpstreamBody(
          body: plan.body, input: RequestInput(items: [], hasResolvedReferences: false),
          context: RequestContext(), isBackground: true))
    }
  }

  /// Asks until the response has ended: once, or once for each round of tool calls.
  func run(_ body: UpstreamBody) async {
    if let conversation { services.feeds.responseStarted(self, in: conversation) }
    var next: UpstreamBody? = body
    while let body = next { next = await runRound(body) }
  }

  /// Returns what is to be asked next; nil when the response has ended.
  private func runRound(_ body: UpstreamBody) async -> UpstreamBody? {
    let attempts = attempts(for: body)
    self.attempts = attempts
    let (sent, items) = body.outgoing
    sentBody = sent
    if rounds.mayContinue {
      rounds.owners = CallOwners(of: rounds.offered, in: sent, items: items)
    }
    let result = await attempts.run()
    await beginning?.value
    await settling?.value
    if case .success(.object(let object)) = result { note(object) }
    timing.connect += attempts.connect
    if rounds.count == 0, let queued = attempts.queued { timing.queue = queued - created }
    switch result {
    case .success(let result) where rounds.mayContinue: return await endRound(result, body)
    case .success(let result): await complete(result)
    case .failure(let failure): await fail(failure)
    }
    return nil
  }

  func attempts(for body: UpstreamBody) -> ResponseAttempts {
    let start = log.count
    return ResponseAttempts(
      plan, body, of: uid,
      isStreaming: request.isStreaming || request.isBackground || rounds.mayContinue,
      services: services,
      mayContinue: { [unowned self] in
        stopCause == nil && log.count == start && waitingEvents.isEmpty
      },
      resumePoint: { [unowned self] in resumePoint }, onEvent: { [unowned self] in receive($0) })
  }

  func receive(_ event: UpstreamEvent) {
    if timing.firstEvent == nil { timing.firstEvent = EventLoop.now - created }
    if event.carriesResponse { note(event.json["response"]) }
    if event.isTerminal {
      terminal = event
      return
    }
    if event.kind == .error { errorEvent = event.json }
    if log.count > 0, waitingEvents.isEmpty, !mustIdentifyItem(of: event) {
      return relay.append(event)
    }
    waitingEvents.append(event)
    settleID()
  }

  private func note(_ response: RawJSON?) {
    upstreamID = response?["id"]?.string.flatMap { StoreID.isUsable($0) ? $0 : nil } ?? upstreamID
  }

  /// Settles the id with the first event, and those of items with the events that bring them; then
  /// lets the waiting events go.
  func settleID() {
    guard settling == nil else { return }
    let given = upstreamID
    guard recorder != nil else {
      identify(services.registry.free(given, for: uid) ?? StoreID.response())
      for event in waitingEvents { relay.append(event) }
      waitingEvents = []
      return
    }
    settling = EventLoop.start { [self] in
      await beginning?.value
      if log.count == 0 { await adopt(given) }
      await release()
      settling = nil
    }
  }

  func adopt(_ given: String?) async {
    guard let recorder else { return }
    do throws(RPCError) {
      if id != nil {
        var change = origin
        change.status = .inProgress
        try await recorder.update(change)
      } else {
        let wanted = services.registry.free(given, for: uid)
        identify(try await recorder.adopt(wanted ?? StoreID.response()))
        recorder.pending = origin
      }
    } catch {
      stop(.storage(error))
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

  func identify(_ id: String) {
    relay.id = id
    services.registry.register(self, id)
  }

  func release() async {
    guard id != nil else { return }
    var next = 0
    while next < waitingEvents.count {
      if mustIdentifyItem(of: waitingEvents[next]) {
        // What comes meanwhile stays behind it.
        waitingEvents.removeFirst(next)
        next = 0
        await identifyItem(of: waitingEvents[next])
      }
      relay.append(waitingEvents[next])
      next += 1
    }
    waitingEvents = []
  }
}
