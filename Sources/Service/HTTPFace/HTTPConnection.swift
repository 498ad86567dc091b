internal import EventLoop
internal import JSON
internal import Store
internal import WebSocket
internal import Wire

/// One connection of HTTP/1: cuts what comes into requests, and answers one after the other.
///
/// Requests that come while one is answered wait, the first of them in the parser and the rest in
/// the socket. A client that shuts down its writing side while it waits has hung up.
@EventLoop
final class HTTPConnection: ClientStreamOwner {
  /// A request whose body is still coming.
  private struct Incoming {
    let head: HTTPRequestHead
    let route: APIRoute
    /// nil where it does not matter.
    let caller: Caller?
    var body: [UInt8] = []
    /// Whether the client was told to go on, or has done so.
    var isAskedFor = false
  }

  private enum State {
    case betweenRequests
    case readingHead
    case readingBody(Incoming)
    case answering(HTTPExchange)
    case webSocket(WebSocketSession, Caller)
    /// The last answer is out. What still comes is thrown away, because a connection that is closed
    /// with bytes unread is reset, and the answer with it.
    case leaving
  }

  /// Requests behind the present one that are read ahead, in bytes.
  private static let longestReadAhead = 64 * 1024
  /// From a head's first byte to its end.
  private static let headTime: Duration = .seconds(10)
  /// Between requests, and where nobody is known yet who asks.
  private static let idleTime: Duration = .seconds(120)
  private static let strangersTime: Duration = .seconds(10)
  /// Silence within a stream.
  private static let keepAliveTime: Duration = .seconds(15)
  private static let farewellTime: Duration = .seconds(2)

  private let access: HTTPAccess
  private let limits: ClientLimits
  private unowned let face: HTTPFace
  private var stream: ClientStream?
  private var parser: HTTPRequestParser
  private var state = State.betweenRequests
  /// Bytes of answers, in their order.
  private var output: [ArraySlice<UInt8>] = []
  private var buffered = 0
  private var timer: TimerSource?
  private var lastOutput = EventLoop.now
  /// Who was let in last; on TCP nil until a token was shown.
  private var userID: UInt32?
  private var idleSince = EventLoop.now

  init(
    _ descriptor: Int32, _ access: HTTPAccess, limits: ClientLimits, face: HTTPFace
  ) throws(LoopError) {
    self.access = access
    self.limits = limits
    self.face = face
    userID = access.userID
    parser = HTTPRequestParser(maximumBodyBytes: limits.maximumLineBytes)
    stream = try ClientStream(descriptor, stalledReader: limits.stalledReader, owner: self)
    timer = try TimerSource { [weak self] in self?.timeIsUp() }
    timer?.arm(after: Self.headTime)
  }

  /// Who waits for an answer; nil where nobody does.
  var asking: ConnectedClient? {
    switch state {
    case .answering(let exchange):
      exchange.caller.map { ConnectedClient(caller: $0, requests: 1) }
    case .webSocket(let session, let caller):
      ConnectedClient(caller: caller, requests: session.requests)
    case .betweenRequests, .readingHead, .readingBody, .leaving: nil
    }
  }

  var isKnownByKernel: Bool { access.userID != nil }

  var seat: Seat { Seat(userID: userID, isBusy: asking != nil, idleSince: idleSince) }

  var hasOutput: Bool {
    switch state {
    case .answering: true
    case .webSocket(let session, _): session.hasOutput || hasUnsent
    case .betweenRequests, .readingHead, .readingBody, .leaving: hasUnsent
    }
  }
  /// Bytes of answers that the client has not taken, roughly.
  var outputBytes: Int {
    var bytes = output.reduce(stream?.unsentBytes ?? 0) { $0 + $1.count }
    if case .answering(let exchange) = state { bytes += exchange.outputBytes }
    return bytes
  }

  /// Whether an answer may wait for its client. A small one always may: each connection has one.
  private func hasRoom(for bytes: Int) -> Bool {
    bytes <= Self.longestReadAhead || face.outputBytes + bytes <= limits.maximumOutputBytesOfAll
      || face.outputBytes == 0
  }

  private var hasUnsent: Bool { !output.isEmpty || stream?.hasUnsent == true }

  // MARK: Reading

  var isPaused: Bool {
    switch state {
    case .answering: parser.bufferedBytes >= Self.longestReadAhead
    case .webSocket(let session, _): session.isPaused
    case .betweenRequests, .readingHead, .readingBody, .leaving: false
    }
  }

  func receive(_ bytes: borrowing Span<UInt8>) {
    switch state {
    case .leaving: return
    case .webSocket(let session, _):
      session.receive(bytes)
      account()
    case .betweenRequests, .readingHead, .readingBody, .answering:
      parser.append(bytes)
      proceed()
    }
  }

  func receiveEnd() {
    switch state {
    case .answering, .webSocket, .readingHead, .readingBody: stream?.close()
    case .betweenRequests, .leaving: break
    }
  }

  /// Takes what has arrived, up to a request that has to be answered first.
  private func proceed() {
    defer { account() }
    do throws(HTTPRequestError) {
      while canRead, let event = try parser.next() { take(event) }
      askForBody()
      if case .betweenRequests = state, !parser.isBetweenRequests {
        state = .readingHead
        timer?.arm(after: Self.headTime)
      }
    } catch {
      refuse(nil, APIError(malformed: error))
    }
  }

  /// Lets a client send the body that it holds back, whose length was found to be good.
  private func askForBody() {
    guard case .readingBody(var incoming) = state, incoming.head.expectsContinue,
      !incoming.isAskedFor
    else { return }
    incoming.isAskedFor = true
    state = .readingBody(incoming)
    output.append(HTTPResponseHead.continuing[...])
    stream?.wake()
  }

  private var canRead: Bool {
    switch state {
    case .betweenRequests, .readingHead, .readingBody: true
    case .answering, .webSocket, .leaving: false
    }
  }

  private func take(_ event: HTTPRequestParser.Event) {
    switch event {
    case .head(let head): takeHead(head)
    case .body(let bytes):
      guard case .readingBody(var incoming) = state else { return }
      state = .readingHead
      incoming.body += bytes
      incoming.isAskedFor = true
      state = .readingBody(incoming)
      if incoming.caller != nil { timer?.arm(after: limits.stalledReader) }
    case .end:
      guard case .readingBody(let incoming) = state else { return }
      answer(incoming)
    }
  }

  /// What a head says already decides is told before the body is read.
  private func takeHead(_ head: HTTPRequestHead) {
    do throws(APIError) {
      let route = try access.route(of: head, face)
      try requireService()
      let caller = try caller(of: head, route)
      state = .readingBody(Incoming(head: head, route: route, caller: caller))
      timer?.arm(after: caller == nil ? Self.strangersTime : limits.stalledReader)
    } catch {
      // Behind a request without a body the next one begins, and who asks for what is not there may
      // ask for something else.
      if !head.hasBody, error.status == 404 || error.status == 405 {
        begin(head, nil, ResponseFormat()).fail(error)
      } else {
        refuse(head, error)
      }
    }
  }

  /// Who asks, where that matters.
  private func caller(of head: HTTPRequestHead, _ route: APIRoute) throws(APIError) -> Caller? {
    guard !route.isPublic else { return nil }
    let caller = try access.caller(of: head, face)
    userID = caller.userID
    try route.require(caller)
    return caller
  }

  private func begin(
    _ head: HTTPRequestHead, _ caller: Caller?, _ format: any AnswerFormat
  ) -> HTTPExchange {
    let daemon = face.daemon
    let exchange = HTTPExchange(
      head, of: caller, format,
      isLast: { daemon.isDraining }, hasRoom: { [weak self] in self?.hasRoom(for: $0) ?? false },
      wake: { [weak self] in self?.stream?.wake() })
    state = .answering(exchange)
    timer?.arm(after: HTTPExchange.longestSilence)
    return exchange
  }

  /// Refuses what comes after the daemon was told to stop.
  private func requireService() throws(APIError) {
    if face.daemon.isDraining { throw .stopping }
  }

  /// Keeps all input buffers together below their limit.
  private func account() {
    var bytes = parser.bufferedBytes
    if case .readingBody(let incoming) = state { bytes += incoming.body.count }
    if case .webSocket(let session, _) = state { bytes += session.bufferedBytes }
    face.inputBytes += bytes - buffered
    buffered = bytes
    guard face.inputBytes > limits.maximumBufferedBytes, bytes > 0 else { return }
    let error = APIError(.exhausted("the input buffers of all clients are full"))
    switch state {
    case .readingBody(let incoming): refuse(incoming.head, error)
    case .webSocket(let session, _): session.shed(error)
    case .betweenRequests, .readingHead, .answering, .leaving: return
    }
  }

  // MARK: Answering

  private func answer(_ incoming: Incoming) {
    if case .webSocket = incoming.route.endpoint { return upgrade(incoming) }
    let (head, daemon) = (incoming.head, face.daemon)
    var caller = incoming.caller
    do throws(APIError) {
      try requireService()
      // A body takes its time, in which a token may be revoked.
      if head.hasBody { caller = try self.caller(of: head, incoming.route) }
    } catch {
      return refuse(head, error)
    }
    let call = HTTPCall.reading(head, incoming.route, caller, incoming.body, daemon)
    let exchange = begin(head, caller, call.format)
    do throws(RPCError) {
      exchange.start(try call.perform(daemon))
    } catch {
      exchange.fail(APIError(error))
    }
  }

  /// Leaves HTTP; what has come behind the head are frames.
  private func upgrade(_ incoming: Incoming) {
    do throws(APIError) {
      guard let caller = incoming.caller else { return }
      let accept = try APIError.refusing { () throws(WebSocketRefusal) in
        try WebSocketHandshake.accept(incoming.head)
      }
      let session = try face.session(incoming.head, caller, access, limits) { [weak self] in
        self?.stream
      }
      output.append(HTTPResponseHead.switching(incoming.head, accept).bytes[...])
      state = .webSocket(session, caller)
      timer?.disarm()
      session.receive(parser.takeRest().span)
      stream?.wake()
    } catch {
      refuse(incoming.head, error)
    }
  }

  /// Answers with an error and takes nothing more: where the next request begins is not known, or
  /// the peer should not go on.
  private func refuse(_ head: HTTPRequestHead?, _ error: APIError) {
    output += error.lastAnswer(to: head)
    leave()
  }

  private func leave() {
    state = .leaving
    timer?.arm(after: Self.farewellTime)
    _ = parser.takeRest()
    stream?.wake()
  }

  func nextOutput() -> ArraySlice<UInt8> {
    if output.isEmpty, case .answering(let exchange) = state {
      output = exchange.takePieces()
      if exchange.isEnded { ended(exchange) }
    }
    if output.isEmpty, case .webSocket(let session, _) = state {
      let frames = session.nextOutput()
      account()
      if session.isOver { leave() }
      return frames
    }
    guard !output.isEmpty else { return [] }
    lastOutput = EventLoop.now
    return takeOutput()
  }

  /// Small pieces leave in one send(2), a large one as it is.
  private func takeOutput() -> ArraySlice<UInt8> {
    if output.count == 1 { return output.removeLast() }
    let large = output.firstIndex { $0.count >= Self.longestReadAhead } ?? output.count
    guard large > 0 else { return output.removeFirst() }
    defer { output.removeFirst(large) }
    return Array(output[..<large].joined())[...]
  }

  private func ended(_ exchange: HTTPExchange) {
    guard !exchange.endsConnection else { return leave() }
    state = .betweenRequests
    idleSince = EventLoop.now
    timer?.arm(after: userID == nil ? Self.strangersTime : Self.idleTime)
  }

  func goOn() {
    if case .leaving = state {
      if !hasUnsent { stream?.endWriting() }
    } else if canRead {
      proceed()
    }
  }

  // MARK: Time

  private func timeIsUp() {
    switch state {
    // Whoever is slow to take an answer is no idler; one who takes nothing is found by the stream.
    case .betweenRequests where hasUnsent, .leaving where hasUnsent:
      timer?.arm(after: Self.farewellTime)
    case .betweenRequests where parser.isBetweenRequests, .leaving: stream?.close()
    case .betweenRequests, .readingHead:
      refuse(nil, APIError(408, code: "request_timeout", "the request's head did not come in time"))
    case .readingBody(let incoming):
      refuse(
        incoming.head,
        APIError(408, code: "request_timeout", "the request's body did not come in time"))
    case .answering(let exchange):
      exchange.beginSilently()
      let silence = EventLoop.now - lastOutput
      if silence >= Self.keepAliveTime { exchange.keepAlive() }
      let rest = Self.keepAliveTime - silence
      timer?.arm(after: rest > .zero ? rest : Self.keepAliveTime)
    case .webSocket: return
    }
  }

  // MARK: The end

  func hangUp() { stream?.close() }

  /// The daemon was told to stop. What is asked from now on is answered so; whoever asks nothing is
  /// let go when the daemon ends.
  func drain() {
    if case .webSocket(let session, _) = state { session.drain() }
  }

  var isDone: Bool {
    switch state {
    case .betweenRequests, .leaving: output.isEmpty
    case .readingHead, .readingBody, .answering, .webSocket: false
    }
  }

  func closed() {
    timer?.cancel()
    if case .answering(let exchange) = state { exchange.abandon() }
    if case .webSocket(let session, _) = state { session.abandon() }
    state = .leaving
    output = []
    face.inputBytes -= buffered
    buffered = 0
    face.closed(self)
  }
}
