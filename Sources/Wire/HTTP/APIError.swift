package import JSON

/// An error as a client of the API sees it over HTTP: the status, the object `error`, and fields of
/// the head that say whether to try again.
///
/// Types and codes are those that the API's own SDKs tell apart; where the API has none, the code is
/// the daemon's (`halley-protocol(7)`, ERROR CODES).
package struct APIError: Error, Sendable {
  package let status: Int
  package let type: String
  /// nil is null.
  package let code: String?
  /// For people.
  package let message: String
  /// The member of the request that is wrong, as in `input[0].content`.
  package let param: String?
  /// Names in lower case, values of visible ASCII.
  package var headers: [(name: String, value: String)] = []

  /// - Parameter type: what the status stands for where it is nil.
  package init(
    _ status: Int, type: String? = nil, code: String?, _ message: String, param: String? = nil
  ) {
    self.status = status
    self.type = type ?? Self.type(of: status)
    self.code = code
    self.message = message
    self.param = param
  }

  private static func type(of status: Int) -> String {
    switch status {
    case 403: "permission_error"
    case 429: "rate_limit_error"
    case 500...: "server_error"
    default: "invalid_request_error"
    }
  }

  /// The body of an answer; also what stands in a stream that has begun.
  package var body: RawJSON {
    .object { body in
      body.key("error")
      body.object { error in
        error.member("message", message)
        error.member("type", type)
        error.member("param", param.map { RawJSON.string($0) } ?? .null)
        error.member("code", code.map { RawJSON.string($0) } ?? .null)
      }
    }
  }
}

// MARK: Errors of the daemon

extension APIError {
  package init(_ error: RPCError) {
    self = error.code == .upstreamHTTP ? Self.upstream(error) : Self.own(error)
    if [.overloaded, .upstreamCircuitOpen, .upstreamHTTP].contains(error.code) {
      addRetryAfter(error)
    }
    if Self.isFinal(error, status: status) { headers.append(("x-should-retry", "false")) }
    if let id = error.detail("request_id")?.string, Self.isVisible(id) {
      headers.append(("x-upstream-request-id", id))
    }
  }

  private static func own(_ error: RPCError) -> APIError {
    let param = error.detail("param")?.string
    let (status, code) = meaning(of: error, param)
    return APIError(
      status, type: error.code == .budgetExceeded ? code : nil, code: code, error.message,
      param: param)
  }

  /// There is no default, so that a new code has to say what it means here.
  private static func meaning(of error: RPCError, _ param: String?) -> (status: Int, code: String) {
    let code = error.code.rawValue
    switch error.code {
    case .parseError, .invalidRequest, .invalidParams, .tooDeep, .tooComplex: return (400, code)
    case .notFound:
      switch param {
      case "previous_response_id": return (400, "previous_response_not_found")
      case "model": return (404, "model_not_found")
      default: return (404, code)
      }
    case .methodNotFound: return (404, code)
    case .permission, .hookDenied: return (403, code)
    case .busy, .conflict, .cancelled: return (409, code)
    case .tooLarge: return (413, code)
    case .overloaded: return (429, code)
    case .budgetExceeded: return (429, "insufficient_quota")
    case .internal: return (500, code)
    case .upstreamHTTP, .upstreamUnreachable, .upstreamTruncated, .upstreamProtocol,
      .pluginFailed, .toolFailed:
      return (502, code)
    case .storage, .upstreamCircuitOpen: return (503, code)
    case .config: return (error.isOfRequest ? 400 : 503, code)
    case .cacheMiss, .upstreamTimeout: return (504, code)
    case .storageFull: return (507, code)
    }
  }

  /// Whether the SDKs, which go by the status, would ask again in vain.
  private static func isFinal(_ error: RPCError, status: Int) -> Bool {
    switch error.code {
    case .busy, .conflict, .cancelled, .cacheMiss, .budgetExceeded: true
    case .upstreamHTTP: !error.isRetryable && ([408, 409, 429].contains(status) || status >= 500)
    default: false
    }
  }

  /// An upstream's refusal is told in its own words, but for one of the daemon's key: the client's is
  /// well.
  private static func upstream(_ error: RPCError) -> APIError {
    let object = error.detail("error") ?? .null
    // What came as an event, behind a status that says nothing of it.
    guard let told = error.detail("http_status")?.integer, told >= 300 else {
      return APIError(reported: object, or: error)
    }
    guard told != 401, told != 403 else {
      return APIError(502, code: "upstream_key_refused", error.message)
    }
    return APIError(
      400...599 ~= told ? Int(told) : 502, type: object.word("type"),
      code: object.word("code") ?? error.code.rawValue,
      object.nonNull("message")?.string ?? error.message, param: object.word("param"))
  }

  /// Whole seconds, at least one (RFC 9110, section 10.2.3).
  private mutating func addRetryAfter(_ error: RPCError) {
    guard let wait = error.detail("retry_after_ms")?.integer ?? defaultWait else { return }
    let seconds = max(1, wait / 1000 + (wait % 1000 > 0 ? 1 : 0))
    headers.append(("retry-after", String(seconds)))
  }

  /// Milliseconds; an upstream that names no time is not spoken for.
  private var defaultWait: Int64? {
    code == RPCError.Code.overloaded.rawValue
      || code == RPCError.Code.upstreamCircuitOpen.rawValue ? 1000 : nil
  }

  /// Whether a text from outside can be the value of a field.
  package static func isVisible(_ value: String) -> Bool {
    !value.isEmpty && value.utf8.allSatisfy { 0x21...0x7E ~= $0 }
  }
}

// MARK: Errors of a response

extension APIError {
  /// A response that the model's side failed.
  package init(failed response: RawJSON) {
    self.init(reported: response.nonNull("error") ?? .null)
  }

  /// An error event, whose members stand in `error` or in the event itself.
  package init(event: RawJSON) {
    self.init(reported: event.nonNull("error") ?? event)
  }

  /// - Parameter told: how the daemon tells the error, where it did.
  fileprivate init(reported error: RawJSON, or told: RPCError? = nil) {
    let code = error.word("code")
    // An event's own type is `error`.
    let type = error.word("type").flatMap { $0 == "error" ? nil : $0 }
    self.init(
      Self.status(of: code), type: type, code: code ?? told?.code.rawValue ?? "server_error",
      error.nonNull("message")?.string ?? error.string ?? told?.message ?? "the response failed",
      param: error.word("param"))
  }

  private static func status(of code: String?) -> Int {
    switch code {
    case "rate_limit_exceeded", "insufficient_quota": return 429
    case "context_length_exceeded", "data_residency_mismatch": return 400
    case "server_error", "vector_store_timeout", nil: return 502
    case let code?:
      let isAboutInput = ["invalid_", "image_", "empty_image", "unsupported_image", "failed_to_"]
        .contains { code.hasPrefix($0) }
      return isAboutInput || code.contains("policy") ? 400 : 502
    }
  }
}

extension RawJSON {
  /// The text of a member, which some servers write as a number.
  fileprivate func word(_ key: String) -> String? {
    guard let value = nonNull(key), value.kind == .string || value.kind == .number else {
      return nil
    }
    return value.string ?? value.text
  }
}

extension RPCError {
  /// The last of this name.
  fileprivate func detail(_ key: String) -> RawJSON? {
    details.last { $0.key == key }?.value
  }
}
