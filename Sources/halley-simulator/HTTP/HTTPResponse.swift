internal import JSON

/// One answer whose body is known before it is sent.
struct HTTPResponse: Sendable {
  var status: Int
  var headers: [HTTPRequest.Header] = []
  var contentType = "application/json"
  var body: [UInt8] = []
  /// Bytes of additional headers.
  var padding = 0

  init(status: Int = 200, json: RawJSON) {
    self.status = status
    body = Array(json.bytes)
  }

  init(status: Int = 200) {
    self.status = status
  }

  mutating func add(_ name: String, _ value: String) {
    headers.append(HTTPRequest.Header(name: name, value: value))
  }

  /// Returns status line and headers, up to and with the empty line.
  func head(isKeptAlive: Bool) -> [UInt8] {
    var text = Self.opening(status: status, contentType: contentType)
    text += "Content-Length: \(body.count)\r\n"
    for header in headers { text += "\(header.name): \(header.value)\r\n" }
    if !isKeptAlive { text += "Connection: close\r\n" }
    text += HeaderPadding.text(bytes: padding)
    return Array((text + "\r\n").utf8)
  }

  /// Returns the status line and the headers that every answer has.
  static func opening(status: Int, contentType: String) -> String {
    """
    HTTP/1.1 \(status) \(reason(status))\r
    Server: halley-simulator\r
    x-request-id: \(Identifier.make("req"))\r
    Content-Type: \(contentType)\r

    """
  }

  private static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    default: "Answer"
    }
  }
}
