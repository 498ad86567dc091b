internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Wire

/// Reads an answer whose status says that the request failed.
struct HTTPFailure {
  /// More than any API's error object; the rest of a gateway's page says no more.
  static let maximumBodyBytes = 256 * 1024
  /// A longer wait is left to the client: it may want to do something else.
  static let longestRetryAfter: Duration = .seconds(120)

  private let head: HTTPHead
  private let error: RawJSON
  private let redactor: KeyRedactor?

  /// - Parameter redactor: takes the key out of what the upstream says.
  init(_ head: HTTPHead, body: [UInt8], _ redactor: KeyRedactor?) {
    self.head = head
    self.redactor = redactor
    let error = Self.errorObject(body)
    self.error = redactor?.cleanedError(error) ?? error
  }

  var failure: CallFailure {
    let code = error.nonNull("code")?.string ?? ""
    let type = error.nonNull("type")?.string ?? ""
    let reason = error.nonNull("message")?.string ?? error.string.map(PageText.line) ?? ""
    let wait = RetryAfter.wait(head)
    var details: [(key: String, value: RawJSON)] = [
      ("http_status", .integer(head.status)), ("error", error),
    ]
    if let id = head.requestID(redactor) { details.append(("request_id", id)) }
    if let wait {
      details.append(("retry_after_ms", .integer(wait.wholeMicroseconds / 1000)))
    }
    let isRetryable = Self.isRetryable(head.status, code: code, type: type)
    return CallFailure(
      error: RPCError(
        .upstreamHTTP,
        "the upstream answered \(head.status)" + (reason.isEmpty ? "" : ": \(reason)"),
        isRetryable: isRetryable, details: details),
      phase: .status(head.status), retryAfter: wait, shouldRetry: shouldRetry(isRetryable),
      isUpstreamDown: head.status >= 500)
  }

  /// What an upstream does not implement, it does not learn by being asked again (RFC 9110, section
  /// 15.6): 501 Not Implemented, 505 HTTP Version Not Supported.
  private static let unsupported = [501, 505]

  /// An empty account is not busy: waiting does not fill it.
  static func isRetryable(_ status: Int, code: String, type: String) -> Bool {
    let exhausted = [
      "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
      "project_spend_limit_exceeded", "organization_usage_limit_exceeded",
    ]
    if exhausted.contains(code) || exhausted.contains(type) { return false }
    return status == 408 || status == 409 || status == 429
      || (status >= 500 && !unsupported.contains(status))
  }

  private func shouldRetry(_ byStatus: Bool) -> Bool {
    switch head["x-should-retry"] {
    case "true": true
    case "false": false
    default: byStatus
    }
  }

  /// The upstream's error object as it came; whatever else it sent as a string.
  private static func errorObject(_ body: [UInt8]) -> RawJSON {
    let json: RawJSON
    do throws(JSONError) {
      json = try RawJSON(parsing: body[...], limits: .relayed)
    } catch {
      return .string(String(decoding: body.prefix(2048), as: UTF8.self))
    }
    return (json.nonNull("error") ?? json.nonNull("detail") ?? json).onOneLine
  }
}

extension HTTPHead {
  /// What the upstream calls the exchange, for those who ask its operators about it.
  ///
  /// - Parameter redactor: takes the key out of what the upstream says.
  func requestID(_ redactor: KeyRedactor?) -> RawJSON? {
    guard let id = self["x-request-id"].map({ RawJSON.string($0) }) else { return nil }
    return redactor?.cleanedError(id) ?? id
  }
}
