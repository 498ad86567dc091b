internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Wire

/// One attempt at an upstream: one transfer, its timers, and the reading of its answer.
///
/// States: waiting → streaming | collecting → ended. After the terminal event the transfer is left
/// to end by itself for a moment, so that its connection can be used again.
@EventLoop
final class UpstreamCall {
  /// How long the rest of a stream may take behind its terminal event.
  private static let lingerTime: Duration = .seconds(1)

  private enum State {
    case waiting
    case streaming
    case collecting(HTTPHead)
    case ended
  }

  private let request: UpstreamRequest
  private let client: HTTPClient
  private let onAnswer: @EventLoop (HTTPHead) -> Void
  private let onEvent: @EventLoop (UpstreamEvent) -> Void
  private let onPlainEvents: @EventLoop (PlainEvents, borrowing Span<UInt8>) -> Bool
  private var state = State.waiting
  private var transfer: Transfer?
  private var parser: SSEParser
  /// Nil while it reads.
  private var plain: PlainEventReader?
  private var deltas: DeltaRedactor
  private var body: [UInt8] = []
  private var receivedBytes = 0
  /// Whether the next event may have the key in it.
  private var mayHoldKey = true
  private var hasEvent = false
  /// When the status of a failure came; nil for any other answer.
  private var refused: LoopInstant?
  private var lastByte: LoopInstant
  private var timer: TimerSource?
  private let result = Promise<Result<CallResult, CallFailure>>()

  private(set) var metrics: TransferMetrics?
  private(set) var started: LoopInstant

  /// - Parameters:
  ///   - onAnswer: called when the answer begins, unless its status says that the upstream is in
  ///     trouble.
  ///   - onPlainEvents: is given events where they lie in what came; returns false where it wants
  ///     each of them by itself.
  init(
    _ request: UpstreamRequest, client: HTTPClient,
    onAnswer: @escaping @EventLoop (HTTPHead) -> Void,
    onEvent: @escaping @EventLoop (UpstreamEvent) -> Void,
    onPlainEvents: @escaping @EventLoop (PlainEvents, borrowing Span<UInt8>) -> Bool
  ) {
    self.request = request
    self.client = client
    self.onAnswer = onAnswer
    self.onEvent = onEvent
    self.onPlainEvents = onPlainEvents
    parser = SSEParser(maximumEventBytes: request.maximumEventBytes)
    deltas = DeltaRedactor(request.redactor)
    plain = PlainEventReader(request.redactor)
    lastByte = EventLoop.now
    started = lastByte
  }

  /// Sends the request and returns when its answer has ended. Cancelling the task closes the
  /// connection, or resets the stream, at once.
  func perform() async -> Result<CallResult, CallFailure> {
    if !Task.isCancelled { begin() }
    return await result.wait { self.end(.failure(Self.cancelled)) }
  }

  private static let cancelled = CallFailure(
    error: RPCError(.cancelled, "the request was cancelled"), phase: .answered)

  private func begin() {
    do throws(HTTPError) {
      transfer = try client.start(
        request.http,
        TransferCallbacks(
          onHead: { [self] in receive($0) }, onBody: { [self] in receive($0) },
          onEnd: { [self] in transferEnded($0) }))
      started = EventLoop.now
      lastByte = started
      try armTimer()
    } catch {
      end(.failure(.unreachable(error)))
    }
  }

  // MARK: The answer

  private func receive(_ head: HTTPHead) {
    lastByte = EventLoop.now
    metrics = transfer?.metrics
    defer { rearmTimer() }
    if head.status < 500 { onAnswer(head) }
    let type = head.mediaType ?? ""
    if 300..<400 ~= head.status {
      return fail("redirect", "the upstream answered \(head.status), redirects are not followed")
    }
    guard head.status < 300 else {
      refused = lastByte
      return state = .collecting(head)
    }
    if let encoding = head["content-encoding"], encoding.lowercased() != "identity" {
      return fail("content_encoding", "content encoding \"\(encoding)\", none was asked for")
    }
    switch type {
    case "text/event-stream": state = .streaming
    case "application/json": state = .collecting(head)
    default:
      fail(
        "content_type",
        "content type \"\(type)\", text/event-stream or application/json was expected")
    }
  }

  private func receive(_ bytes: borrowing Span<UInt8>) {
    lastByte = EventLoop.now
    receivedBytes += bytes.count
    switch state {
    case .waiting, .ended: return
    case .streaming: parse(bytes)
    case .collecting(let head): collect(bytes, head)
    }
  }

  private func collect(_ bytes: borrowing Span<UInt8>, _ head: HTTPHead) {
    guard head.status < 300 else {
      for index in bytes.indices where body.count < HTTPFailure.maximumBodyBytes {
        body.append(bytes[index])
      }
      return
    }
    guard receivedBytes <= request.maximumResponseBytes else { return failOverLimit() }
    for index in bytes.indices { body.append(bytes[index]) }
  }

  private func parse(_ bytes: borrowing Span<UInt8>) {
    guard receivedBytes <= request.maximumResponseBytes else { return failOverLimit() }
    // One search for all events of a piece, and one more for that which began before it.
    let mayPieceHoldKey = request.redactor?.mayStand(in: bytes) ?? false
    mayHoldKey = mayPieceHoldKey || !parser.isBetweenEvents
    guard var plain else { return }
    self.plain = nil
    plain.isOpen = mayPassPlain
    do throws(SSEParser.EventTooLarge) {
      try parser.split(bytes, known: { plain.takeAlike($0, of: bytes) }) { event in
        switch event {
        case .part(let place, let event): take(place, event: event, of: bytes, &plain)
        case .joined(let data):
          handOn(&plain, bytes)
          mayHoldKey = mayHoldKey && request.redactor?.mayStand(in: data.span) ?? false
          plain.isOpen = mayPassPlain
          take(0..<data.count, event: nil, of: data.span, &plain)
          handOn(&plain, data.span)
        }
        guard mayHoldKey != mayPieceHoldKey else { return }
        mayHoldKey = mayPieceHoldKey
        plain.isOpen = mayPassPlain
      }
      handOn(&plain, bytes)
    } catch {
      handOn(&plain, bytes)
      fail("limit", "an event of more than \(error.maximumEventBytes) bytes")
    }
    self.plain = plain
  }

  /// Whether events of which nothing has to be known may be passed over as they come.
  private var mayPassPlain: Bool {
    guard case .streaming = state else { return false }
    return !mayHoldKey && deltas.isIdle
  }

  /// Takes an event that lies in bytes, together with those before it where nothing is to be done.
  private func take(
    _ place: Range<Int>, event: Range<Int>?, of bytes: borrowing Span<UInt8>,
    _ plain: inout PlainEventReader
  ) {
    if plain.take(place, event: event, of: bytes) { return }
    if handOn(&plain, bytes), plain.take(place, event: event, of: bytes) { return }
    handle(Array(copying: bytes.extracting(place))[...])
    plain.isOpen = mayPassPlain
  }

  /// Hands on what was taken together; returns whether there was any.
  @discardableResult
  private func handOn(_ plain: inout PlainEventReader, _ bytes: borrowing Span<UInt8>) -> Bool {
    let events = plain.events
    guard !events.places.isEmpty else { return false }
    plain.events = PlainEvents()
    noteEvent()
    if !onPlainEvents(events, bytes) {
      for place in events.places { handle(Array(copying: bytes.extracting(place))[...]) }
    }
    plain.isOpen = mayPassPlain
    return true
  }

  private func noteEvent() {
    guard !hasEvent else { return }
    hasEvent = true
    rearmTimer()
  }

  private func failOverLimit() {
    fail("limit", "an answer of more than \(request.maximumResponseBytes) bytes")
  }

  /// - Parameter isWhole: whether the event's own end has come, and not only the stream's.
  private func handle(_ data: ArraySlice<UInt8>, isWhole: Bool = true) {
    guard case .streaming = state, data.count != 6 || !data.elementsEqual("[DONE]".utf8) else {
      return
    }
    do throws(JSONError) {
      var event = try UpstreamEvent(
        data: mayHoldKey ? request.redactor?.cleaned(data) ?? data : data)
      if event.kind != .output { event = event.withoutSecrets(request.redactor) }
      noteEvent()
      if deltas.passes(event) {
        onEvent(event)
      } else {
        for event in deltas.take(event) { onEvent(event) }
      }
      if event.isTerminal { end(.success(.streamed)) }
    } catch {
      guard isWhole else { return }
      fail("event", "an event is no JSON object: \(error.message) at byte \(error.offset)")
    }
  }

  // MARK: The end

  private func transferEnded(_ ending: Result<TransferMetrics, HTTPError>) {
    switch ending {
    case .success(let metrics):
      self.metrics = metrics
      mayHoldKey = true
      if case .streaming = state { parser.finish { handle($0, isWhole: false) } }
      finishAnswer()
    case .failure(let error):
      var failure = failure(of: error)
      if error.code == .send || error.code == .receive {
        failure.lostConnection = transfer?.metrics.connection
      }
      end(.failure(failure))
    }
  }

  private func finishAnswer() {
    switch state {
    case .ended: stop()
    case .waiting:
      end(.failure(.truncated("the connection ended without an answer", phase: .noStatus)))
    case .streaming:
      end(.failure(.truncated("the stream ended without a terminal event")))
    case .collecting(let head) where head.status >= 300:
      end(.failure(HTTPFailure(head, body: body, request.redactor).failure))
    case .collecting(let head): end(object(head))
    }
  }

  private func object(_ head: HTTPHead) -> Result<CallResult, CallFailure> {
    do throws(JSONError) {
      let text = request.redactor?.cleaned(body[...]) ?? body[...]
      let object = try RawJSON(parsing: text, limits: .relayed).onOneLine
      guard object.kind == .object else {
        return .failure(.protocolViolation("body", "the answer is \(object.excerpt), no object"))
      }
      if object.nonNull("error") != nil, object["object"]?.string != "response" {
        return .failure(HTTPFailure(head, body: body, request.redactor).failure)
      }
      guard object.isResponse else {
        let told = object["object"].map { ": its member object is \($0.excerpt)" } ?? ""
        return .failure(.protocolViolation("body", "the answer is no response object\(told)"))
      }
      return .success(.object(object.withoutToolSecrets))
    } catch {
      return .failure(
        .protocolViolation(
          "body", "the answer is no JSON: \(error.message) at byte \(error.offset)"))
    }
  }

  private func failure(of error: HTTPError) -> CallFailure {
    switch (state, error.code) {
    case (_, .exhausted):
      let wasSent = transfer?.metrics.requestSent ?? true
      return .exhausted(error.message, phase: wasSent ? .noStatus : .notSent)
    case (_, .protocolViolation), (_, .unusableRequest):
      return .protocolViolation("http", error.message)
    case (.waiting, .send), (.waiting, .receive):
      let wasSent = transfer?.metrics.requestSent ?? true
      return .truncated(error.message, phase: wasSent ? .noStatus : .notSent)
    case (.waiting, _): return .unreachable(error)
    case (.collecting(let head), _) where head.status >= 300:
      return HTTPFailure(head, body: body, request.redactor).failure
    default: return .truncated(error.message)
    }
  }

  private func fail(_ detail: String, _ message: String) {
    end(.failure(.protocolViolation(detail, message)))
  }

  private func end(_ result: Result<CallResult, CallFailure>) {
    if case .ended = state { return stop() }
    state = .ended
    body = []
    for event in deltas.finish() { onEvent(event) }
    if case .success = result { lingerOn() } else { stop() }
    self.result.resolve(result.mapError { $0.cleaned(by: request.redactor) })
  }

  private func stop() {
    timer?.cancel()
    timer = nil
    transfer?.cancel()
    transfer = nil
  }

  private func lingerOn() {
    guard transfer != nil else { return }
    timer?.arm(after: Self.lingerTime)
  }

  // MARK: Timers

  /// One timer serves all limits: it looks at the clock when it fires, so that bytes cost no
  /// system call.
  private func armTimer() throws(HTTPError) {
    do throws(LoopError) {
      // Cancelled when the transfer has ended, for which that holds the call.
      timer = try TimerSource { [unowned self] in checkTime() }
      timer?.arm(at: nextLimit.instant)
    } catch {
      throw HTTPError(.outOfMemory, error.description)
    }
  }

  /// To call when another limit begins to count: it may come sooner than the one armed for.
  private func rearmTimer() {
    timer?.arm(at: nextLimit.instant)
  }

  private var nextLimit: (instant: LoopInstant, timeout: CallFailure.TimeoutPhase) {
    let idle = (lastByte + request.idleTimeout, CallFailure.TimeoutPhase.idle)
    if let refused { return (min(refused + HTTPClient.errorBodyTimeout, idle.0), .idle) }
    guard !hasEvent else { return idle }
    let first = (started + request.firstEventTimeout, CallFailure.TimeoutPhase.firstEvent)
    if case .waiting = state { return first }
    return first.0 < idle.0 ? first : idle
  }

  private func checkTime() {
    if case .ended = state { return stop() }
    let limit = nextLimit
    guard EventLoop.now >= limit.instant else {
      timer?.arm(at: limit.instant)
      return
    }
    if refused != nil { return finishAnswer() }
    var phase = CallFailure.Phase.answered
    if case .waiting = state { phase = .noStatus }
    end(
      .failure(
        limit.timeout == .idle
          ? .timeout(.idle, phase: phase, "no byte", after: request.idleTimeout)
          : .timeout(.firstEvent, phase: phase, "no event", after: request.firstEventTimeout)))
  }
}

extension RawJSON {
  /// Whether an answer of one piece is a response; some upstreams leave most of its members out.
  fileprivate var isResponse: Bool {
    let name = nonNull("object")
    guard name == nil || name?.string == "response" else { return false }
    return self["output"]?.kind == .array || name != nil && nonNull("status")?.string != nil
  }
}
