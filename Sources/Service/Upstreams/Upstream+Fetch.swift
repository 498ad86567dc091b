internal import Configuration
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
internal import Wire

/// A request whose answer is JSON in one piece.
struct JSONRequest {
  let maximumBytes: Int
  let timeout: Duration
  /// What the answer has to be, in words.
  let expected: String
  let isExpected: (RawJSON) -> Bool
  let http: (UpstreamConfiguration, APIKey?) -> HTTPRequest
}

extension Upstream {
  /// Asks as a user, in turn, and once more where that may help; returns the answer on one line and
  /// without the key.
  func fetch(
    _ request: JSONRequest, as subject: Subject, _ services: UpstreamServices
  ) async throws(CallFailure) -> RawJSON {
    var admission = try await admission(as: subject, services)
    while true {
      let result = await exchange(request, key: admission.key, services.http)
      for event in record(result.failure) { services.onHealth(self, event) }
      guard let failure = result.failure else { return try result.get() }
      guard await admission.mayAskAgain(after: failure, services.keys) else { throw failure }
    }
  }

  /// Asks once, whoever waits for a place.
  func exchange(
    _ request: JSONRequest, key: APIKey?, _ http: HTTPClient
  ) async -> Result<RawJSON, CallFailure> {
    let answer = await http.fetch(
      request.http(configuration, key), maximumBytes: request.maximumBytes,
      timeout: request.timeout)
    if Task.isCancelled { return .failure(.stopped) }
    let redactor = configuration.redactor(key)
    return Result { () throws(CallFailure) in try request.read(answer, redactor) }
      .mapError { $0.cleaned(by: redactor) }
  }
}

extension JSONRequest {
  fileprivate func read(
    _ answer: Result<HTTPAnswer, HTTPError>, _ redactor: KeyRedactor?
  ) throws(CallFailure) -> RawJSON {
    switch answer {
    case .failure(let error): throw .exchange(error)
    case .success(let answer) where !(200..<300 ~= answer.head.status):
      throw HTTPFailure(answer.head, body: answer.body, redactor).failure
    case .success(let answer):
      let text = redactor?.cleaned(answer.body[...]) ?? answer.body[...]
      let json: RawJSON
      do throws(JSONError) {
        json = try RawJSON(parsing: text, limits: .relayed).onOneLine
      } catch {
        throw .protocolViolation(
          "body", "the answer is no JSON: \(error.message) at byte \(error.offset)")
      }
      if isExpected(json) { return json }
      if json.nonNull("error") != nil {
        throw HTTPFailure(answer.head, body: answer.body, redactor).failure
      }
      throw .protocolViolation("body", "\(json.excerpt) found, \(expected) was expected")
    }
  }
}

extension Result {
  var failure: Failure? {
    if case .failure(let failure) = self { failure } else { nil }
  }
}
