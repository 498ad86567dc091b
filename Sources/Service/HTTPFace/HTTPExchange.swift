internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// One request and its answer, which goes out as pieces while the client has room for them.
///
/// The head of a stream is held back until its first event, so that what fails before has its
/// status, but at most for `longestSilence`.
@EventLoop
final class HTTPExchange {
  private enum State {
    /// Nothing is known yet.
    case waiting
    /// A cursor answers; whether the head of its stream is sent.
    case reading(any Cursor, isBegun: Bool)
    /// Every piece was handed out.
    case ended
  }

  /// Bytes of events that are handed out at once, at the end of an event.
  private static let chunkBytes = 64 * 1024
  /// Until the head of a stream is sent without an event.
  static let longestSilence: Duration = .seconds(10)

  let request: HTTPRequestHead
  let caller: Caller?
  private let id = HTTPExchange.newID()
  private var format: any AnswerFormat
  private let isLast: @EventLoop () -> Bool
  private let hasRoom: @EventLoop (Int) -> Bool
  private var state = State.waiting
  private var work: Task<Void, Never>?
  /// The connection ends behind the answer.
  private(set) var endsConnection: Bool
  private let wake: @EventLoop () -> Void
  private var pieces: [ArraySlice<UInt8>] = []
  /// Events that were not handed out yet, behind the pieces.
  private var events = SSEWriter(isChunked: false)

  /// - Parameters:
  ///   - isLast: whether no other request is taken behind it, as far as is known by then.
  ///   - hasRoom: whether so many bytes may wait for their client beside all that do.
  ///   - wake: asks for `takePieces` soon.
  init(
    _ request: HTTPRequestHead, of caller: Caller?, _ format: any AnswerFormat,
    isLast: @escaping @EventLoop () -> Bool, hasRoom: @escaping @EventLoop (Int) -> Bool,
    wake: @escaping @EventLoop () -> Void
  ) {
    self.request = request
    self.caller = caller
    self.format = format
    self.isLast = isLast
    self.hasRoom = hasRoom
    self.wake = wake
    endsConnection = !request.isKeptAlive
  }

  var isEnded: Bool {
    if case .ended = state { pieces.isEmpty && events.bytes.isEmpty } else { false }
  }

  /// Bytes that were not handed out yet.
  var outputBytes: Int { pieces.reduce(events.bytes.count) { $0 + $1.count } }

  /// What `x-request-id` says.
  static func newID() -> String { StoreID.make("req_") }

  // MARK: What answers

  func start(_ answer: HTTPCall.Answer) {
    switch answer {
    case .reply(let reply): start(reply)
    case .file(let file):
      var head = self.head(200, .length(file.bytes.count))
      file.add(to: &head)
      send(head, file.bytes[...])
    }
  }

  private func start(_ reply: Reply) {
    switch reply {
    case .result(let json): answer(json, halley: nil)
    case .work(_, let body):
      work = EventLoop.start { [self] in
        do throws(RPCError) {
          let reply = try await body()
          if case .waiting = state { start(reply) } else { abandon(reply) }
        } catch {
          fail(APIError(error))
        }
      }
    case .cursor(let cursor):
      state = .reading(cursor, isBegun: false)
      cursor.attach(to: caller?.name ?? "unknown") { [weak self] in self?.wake() }
      wake()
    case .introduction, .cancellation:
      // Only a connection of lines has what these change.
      fail(APIError(RPCError(.internal, "the method has no meaning over HTTP")))
    }
  }

  func fail(_ error: APIError) {
    guard case .waiting = state else { return }
    send(error)
  }

  /// The client has gone.
  func abandon() {
    work?.cancel()
    if case .reading(let cursor, _) = state { leave(cursor) }
    state = .ended
    pieces = []
    _ = events.take()
  }

  private func abandon(_ reply: Reply) {
    if case .cursor(let cursor) = reply { leave(cursor) }
  }

  // MARK: Output

  /// What is sent next; empty while there is nothing.
  func takePieces() -> [ArraySlice<UInt8>] {
    if case .reading(let cursor, let isBegun) = state { read(cursor, isBegun) }
    if !events.bytes.isEmpty { pieces.append(events.take()) }
    defer { pieces = [] }
    return pieces
  }

  private func read(_ cursor: any Cursor, _ isBegun: Bool) {
    guard format.isStream else { return readToEnd(cursor) }
    guard let step = cursor.next() else { return }
    if !isBegun {
      if case .end(.failure(let error)) = step {
        cursor.detach()
        return send(APIError(error))
      }
      begin(cursor)
    }
    if case .reading = state { readEvents(cursor) }
  }

  /// Reads what is answered as one document. Events come only where the format may have enough before
  /// the end.
  private func readToEnd(_ cursor: any Cursor) {
    while let step = cursor.next() {
      switch step {
      case .event(let event):
        guard !format.isComplete else { break }
        format.take(RawJSON(checked: event), cursor.identity) { _, _ in }
        if format.isComplete { cursor.leave(.cancelled) }
      case .end(let outcome): return finish(cursor, outcome)
      }
      cursor.advance()
    }
  }

  private func readEvents(_ cursor: any Cursor) {
    while events.bytes.count < Self.chunkBytes, let step = cursor.next() {
      switch step {
      case .event(let event):
        format.take(RawJSON(checked: event), cursor.identity) { events.event($0, named: $1) }
        cursor.advance()
        guard format.isComplete, !hasEnd(cursor) else { continue }
        // The rest is for nobody.
        leave(cursor)
        return endStream(.failure(.requestCancelled), cursor.identity)
      case .end(let outcome):
        cursor.detach()
        return endStream(outcome, cursor.identity)
      }
    }
  }

  private func hasEnd(_ cursor: any Cursor) -> Bool {
    if case .end? = cursor.next() { true } else { false }
  }

  private func leave(_ cursor: any Cursor) {
    cursor.detach()
    cursor.leave(.disconnected)
  }

  private func endStream(_ outcome: ResponseOutcome, _ identity: ResponseIdentity?) {
    format.end(outcome, identity) { events.event($0, named: $1) }
    if format.endsWithDone { events.done() }
    events.end()
    state = .ended
  }

  /// Begins a stream that has no event yet.
  func beginSilently() {
    guard format.isStream, case .reading(let cursor, false) = state else { return }
    begin(cursor)
    keepAlive()
  }

  /// Shows that somebody is there.
  func keepAlive() {
    guard case .reading(_, true) = state else { return }
    events.keepAlive()
    wake()
  }

  private func begin(_ cursor: any Cursor) {
    var head = self.head(200, .stream)
    head.add("Content-Type", "text/event-stream; charset=utf-8")
    head.add("Cache-Control", "no-store")
    add(cursor.summary, to: &head)
    events = SSEWriter(isChunked: head.isChunked)
    pieces.append(head.bytes[...])
    state = .reading(cursor, isBegun: true)
    if !head.hasBody {
      leave(cursor)
      state = .ended
    }
  }

  private func finish(_ cursor: any Cursor, _ outcome: ResponseOutcome) {
    cursor.detach()
    switch outcome {
    case .failure(let error): send(APIError(error))
    case .response(let response, let halley): answer(response, cursor.identity, halley: halley)
    }
  }

  private func answer(
    _ result: RawJSON, _ identity: ResponseIdentity? = nil, halley: RawJSON?
  ) {
    do throws(APIError) {
      guard hasRoom(result.bytes.count) else {
        throw APIError(.exhausted("answers of many bytes wait for their clients"))
      }
      let document = try format.document(result, identity, halley: halley)
      var head = self.head(200, .length(document.bytes.count))
      head.add("Content-Type", "application/json")
      add(halley, to: &head)
      send(head, document.bytes)
    } catch {
      send(error)
    }
  }

  private func send(_ error: APIError) {
    let body = error.body
    var head = self.head(error.status, .length(body.bytes.count))
    head.add("Content-Type", "application/json")
    head.add(fieldsOf: error)
    send(head, body.bytes)
  }

  private func send(_ head: HTTPResponseHead, _ body: ArraySlice<UInt8>) {
    pieces.append(head.bytes[...])
    if head.hasBody { pieces.append(body) }
    state = .ended
    wake()
  }

  private func head(_ status: Int, _ body: HTTPResponseHead.Body) -> HTTPResponseHead {
    var head = HTTPResponseHead(
      status, body, answering: request, isLast: isLast(),
      at: SystemClock.milliseconds() / 1000)
    endsConnection = head.isLast
    head.add("x-request-id", id)
    format.add(to: &head)
    return head
  }

  /// What the daemon says of a response, as fields.
  private func add(_ halley: RawJSON?, to head: inout HTTPResponseHead) {
    guard let halley else { return }
    if let cache = halley["cache"]?.string { head.add("x-halley-cache", cache) }
    if let upstream = halley["upstream"]?.string { head.add("x-halley-upstream", upstream) }
    if let cost = halley.nonNull("cost_usd") { head.add("x-halley-cost-usd", cost.text) }
    if let id = halley["request_id"]?.string, APIError.isVisible(id) {
      head.add("x-upstream-request-id", id)
    }
  }
}
