internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Wire

extension Upstream {
  /// Asks for JSON that comes in one piece, and returns it on one line and without the key. A key
  /// that is refused is read again, and the request made once more with another.
  func fetch(
    _ keys: APIKeys, _ http: HTTPClient, maximumBytes: Int, timeout: Duration,
    _ request: (UpstreamConfiguration, APIKey?) -> HTTPRequest
  ) async throws(RPCError) -> RawJSON {
    var key = try await apiKey(keys)
    let configuration = configuration
    var answer = await http.fetch(
      request(configuration, key), maximumBytes: maximumBytes, timeout: timeout)
    if case .success(let refusal) = answer, refusal.head.status == 401,
      let other = await apiKey(insteadOf: key, keys)
    {
      key = other
      answer = await http.fetch(
        request(configuration, key), maximumBytes: maximumBytes, timeout: timeout)
    }
    if case .failure(let error) = answer, error.proxyStatus == 407 { forgetKey() }
    let redactor = configuration.redactor(key)
    do throws(CallFailure) {
      return try Self.read(answer, redactor)
    } catch {
      throw error.cleaned(by: redactor).error
    }
  }

  private static func read(
    _ answer: Result<HTTPAnswer, HTTPError>, _ redactor: KeyRedactor?
  ) throws(CallFailure) -> RawJSON {
    switch answer {
    case .failure(let error): throw .unreachable(error)
    case .success(let answer) where !(200..<300 ~= answer.head.status):
      throw HTTPFailure(answer.head, body: answer.body, redactor).failure
    case .success(let answer):
      let text = redactor?.cleaned(answer.body[...]) ?? answer.body[...]
      do throws(JSONError) {
        return try RawJSON(parsing: text, limits: .relayed).onOneLine
      } catch {
        throw .protocolViolation(
          "body", "the answer is no JSON: \(error.message) at byte \(error.offset)")
      }
    }
  }
}
