internal import Configuration
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// Asks the upstreams of a plan until one answers: places, keys, bodies, retries, fallbacks.
@EventLoop
final class ResponseAttempts {
  private unowned let run: TurnDriver
  private let plan: RequestPlan
  private let body: UpstreamBody
  private let isStreaming: Bool
  private let services: ResponseServices
  private var resumptions = 0
  private var polls = 0

  private(set) var upstreamName: String
  /// Names the key that is used, never the key.
  private(set) var keyIdentity = ""
  /// What the upstream calls the exchange that it answered last.
  private(set) var requestID: RawJSON?
  private(set) var queued: LoopInstant?
  private(set) var connect = Duration.zero
  /// Whether an upstream may have worked on the request: it was sent and was not refused.
  private(set) var mayHaveRun = false
  /// An error event that came before anything else in the present attempt: alone it stands for an
  /// HTTP status, so clients see it only when more follows.
  private var heldError: UpstreamEvent?
  private var hasEvents = false
  private var hasLostChain = false
  /// Whether a connection turned out to lead elsewhere, and the next request gets one of its own.
  private var wasMisdirected = false
  /// What the present upstream could not read of the request.
  private var refusedItems: RefusedItems?
  private var sent: UpstreamBody.Made?
  /// The request that it could not read.
  private var refused: UpstreamBody.Made?
  /// Whom the request was last made for.
  private(set) var target: UpstreamBody.Target?
  /// How many items of what was said before are not in it.
  private(set) var leftOut = 0
  /// A response that the upstream told in one piece and still works on.
  private var pendingID: String?
  private var firstMissing: Int?

  /// Makes the attempts of a round; what comes of them is for the run.
  init(_ run: TurnDriver, _ body: UpstreamBody) {
    self.run = run
    plan = run.plan
    self.body = body
    isStreaming = run.request.isStreaming || run.request.isBackground || !run.offered.tools.isEmpty
    services = run.services
    upstreamName = plan.candidates[0].upstream.name
  }

  func make() async -> Result<CallResult, CallFailure> {
    var last = CallFailure.stopped
    for candidate in plan.candidates {
      upstreamName = candidate.upstream.name
      switch await ask(candidate) {
      case .success(let result): return .success(result)
      case .failure(let failure): last = failure
      }
      guard run.turn.mayAskAgain, last.error.isRetryable, pendingID == nil else { break }
    }
    return .failure(last)
  }

  private func ask(_ candidate: RequestPlan.Candidate) async -> Result<CallResult, CallFailure> {
    let upstream = candidate.upstream
    do throws(CallFailure) {
      var admission: Upstream.Admission
      if let atOnce = try upstream.admissionAtOnce(
        as: run.subject, hasSideEffects: plan.hasSideEffects)
      {
        admission = atOnce
      } else {
        admission = try await upstream.admission(
          as: run.subject, hasSideEffects: plan.hasSideEffects, services.upstreams)
      }
      queued = EventLoop.now
      return await callUntilAnswered(candidate, &admission)
    } catch {
      return .failure(error)
    }
  }

  private func callUntilAnswered(
    _ candidate: RequestPlan.Candidate, _ admission: inout Upstream.Admission
  ) async -> Result<CallResult, CallFailure> {
    refusedItems = nil
    while run.turn.mayAskAgain || run.resumePoint != nil {
      let result = await call(candidate, admission.key)
      if let wait = resumeDelay(after: result, candidate) {
        await EventLoop.sleep(for: wait)
        continue
      }
      if case .success = result { rememberRefused() }
      guard let failure = result.failure, run.turn.mayAskAgain else { return result }
      if adapt(to: failure, candidate) { continue }
      guard await admission.mayAskAgain(after: failure, services.upstreams.keys) else {
        return result
      }
    }
    return .failure(.stopped)
  }

  /// Drops what this upstream refuses; returns whether that changed the request.
  private func adapt(to failure: CallFailure, _ candidate: RequestPlan.Candidate) -> Bool {
    guard pendingID == nil else { return false }
    if let point = run.resumePoint {
      // One that was not begun as a stream can be asked for as it stands.
      guard case .status(400) = failure.phase else { return false }
      pendingID = point.id
      return true
    }
    if case .chained(let id) = form(for: candidate), failure.mayHaveLost(id) {
      hasLostChain = true
      return true
    }
    if refusedItems == nil, let refused = failure.refusedItems, let sent,
      sent.removing(refused.covers) != nil
    {
      refusedItems = refused
      self.refused = sent
      return true
    }
    let name = candidate.upstream.name
    if failure.refusesEncryptedReasoning,
      services.knowledge.reasoning.asks(name, candidate.model, body.object)
    {
      services.knowledge.reasoning.refuse(name, candidate.model)
      return true
    }
    if case .status(421) = failure.phase, !wasMisdirected {
      wasMisdirected = true
      return true
    }
    return false
  }

  private func form(for candidate: RequestPlan.Candidate) -> UpstreamBody.Form {
    guard candidate.upstream.configuration.state == .upstream, !body.mustReplay,
      !isFallback(candidate)
    else { return .replay }
    guard !hasLostChain, let last = body.context.turns.last, let origin = last.response,
      let id = origin.upstreamID, origin.upstream == candidate.upstream.name,
      origin.keyIdentity == keyIdentity, !body.hasHalves
    else { return .replay }
    return .chained(to: id)
  }

  private func requestBody(for candidate: RequestPlan.Candidate) -> RawJSON {
    let form = form(for: candidate)
    let isReplaying = candidate.upstream.configuration.state == .replay && form == .replay
    var target = services.target(candidate, key: keyIdentity, body.object)
    target.isFallback = isFallback(candidate)
    self.target = target
    var made = body.make(
      form, for: target,
      encryptsReasoning: isReplaying && target.takesReasoning,
      isHeld: holds(candidate))
    let members = made.body.bytes == body.body.bytes ? body.object : IndexedObject(made.body)
    if isStreaming, !streams(candidate) {
      made.body = made.body.removing("stream")
    } else if isStreaming, members["stream"]?.boolean != true {
      made.body = made.body.setting("stream", to: .boolean(true))
    }
    if isReplaying, members["store"]?.boolean != false {
      made.body = made.body.setting("store", to: .boolean(false))
    }
    let unreadable = services.knowledge.unreadable
    if !unreadable.isEmpty {
      made = made.removing { unreadable.contains($0.json, for: target) } ?? made
    }
    if let refusedItems { made = made.removing(refusedItems.covers) ?? made }
    leftOut = made.leftOut
    sent = made
    return made.body
  }

  /// What was refused and asked without is left out from now on.
  private func rememberRefused() {
    guard let refusedItems, let target else { return }
    let before = refused?.body["input"]?.elements ?? []
    services.knowledge.unreadable.add(
      before.filter { refusedItems.covers(Replay.Entry($0)) }, for: target)
  }

  private func isFallback(_ candidate: RequestPlan.Candidate) -> Bool {
    candidate.upstream.name != plan.candidates[0].upstream.name
  }

  /// What the upstream that is asked first will be sent.
  func firstBody() async throws(RPCError) -> RawJSON {
    let first = plan.candidates[0]
    let key = try await first.upstream.apiKey(services.upstreams.keys)
    keyIdentity = first.upstream.identity(of: key)
    return requestBody(for: first)
  }

  /// Whether the upstream runs a background response by itself; what has more rounds, the daemon
  /// does.
  private func holds(_ candidate: RequestPlan.Candidate) -> Bool {
    candidate.holdsBackground && !body.mustReplay
  }

  /// Whether the answer comes as a stream: one that may be cheaper later does not.
  private func streams(_ candidate: RequestPlan.Candidate) -> Bool {
    isStreaming && !(holds(candidate) && body.body.nonNull("background_options") != nil)
  }

  private func call(
    _ candidate: RequestPlan.Candidate, _ key: APIKey?
  ) async -> Result<CallResult, CallFailure> {
    run.take(.attemptBegan)
    heldError = nil
    hasEvents = false
    let upstream = candidate.upstream
    keyIdentity = upstream.identity(of: key)
    let request = request(candidate, key)
    let call = UpstreamCall(
      request, client: services.upstreams.http,
      onAnswer: { [self] head in
        upstream.breaker.noteAnswer()
        requestID = head.requestID(request.redactor)
      },
      onEvent: { [self] in receive($0) }, onPlainEvents: { [self] in receive($0, of: $1) })
    var result = await call.perform()
    if let metrics = call.metrics { connect = metrics.connect }
    if let heldError, case .failure = result {
      result = .failure(.streamError(heldError.json))
    }
    if case .success(.object(let object)) = result { result = noteProgress(object, candidate) }
    if result.failure?.mayHaveRun ?? true { mayHaveRun = true }
    for event in upstream.record(result.failure) { services.upstreams.onHealth(upstream, event) }
    return result
  }

  private func request(_ candidate: RequestPlan.Candidate, _ key: APIKey?) -> UpstreamRequest {
    let upstream = candidate.upstream.configuration
    let address = candidate.upstream.address(for: key)
    if let pendingID {
      return UpstreamRequest(
        resuming: pendingID, from: nil, upstream, key: key, redactor: address.redactor,
        limits: services.limits)
    }
    if holds(candidate), let point = run.resumePoint {
      firstMissing = point.next
      return UpstreamRequest(
        resuming: point.id, from: point.next, upstream, key: key, redactor: address.redactor,
        limits: services.limits)
    }
    return UpstreamRequest(
      upstream, at: address, body: requestBody(for: candidate), isStreaming: streams(candidate),
      isOnNewConnection: wasMisdirected, limits: services.limits)
  }

  private func receive(_ event: UpstreamEvent) {
    // Some upstreams replay a resumed response from its start.
    if let firstMissing, let number = event.sequenceNumber, number < Int64(firstMissing) { return }
    if event.kind == .error, !hasEvents, heldError == nil {
      heldError = event
      return
    }
    hasEvents = true
    if let heldError { run.receive(heldError) }
    heldError = nil
    run.receive(event)
  }

  private func receive(_ events: PlainEvents, of bytes: borrowing Span<UInt8>) -> Bool {
    guard firstMissing == nil, heldError == nil, run.receive(events, of: bytes) else {
      return false
    }
    hasEvents = true
    return true
  }
}

extension RawJSON {
  /// Whether a response object says that its end is still to come.
  fileprivate var isRunning: Bool {
    let status = self["status"]?.string.flatMap { ResponseStatus(rawValue: $0) }
    return status.map { !$0.isFinal } ?? false
  }
}

/// Where to go on with a response that the upstream runs by itself.
struct ResumePoint {
  /// The id that the upstream gave it.
  let id: String
  /// The number of the first event that is missing.
  let next: Int
}

extension RequestPlan.Candidate {
  /// Whether a background response goes on at the upstream when nobody listens.
  @EventLoop
  var holdsBackground: Bool { upstream.configuration.state == .upstream }
}

extension ResponseAttempts {
  /// Connections that may be lost in a row before a response is given up.
  private static let mostResumptions = 5
  private static let pollInterval: Duration = .seconds(2)
  private static let longestPollInterval: Duration = .seconds(30)

  /// The time until a response that the upstream runs by itself is looked after again; nil where
  /// the result is final.
  private func resumeDelay(
    after result: Result<CallResult, CallFailure>, _ candidate: RequestPlan.Candidate
  ) -> Duration? {
    guard pendingID != nil || holds(candidate) && run.resumePoint != nil else { return nil }
    switch result {
    case .success(.streamed): return nil
    case .success(.object(let object)): return object.isRunning ? pollDelay() : nil
    case .failure(let failure):
      guard failure.error.isRetryable, resumptions < Self.mostResumptions else { return nil }
      resumptions += 1
      return .seconds(1)
    }
  }

  /// What is not there soon is looked after less often.
  private func pollDelay() -> Duration {
    polls += 1
    return min(Self.pollInterval * (1 + polls / 15), Self.longestPollInterval)
  }

  /// Takes an answer that came in one piece. One whose response still runs is no answer; the end
  /// can be had where the upstream keeps it.
  private func noteProgress(
    _ object: RawJSON, _ candidate: RequestPlan.Candidate
  ) -> Result<CallResult, CallFailure> {
    let status = object.nonNull("status")?.string.flatMap { ResponseStatus(rawValue: $0) }
    if object.nonNull("status") == nil || status?.isFinal == true {
      return .success(.object(object))
    }
    guard status != nil, candidate.holdsBackground, let id = object["id"]?.string else {
      let found = object["status"]?.excerpt ?? ""
      return .failure(
        .protocolViolation(
          "status",
          "the status of the answer is \(found), one of a response that has ended was expected"))
    }
    if pendingID == nil { run.take(.pending(object)) }
    pendingID = id
    return .success(.object(object))
  }

  /// Whether the present upstream runs background responses by itself.
  var isHeld: Bool {
    plan.candidates.first { $0.upstream.name == upstreamName }.map { holds($0) } ?? false
  }

  /// Tells the upstream to end a response that it runs by itself.
  func cancelAtUpstream(_ id: String) {
    guard let candidate = plan.candidates.first(where: { $0.upstream.name == upstreamName }),
      holds(candidate)
    else { return }
    let path = "/responses/\(UpstreamRequest.encoded(id))/cancel"
    let request = JSONRequest(
      maximumBytes: 1 << 20, timeout: .seconds(30), expected: "anything", isExpected: { _ in true },
      http: { UpstreamRequest.post(path, nil, $0, key: $1) })
    EventLoop.start { [services] in
      do throws(RPCError) {
        let key = try await candidate.upstream.apiKey(services.upstreams.keys)
        // Without a place, which the response itself may have; it ends there by itself otherwise.
        _ = await candidate.upstream.exchange(request, key: key, services.upstreams.http)
      } catch {
        // Without a key, likewise.
      }
    }
  }
}
