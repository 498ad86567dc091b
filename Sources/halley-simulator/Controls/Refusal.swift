internal import JSON

/// An HTTP error that a request asks for.
struct Refusal: Sendable {
  private let status: Int
  /// How many requests of one key are refused; nil for all.
  let limit: Int?
  /// What those requests have in common.
  let key: String
  private let error: APIError
  private let headers: [HTTPRequest.Header]
  private let isHTML: Bool
  private let isEmpty: Bool

  init?(_ reader: ControlReader) throws(APIError) {
    guard let status = try reader.count("status") else { return nil }
    guard 100...999 ~= status else {
      throw reader.refuse("status", "\(status)", "three digits")
    }
    self.status = status
    limit = try reader.count("status_times")
    key = reader.text("key") ?? ""
    error = APIError(
      status: status, reader.text("error_message") ?? "The simulator was asked for this error.",
      type: reader.text("error_type") ?? Self.type(status),
      code: reader.text("error_code"))
    headers = Self.headers(reader)
    isHTML = try reader.flag("error_html")
    isEmpty = try reader.flag("empty_body")
  }

  private static func type(_ status: Int) -> String {
    switch status {
    case 429: "rate_limit_error"
    case 500...: "server_error"
    default: "invalid_request_error"
    }
  }

  private static func headers(_ reader: ControlReader) -> [HTTPRequest.Header] {
    let names = [
      ("retry_after", "retry-after"), ("retry_after_ms", "retry-after-ms"),
      ("should_retry", "x-should-retry"),
    ]
    return names.compactMap { key, name in
      reader.text(key).map { HTTPRequest.Header(name: name, value: $0) }
    }
  }

  var response: HTTPResponse {
    var response = error.response
    response.headers = headers
    if isHTML {
      response.contentType = "text/html"
      response.body = Array(
        "<html><head><title>\(status)</title></head><body><h1>\(status)</h1></body></html>\n".utf8)
    }
    if isEmpty { response.body = [] }
    return response
  }
}
