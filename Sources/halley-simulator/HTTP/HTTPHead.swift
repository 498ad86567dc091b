/// The request line and the headers of a request (RFC 9112, sections 3 and 5).
struct HTTPHead {
  let method: String
  let target: String
  let headers: [HTTPRequest.Header]
  private let isVersion10: Bool

  /// Reads the bytes before the empty line; nil where they are not a request of HTTP/1.
  init?(_ bytes: ArraySlice<UInt8>) {
    var lines = bytes.split(separator: UInt8(ascii: "\n")).map(Self.text)
    guard !lines.isEmpty else { return nil }
    let parts = lines.removeFirst().split(separator: " ").map(String.init)
    guard parts.count == 3, parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0" else { return nil }
    var headers: [HTTPRequest.Header] = []
    for line in lines {
      guard let header = Self.header(line) else { return nil }
      headers.append(header)
    }
    method = parts[0]
    target = parts[1]
    isVersion10 = parts[2] == "HTTP/1.0"
    self.headers = headers
  }

  private static func text(_ line: ArraySlice<UInt8>) -> String {
    String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
  }

  private static func header(_ line: String) -> HTTPRequest.Header? {
    guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return nil }
    let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
    return HTTPRequest.Header(name: String(line[..<colon]), value: String(value))
  }

  func value(_ name: String) -> String? {
    headers.last { $0.name.lowercased() == name }?.value
  }

  var isChunked: Bool { value("transfer-encoding")?.lowercased() == "chunked" }
  var expectsContinue: Bool { value("expect")?.lowercased() == "100-continue" }

  var isKeptAlive: Bool {
    let connection = value("connection")?.lowercased()
    return isVersion10 ? connection == "keep-alive" : connection != "close"
  }

  /// The target before its question mark.
  var path: String { String(target.prefix { $0 != "?" }) }

  /// The pairs behind the target's question mark, percent-decoded.
  var query: [String: String] {
    guard let mark = target.firstIndex(of: "?") else { return [:] }
    var pairs: [String: String] = [:]
    for pair in target[target.index(after: mark)...].split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      pairs[Self.decode(parts[0])] = parts.count > 1 ? Self.decode(parts[1]) : ""
    }
    return pairs
  }

  private static func decode(_ text: Substring) -> String {
    var decoded: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        decoded.append(value)
        rest = rest.dropFirst(2)
      } else {
        decoded.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }
}
