internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension APIError {
  /// What comes after the daemon was told to stop.
  static var stopping: APIError {
    var error = APIError(503, code: RPCError.Code.overloaded.rawValue, "the daemon is stopping")
    error.headers.append(("retry-after", "1"))
    return error
  }

  /// What tells a client why its connection ends behind it.
  ///
  /// - Parameter head: of the request; nil where there is none that could be read.
  @EventLoop
  func lastAnswer(to head: HTTPRequestHead?) -> [ArraySlice<UInt8>] {
    let body = body.bytes
    var answer = HTTPResponseHead(
      status, .length(body.count), answering: head, isLast: true,
      at: SystemClock.milliseconds() / 1000)
    answer.add("Content-Type", "application/json")
    answer.add("x-request-id", HTTPExchange.newID())
    answer.add(fieldsOf: self)
    return answer.hasBody ? [answer.bytes[...], body] : [answer.bytes[...]]
  }

  /// A request that is no HTTP.
  init(malformed error: HTTPRequestError) {
    let code = error.status == .contentTooLarge ? RPCError.Code.tooLarge : .invalidRequest
    self.init(error.status.rawValue, code: code.rawValue, error.message)
  }
}
