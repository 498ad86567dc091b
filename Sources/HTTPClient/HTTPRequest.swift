/// One HTTP request to an upstream.
package struct HTTPRequest: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case delete = "DELETE"
  }

  package var method: Method
  /// Absolute, from the configuration; the bytes 0x21–0x7E only.
  package var url: String
  /// Field lines `Name: value`, checked at the configuration's door and again in the transfer.
  package var headers: [String]
  package var body: [UInt8]?
  package var route: HTTPRoute
  /// Whether no connection of the pool may carry it (421 Misdirected Request, RFC 9110).
  package var isOnNewConnection = false

  /// Whether a handle that was set up for another request needs only this one's body.
  func isSetUp(as other: HTTPRequest) -> Bool {
    method == other.method && url == other.url && headers == other.headers && route == other.route
  }

  package init(
    _ method: Method, _ url: String, headers: [String] = [], body: [UInt8]? = nil,
    route: HTTPRoute
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.route = route
  }
}

/// The status line and header fields of an answer.
package struct HTTPHead: Sendable {
  package let status: Int
  /// Field lines, one behind the other, as they came.
  private let bytes: [UInt8]
  /// Where each of them lies, and its colon.
  private let lines: [FieldLine]

  struct FieldLine {
    let start: Int
    let colon: Int
    let end: Int
  }

  init(status: Int, bytes: [UInt8], lines: [FieldLine]) {
    self.status = status
    self.bytes = bytes
    self.lines = lines
  }

  package init(status: Int, fields: [(name: String, value: String)]) {
    var bytes: [UInt8] = []
    var lines: [FieldLine] = []
    for field in fields {
      let start = bytes.count
      bytes += field.name.utf8
      let colon = bytes.count
      bytes.append(UInt8(ascii: ":"))
      bytes += field.value.utf8
      lines.append(FieldLine(start: start, colon: colon, end: bytes.count))
    }
    self.init(status: status, bytes: bytes, lines: lines)
  }

  /// The first value of a field, without the white space around it.
  ///
  /// - Parameter name: in lower case.
  package subscript(name: String) -> String? {
    value(of: name).map { String(decoding: bytes[$0], as: UTF8.self) }
  }

  /// The type of its content without parameters, in lower case; nil where it names none.
  package var mediaType: String? {
    value(of: "content-type").map { value in
      let type = bytes[value].prefix { $0 != UInt8(ascii: ";") }
      return String(decoding: type.map(Self.lowercased), as: UTF8.self)
    }
  }

  private func value(of name: String) -> Range<Int>? {
    let wanted = name.utf8Span.span
    for line in lines where line.colon - line.start == wanted.count {
      var isSame = true
      for index in wanted.indices
      where Self.lowercased(bytes[line.start + index]) != wanted[index] {
        isSame = false
      }
      if isSame { return trimmed(line.colon + 1..<line.end) }
    }
    return nil
  }

  private func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, Self.isSpace(bytes[start]) { start += 1 }
    while start < end, Self.isSpace(bytes[end - 1]) { end -= 1 }
    return start..<end
  }

  static func lowercased(_ byte: UInt8) -> UInt8 { 0x41...0x5A ~= byte ? byte | 0x20 : byte }

  /// Spaces, tabs, CR and LF.
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
}
