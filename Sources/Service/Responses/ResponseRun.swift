internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Wire

/// One response from its request to its end: attempts, log, cancelling.
///
/// Invariants:
/// 1. The log gets events of one attempt only: nothing is retried behind the first of them.
/// 2. Exactly one outcome is written, by `finish`.
/// 3. A stop (cancelled, deadline, shutdown) closes the upstream before anything else happens.
@EventLoop
final class ResponseRun {
  /// Why a response is ended from outside.
  enum StopCause {
    case cancelled
    case deadline(Duration)
    case shutdown
  }

  let request: CreateRequest
  let peer: Peer
  let log = EventLog()
  /// The id that clients know; set with the first event that carries one.
  private(set) var id: String?
  private(set) var model: String
  private(set) var upstreamName: String
  private(set) var attempts = 0
  private(set) var isFinished = false
  let created = EventLoop.now
  private let services: ResponseServices
  private let plan: RequestPlan
  private var stopCause: StopCause?
  private var task: Task<Void, Never>?
  private var deadline: TimerSource?
  private var relay: EventRelay
  private var timing = ResponseTiming()
  private var terminal: UpstreamEvent?
  private var errorEvent: UpstreamEvent?
  private(set) var final: RawJSON?

  init(_ request: CreateRequest, plan: RequestPlan, peer: Peer, services: ResponseServices) {
    self.request = request
    self.plan = plan
    self.peer = peer
    self.services = services
    model = plan.model
    upstreamName = plan.candidates[0].name
    relay = EventRelay(log: log)
  }

  var uid: UInt32 { peer.userID }

  func start() {
    let limit = plan.deadline
    do throws(LoopError) {
      deadline = try TimerSource { [weak self] in self?.stop(.deadline(limit)) }
      deadline?.arm(after: limit)
    } catch {
      return finish(.failure(RPCError(.internal, error.description)), status: "failed")
    }
    task = EventLoop.start { [self] in await drive() }
  }

  /// Ends the response from outside; a second cause changes nothing.
  func stop(_ cause: StopCause) {
    guard stopCause == nil, !isFinished else { return }
    stopCause = cause
    task?.cancel()
  }

  /// A reader has gone. The last one takes the response with it, unless that was ruled out.
  func readerLeft(_ reason: Subscription.LeaveReason) {
    switch reason {
    case .cancelled: stop(.cancelled)
    case .disconnected:
      let outlives = request.isBackground || request.options.onDisconnect == .finish
      if log.readerCount == 0, !outlives { stop(.cancelled) }
    }
  }

  // MARK: Attempts

  private func drive() async {
    var failure = CallFailure(
      error: RPCError(.internal, "no upstream was tried"), phase: .notSent)
    for upstream in plan.candidates {
      upstreamName = upstream.name
      switch await tryUpstream(upstream) {
      case .success(let result): return complete(result)
      case .failure(let failed): failure = failed
      }
      guard stopCause == nil, log.count == 0, failure.error.isRetryable else { break }
    }
    fail(failure)
  }

  private func tryUpstream(_ upstream: Upstream) async -> Result<CallResult, CallFailure> {
    if let wait = upstream.breaker.admit(at: EventLoop.now) {
      return .failure(.circuitOpen(upstream.name, wait: wait))
    }
    do {
      try await upstream.enter()
    } catch let error as RPCError {
      return .failure(CallFailure(error: error, phase: .notSent))
    } catch {
      return .failure(.stopped)
    }
    defer { upstream.leave() }
    do throws(RPCError) {
      let key = try await upstream.apiKey(services.keys)
      timing.queue = EventLoop.now - created
      return await callUntilAnswered(upstream, key)
    } catch {
      return .failure(CallFailure(error: error, phase: .notSent))
    }
  }

  private func callUntilAnswered(
    _ upstream: Upstream, _ key: APIKey?
  ) async -> Result<CallResult, CallFailure> {
    var policy = RetryPolicy(
      maximumRetries: upstream.configuration.maximumRetries, hasSideEffects: plan.hasSideEffects)
    upstream.retryBudget.noteRequest(at: EventLoop.now)
    while true {
      guard stopCause == nil else { return .failure(.stopped) }
      let result = await call(upstream, key)
      guard case .failure(let failure) = result, log.count == 0, stopCause == nil,
        let delay = policy.delay(after: failure, random: .random(in: 0..<1)),
        upstream.retryBudget.takeRetry(at: EventLoop.now)
      else { return result }
      await EventLoop.sleep(for: delay)
    }
  }

  private func call(_ upstream: Upstream, _ key: APIKey?) async -> Result<CallResult, CallFailure> {
    attempts += 1
    errorEvent = nil
    let call = UpstreamCall(
      UpstreamRequest(
        upstream.configuration, key: key, body: plan.body(for: upstream.name),
        isStreaming: request.isStreaming, limits: services.limits),
      client: services.http
    ) { [self] in receive($0) }
    var result = await call.perform()
    if let metrics = call.metrics { timing.connect = metrics.connect }
    if let errorEvent, case .failure = result, log.count == 0 {
      // Nothing else came: the error stands for an HTTP status.
      result = .failure(.streamError(errorEvent.json))
    }
    if upstream.record(result) { services.onBreakerOpened(upstream) }
    return result
  }

  private func receive(_ event: UpstreamEvent) {
    if timing.firstEvent == nil { timing.firstEvent = EventLoop.now - created }
    if event.isTerminal {
      terminal = event
      return
    }
    if event.kind == .error, log.count == 0, errorEvent == nil {
      errorEvent = event
      return
    }
    begin(with: event)
    relay.append(event)
  }

  /// Settles the id with the first event that has a response, and lets go what was held back.
  private func begin(with event: UpstreamEvent) {
    if id == nil, let response = event.json["response"], response.kind == .object {
      identify(response)
    }
    if let errorEvent, log.count == 0 { relay.append(errorEvent) }
    if event.kind == .error { errorEvent = event }
  }

  private func identify(_ response: RawJSON) {
    let given = response["id"]?.string
    let id = services.registry.identify(self, given: given)
    self.id = id
    if id != given { relay.replaceResponseID(with: id) }
  }

  // MARK: The end

  private func complete(_ result: CallResult) {
    switch result {
    case .streamed:
      guard let terminal else { return }
      guard let response = terminal.json["response"], response.kind == .object else {
        return fail(
          .protocolViolation("event", "the terminal event has no response object"))
      }
      begin(with: terminal)
      finish(relay.appendTerminal(terminal, response: response))
    case .object(let object):
      identify(object)
      let response = relay.identified(object)
      for event in ResponseReplay.events(of: response) { log.append(event.bytes) }
      finish(response)
    }
  }

  private func fail(_ failure: CallFailure) {
    switch stopCause {
    case .cancelled?, .shutdown?: finishCancelled()
    case .deadline(let limit)?:
      finish(error: CallFailure.timeout(.total, phase: .answered, "no end", after: limit).error)
    case nil:
      if let errorEvent, log.count > 0 { return finishFailed(errorEvent.json) }
      finish(error: failure.error)
    }
  }

  private func finishCancelled() {
    guard let response = relay.partialResponse(status: "cancelled") else {
      let message = "the request was cancelled before its response began"
      return finish(.failure(RPCError(.cancelled, message)), status: "cancelled")
    }
    relay.appendTerminal("response.incomplete", response)
    finish(response)
  }

  /// The upstream sent an error event and nothing behind it: the response has failed.
  private func finishFailed(_ event: RawJSON) {
    let error = event.nonNull("error") ?? event
    let failure = RawJSON.object {
      $0.member("code", error.nonNull("code") ?? .string("server_error"))
      $0.member("message", error.nonNull("message") ?? .string("the upstream sent an error event"))
    }
    guard let partial = relay.partialResponse(status: "failed") else {
      return finish(error: CallFailure.streamError(event).error)
    }
    let response = partial.setting("error", to: failure)
    relay.appendTerminal("response.failed", response)
    finish(response)
  }

  private func finish(error: RPCError) {
    var error = error
    error.details.append(("attempts", .integer(attempts)))
    if let partial = relay.partialResponse(status: "incomplete") {
      error.details.append(("response", partial))
    }
    finish(.failure(error), status: "failed")
  }

  private func finish(_ response: RawJSON) {
    timing.total = EventLoop.now - created
    final = response
    finish(
      .response(response, halley: summary(of: response)),
      status: response["status"]?.string ?? "completed")
  }

  private func finish(_ outcome: ResponseOutcome, status: String) {
    timing.total = EventLoop.now - created
    isFinished = true
    deadline?.cancel()
    log.finish(outcome)
    services.registry.finished(self)
    services.onFinished(self, FinishedResponse(status: status, outcome: outcome, timing: timing))
  }

  private func summary(of response: RawJSON) -> RawJSON {
    .object { halley in
      halley.member("upstream", upstreamName)
      if let upstreamID = relay.upstreamID ?? id { halley.member("upstream_id", upstreamID) }
      halley.member("cache", "miss")
      halley.member("cost_usd", .null)
      halley.member("attempts", attempts)
      halley.member("timing_ms", timing.json)
      halley.member("tool_calls", 0)
    }
  }
}
