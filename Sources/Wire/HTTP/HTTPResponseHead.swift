/// The head of an answer (RFC 9112, sections 4 to 6), and whether a body follows it.
package struct HTTPResponseHead: Sendable {
  package enum Body: Equatable, Sendable {
    /// Bytes.
    case length(Int)
    /// One whose length is not known yet: in chunks, or up to the connection's end for HTTP/1.0.
    case stream
  }

  package static let continuing = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  package let status: Int
  /// Whether the body's bytes are sent: they are not for HEAD, and not for a status that has none.
  package let hasBody: Bool
  /// Whether they are sent in chunks, the last of which is `HTTPChunk.last`.
  package let isChunked: Bool
  /// Whether the connection ends behind the answer.
  package let isLast: Bool

  private var text: String

  /// - Parameters:
  ///   - status: 500 stands for what is no status.
  ///   - request: nil where it could not be read; the connection ends then.
  ///   - isLast: whether no other request is taken, although the peer might send one.
  ///   - seconds: the time, since 1970; a server that has a clock tells it (RFC 9110, section 6.6.1).
  package init(
    _ status: Int, _ body: Body, answering request: HTTPRequestHead?, isLast: Bool = false,
    at seconds: Int64
  ) {
    self.status = 100...599 ~= status ? status : 500
    let isOld = request?.version == .http10
    let isStream = body == .stream
    let canHaveBody = self.status >= 200 && ![204, 304].contains(self.status)
    hasBody = canHaveBody && request?.method != "HEAD"
    isChunked = hasBody && isStream && !isOld
    self.isLast = isLast || request?.isKeptAlive != true || (hasBody && isStream && isOld)
    text = "HTTP/1.1 \(self.status) \(Self.reason(self.status))\r\n"
    text += "Date: \(HTTPTimestamp.text(seconds))\r\n"
    if canHaveBody {
      switch body {
      case .length(let length): text += "Content-Length: \(max(0, length))\r\n"
      case .stream: if !isOld { text += "Transfer-Encoding: chunked\r\n" }
      }
    }
    if self.status == 101 {
      text += "Connection: Upgrade\r\n"
    } else if self.isLast {
      text += "Connection: close\r\n"
    } else if isOld {
      text += "Connection: keep-alive\r\n"
    }
  }

  /// Adds a field; those that say where the answer ends are there already.
  ///
  /// A name is one of ours, whatever the value is: of that, everything but visible ASCII and spaces
  /// is percent-encoded, so that it can't bring another field.
  package mutating func add(_ name: StaticString, _ value: String) {
    text += "\(name): \(Self.escape(value))\r\n"
  }

  /// Adds the fields that tell of an error.
  package mutating func add(fieldsOf error: APIError) {
    for field in error.headers { text += "\(field.name): \(Self.escape(field.value))\r\n" }
  }

  /// With the empty line.
  package var bytes: [UInt8] { Array((text + "\r\n").utf8) }

  private static func escape(_ value: String) -> String {
    guard !value.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) else { return value }
    var text = ""
    for byte in value.utf8 {
      text +=
        0x20...0x7E ~= byte
        ? String(Unicode.Scalar(byte))
        : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
    return text
  }

  private static let reasons = [
    101: "Switching Protocols", 200: "OK", 204: "No Content", 304: "Not Modified",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 426: "Upgrade Required",
    429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout", 505: "HTTP Version Not Supported", 507: "Insufficient Storage",
  ]

  /// For people; an upstream's status may be any one.
  private static func reason(_ status: Int) -> String {
    reasons[status] ?? (status < 400 ? "Answer" : status < 500 ? "Client Error" : "Server Error")
  }
}

/// Times as fields of HTTP have them (RFC 9110, section 5.6.7).
package enum HTTPTimestamp {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  /// The last second whose year has four digits.
  private static let last: Int64 = 253_402_300_799

  /// - Parameter seconds: since 1970; what is before it or behind the year 9999 is cut to it.
  package static func text(_ seconds: Int64) -> String {
    let seconds = Int(min(max(0, seconds), last))
    let (days, second) = (seconds / 86_400, seconds % 86_400)
    // Years begin in March here, so that a leap day is the last one, and 400 of them are one era.
    let (era, dayOfEra) = ((days + 719_468) / 146_097, (days + 719_468) % 146_097)
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let number = year + era * 400 + (month >= 10 ? 1 : 0)
    let time = [second / 3600, second / 60 % 60, second % 60].map { digits($0) }
    return "\(self.days[days % 7]), \(digits(day)) \(months[(month + 2) % 12]) \(number)"
      + " \(time.joined(separator: ":")) GMT"
  }

  private static func digits(_ number: Int) -> String {
    (number < 10 ? "0" : "") + String(number)
  }
}
