internal import CCurl
package import EventLoop

/// What the owner of a transfer hears of it, on the loop, in this order: the head, body bytes as
/// they come, the end.
package struct TransferCallbacks {
  package var onHead: @EventLoop (HTTPHead) -> Void
  /// The span is valid for the call only.
  package var onBody: @EventLoop (borrowing Span<UInt8>) -> Void
  package var onEnd: @EventLoop (Result<TransferMetrics, HTTPError>) -> Void

  package init(
    onHead: @escaping @EventLoop (HTTPHead) -> Void,
    onBody: @escaping @EventLoop (borrowing Span<UInt8>) -> Void,
    onEnd: @escaping @EventLoop (Result<TransferMetrics, HTTPError>) -> Void
  ) {
    self.onHead = onHead
    self.onBody = onBody
    self.onEnd = onEnd
  }
}

/// One request on its way and its answer.
@EventLoop
@safe package final class Transfer {
  let handle: EasyHandle
  private unowned let client: HTTPClient
  private var callbacks: TransferCallbacks?
  private var head = HTTPHeadReader()
  private var failure: HTTPError?
  private let started = EventLoop.now
  private var lastMetrics: TransferMetrics?
  /// The connection that carries the request, once that has begun.
  private(set) var connection: Connection?
  /// What the connection had sent before the request; nil where that cannot be told.
  private var sentBefore: UInt64?
  /// How far the connection had come when it was closed.
  var finalProgress: TCPProgress?
  private var beginnings = 0
  var hasBegun: Bool { beginnings > 0 }
  /// Whether nobody hears of it any more.
  var isGivenUp: Bool { callbacks == nil }
  /// The way to the server; known once the transfer has been set up.
  var route: HTTPRoute?
  /// TLS handshakes that have begun on the way through a proxy.
  var handshakes = 0
  private var isOnReusedConnection = false
  private var hasRestarted = false
  private var isOnNewConnection = false

  init(_ handle: EasyHandle, client: HTTPClient, callbacks: TransferCallbacks) {
    self.handle = handle
    self.client = client
    self.callbacks = callbacks
    unsafe handle.errorText[0] = 0
  }

  var easy: UnsafeMutableRawPointer { unsafe handle.pointer }
  var key: UInt { unsafe UInt(bitPattern: easy) }

  /// Ends the transfer at once: HTTP/1.1 closes the connection, HTTP/2 resets the stream. No
  /// callback comes any more. May be called at any time, also from a callback.
  package func cancel() {
    guard callbacks != nil else { return }
    callbacks = nil
    client.abandon(self)
  }

  // MARK: Setting up

  func configure(_ request: HTTPRequest) throws(HTTPError) {
    route = request.route
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe _ = halley_setopt_pointer(easy, CURLOPT_WRITEDATA, context)
    unsafe _ = halley_setopt_pointer(easy, CURLOPT_HEADERDATA, context)
    unsafe _ = halley_setopt_pointer(easy, CURLOPT_PREREQDATA, context)
    if handle.setup == nil {
      try check(request)
      try handle.setUp(for: request)
      configure(request.route)
      configureMethod(request)
    }
    if request.isOnNewConnection { useNewConnection() }
    if request.method == .post { handle.setBody(request.body ?? []) }
  }

  /// Whether its handle may go on with what it is set up for. Not after anything out of the ordinary,
  /// which libcurl might remember: an HTTP/1.0 answer has the handle's next requests be of that
  /// version.
  var leavesSetup: Bool {
    head.isWhole && !head.isOld && !hasRestarted && !isOnNewConnection && route?.proxy == nil
  }

  private func configureMethod(_ request: HTTPRequest) {
    unsafe _ = halley_setopt_string(easy, CURLOPT_CUSTOMREQUEST, nil)
    switch request.method {
    case .get: unsafe _ = halley_setopt_long(easy, CURLOPT_HTTPGET, 1)
    case .head: unsafe _ = halley_setopt_long(easy, CURLOPT_NOBODY, 1)
    case .post: unsafe _ = halley_setopt_long(easy, CURLOPT_POST, 1)
    case .delete:
      unsafe _ = halley_setopt_long(easy, CURLOPT_HTTPGET, 1)
      unsafe _ = halley_setopt_string(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }
  }

  /// libcurl turns a CR or LF in a field into further header lines, so bytes are checked here too.
  private func check(_ request: HTTPRequest) throws(HTTPError) {
    guard Self.isVisible(request.url, from: 0x21) else {
      throw HTTPError(.unusableRequest, "the URL holds a byte outside 0x21–0x7E")
    }
    for line in request.headers where !Self.isVisible(line, from: 0x20) {
      let name = line.prefix { $0 != ":" }
      throw HTTPError(
        .unusableRequest, "the value of header \"\(name)\" holds a byte outside 0x20–0x7E")
    }
  }

  /// Whether all bytes are ASCII from a first one up to 0x7E.
  private static func isVisible(_ text: String, from first: UInt8) -> Bool {
    let span = text.utf8Span.span
    var isVisible = true
    for index in span.indices {
      let byte = span[index]
      isVisible = isVisible && byte >= first && byte <= 0x7E
    }
    return isVisible
  }

  // MARK: The request on its connection

  /// libcurl has a connection and is about to send the request over it; false ends the transfer.
  func beginRequest(from localPort: Int32) -> Bool {
    beginnings += 1
    // By itself libcurl resends a request that a reused connection swallowed, up to five times.
    // Whether to ask twice is the retry policy's to decide.
    guard beginnings == 1 else {
      failure = HTTPError(.receive, "the connection was closed before an answer came")
      return false
    }
    client.beginRequest(self, from: localPort)
    return true
  }

  func enter(_ connection: Connection) {
    self.connection = connection
    isOnReusedConnection = connection.hasServed
    sentBefore = TCPProgress(of: connection.descriptor)?.sent
  }

  func leave() -> Connection? {
    defer { connection = nil }
    return connection
  }

  /// Whether any byte of the request may have reached the upstream. The count of acknowledged bytes
  /// includes the connection's opening.
  private var mayHaveArrived: Bool {
    guard !head.isWhole, let sentBefore else { return true }
    let progress = finalProgress ?? connection.flatMap { TCPProgress(of: $0.descriptor) }
    return progress.map { $0.acknowledged > sentBefore + 1 } ?? true
  }

  /// Whether the request may be sent once more, since a connection that had rested was found dead.
  var mayRestart: Bool {
    callbacks != nil && isOnReusedConnection && !hasRestarted && head.status == 0 && beginnings > 0
      && !mayHaveArrived
  }

  func prepareRestart() {
    hasRestarted = true
    beginnings = 0
    sentBefore = nil
    finalProgress = nil
    isOnReusedConnection = false
    failure = nil
    useNewConnection()
  }

  /// Has libcurl send what waits on the connection, as it does where a transfer is no longer paused
  /// (curl_easy_pause(3)). Not to be called from its callbacks.
  func flushConnection() {
    unsafe _ = curl_easy_pause(easy, CURLPAUSE_SEND)
    unsafe _ = curl_easy_pause(easy, CURLPAUSE_CONT)
  }

  private func useNewConnection() {
    isOnNewConnection = true
    unsafe _ = halley_setopt_long(easy, CURLOPT_FRESH_CONNECT, 1)
  }

  // MARK: What libcurl reports

  /// Takes a header line; false ends the transfer.
  func receiveHeader(_ line: borrowing Span<UInt8>) -> Bool {
    guard callbacks != nil else { return false }
    do throws(HTTPError) {
      if let head = try head.append(line) { callbacks?.onHead(head) }
    } catch {
      failure = error
      return false
    }
    return callbacks != nil
  }

  /// Takes body bytes; false ends the transfer.
  func receiveBody(_ bytes: borrowing Span<UInt8>) -> Bool {
    callbacks?.onBody(bytes)
    return callbacks != nil
  }

  func finish(_ result: CURLcode) {
    let metrics = self.metrics
    guard result != CURLE_OK else { return finish(.success(metrics)) }
    let detail = unsafe String(cString: handle.errorText)
    let error =
      failure ?? routeError(result, detail: detail)
      ?? HTTPError(result, hasConnected: metrics.requestSent, detail: detail)
    let isOurs = !metrics.requestSent && failure == nil && client.wasShort(since: started)
    finish(.failure(isOurs ? HTTPError(.exhausted, error.message) : error))
  }

  func finish(_ ending: Result<TransferMetrics, HTTPError>) {
    let callbacks = callbacks
    self.callbacks = nil
    callbacks?.onEnd(ending)
  }

  /// Ends the transfer with an error; its owner hears of it at the end of the turn.
  func fail(_ error: HTTPError) {
    guard let callbacks else { return }
    self.callbacks = nil
    // Its handle may serve another transfer by then.
    lastMetrics = metrics
    client.abandon(self)
    EventLoop.atEndOfTurn { callbacks.onEnd(.failure(error)) }
  }

  /// Whether the request may have arrived; tells what a retry risks.
  package var metrics: TransferMetrics {
    unsafe lastMetrics
      ?? TransferMetrics(of: easy, requestSent: beginnings > 0 && mayHaveArrived)
  }
}
