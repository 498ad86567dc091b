/// What a request asks for (RFC 9112, section 3.2).
package struct HTTPTarget: Equatable, Sendable {
  package struct QueryItem: Equatable, Sendable {
    package let name: String
    package let value: String
  }

  /// As it was written.
  package let text: String
  /// The parts of the path between its slashes, each with its escapes decoded; none for `/`.
  ///
  /// They are decoded after they were cut, so that an escaped slash is a part of a name and never
  /// another level, and none of them is `.` or `..`, however it was written. An empty part counts:
  /// `/models/` is not `/models`.
  package let segments: [String]
  /// The query's pairs in their order, decoded as a form (WHATWG URL, section 5.1).
  package let query: [QueryItem]
  /// Host and port where the target names them, in lower case.
  let authority: String?

  private static let place = "the request's target"

  /// Reads the four forms of a target.
  ///
  /// `CONNECT`, and with it the authority-form, is for proxies. The absolute-form is too, but a
  /// server has to take it (section 3.2.2) and to go by its authority instead of that of Host;
  /// `HTTPHeadReader` refuses those that differ.
  init(_ bytes: ArraySlice<UInt8>, method: String) throws(HTTPRequestError) {
    text = String(decoding: bytes, as: UTF8.self)
    guard method != "CONNECT" else {
      throw Self.refusal(bytes, expected: "a path; this is no proxy")
    }
    if method == "OPTIONS", bytes.elementsEqual("*".utf8) {
      (segments, query, authority) = (["*"], [], nil)
      return
    }
    var rest = bytes
    authority = bytes.first == UInt8(ascii: "/") ? nil : try Self.takeAuthority(&rest)
    let mark = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
    segments = try Self.segments(rest[..<mark])
    query = try Self.query(rest[mark...].dropFirst())
  }

  private static func refusal(_ bytes: ArraySlice<UInt8>, expected: String) -> HTTPRequestError {
    HTTPRequestError(
      in: place, at: bytes.startIndex, found: HTTPRequestError.quote(bytes), expected: expected)
  }

  // MARK: Authority

  /// Takes `http://host:port` off an absolute-form.
  private static func takeAuthority(
    _ rest: inout ArraySlice<UInt8>
  ) throws(HTTPRequestError) -> String {
    let scheme = "http://".utf8
    guard rest.prefix(scheme.count).map(\.lowercased).elementsEqual(scheme) else {
      throw refusal(rest, expected: "a path that begins with \"/\"")
    }
    let authority = rest.dropFirst(scheme.count)
      .prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    rest = rest[authority.endIndex...]
    return try Self.authority(authority, in: place)
  }

  /// Host and port in lower case (RFC 3986, section 3.2), where they are nothing else: no user, no
  /// path, no second host.
  static func authority(
    _ bytes: ArraySlice<UInt8>, in place: String
  ) throws(HTTPRequestError) -> String {
    let host = hostLength(bytes)
    let rest = bytes.dropFirst(host)
    guard host > 0, rest.isEmpty || rest.first == UInt8(ascii: ":"),
      rest.dropFirst().allSatisfy(\.isDigit)
    else {
      throw HTTPRequestError(
        in: place, at: bytes.startIndex, found: HTTPRequestError.quote(bytes),
        expected: "a host with or without a port")
    }
    return String(decoding: bytes.map(\.lowercased), as: UTF8.self)
  }

  /// How many bytes spell a host: a name, an IPv4 address, or an IPv6 address in brackets.
  private static func hostLength(_ bytes: ArraySlice<UInt8>) -> Int {
    guard bytes.first == UInt8(ascii: "[") else {
      var end = bytes.startIndex
      while end < bytes.endIndex, bytes[end].isHostName || isEscape(bytes[end...].prefix(3)) {
        end += 1
      }
      return end - bytes.startIndex
    }
    let address = bytes.dropFirst().prefix {
      $0.hexadecimalValue != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
    }
    let isClosed = bytes[address.endIndex...].first == UInt8(ascii: "]")
    return address.isEmpty || !isClosed ? 0 : address.count + 2
  }

  // MARK: Path and query

  private static func segments(_ path: ArraySlice<UInt8>) throws(HTTPRequestError) -> [String] {
    let path = path.dropFirst()
    guard !path.isEmpty else { return [] }
    var segments: [String] = []
    for part in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      let segment = try decode(part, isPlain: \.isPath)
      guard segment != ".", segment != ".." else {
        throw refusal(part, expected: "a path without \".\" and \"..\"")
      }
      segments.append(segment)
    }
    return segments
  }

  private static func query(_ bytes: ArraySlice<UInt8>) throws(HTTPRequestError) -> [QueryItem] {
    var items: [QueryItem] = []
    for pair in bytes.split(separator: UInt8(ascii: "&")) {
      let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      items.append(
        QueryItem(
          name: try decode(pair[..<equals], isPlain: \.isQuery, plus: 0x20),
          value: try decode(pair[equals...].dropFirst(), isPlain: \.isQuery, plus: 0x20)))
    }
    return items
  }

  /// Decodes escapes (RFC 3986, section 2.1); what they stand for is UTF-8 without control
  /// characters.
  ///
  /// - Parameter plus: what a plus sign stands for.
  private static func decode(
    _ part: ArraySlice<UInt8>, isPlain: (UInt8) -> Bool, plus: UInt8 = UInt8(ascii: "+")
  ) throws(HTTPRequestError) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(part.count)
    var rest = part
    while let byte = rest.first {
      if byte == UInt8(ascii: "%") {
        decoded.append(try decodeEscape(rest.prefix(3)))
        rest = rest.dropFirst(3)
      } else if isPlain(byte) {
        decoded.append(byte == UInt8(ascii: "+") ? plus : byte)
        rest = rest.dropFirst()
      } else {
        throw HTTPRequestError(
          in: place, at: rest.startIndex, found: HTTPRequestError.name(of: byte),
          expected: "a character that a URI may have, or an escape")
      }
    }
    guard let text = String(validating: decoded, as: UTF8.self) else {
      throw refusal(part, expected: "escapes that spell UTF-8")
    }
    return text
  }

  private static func isEscape(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.count == 3 && bytes.first == UInt8(ascii: "%")
      && bytes.dropFirst().allSatisfy { $0.hexadecimalValue != nil }
  }

  private static func decodeEscape(_ bytes: ArraySlice<UInt8>) throws(HTTPRequestError) -> UInt8 {
    guard isEscape(bytes) else {
      throw refusal(bytes, expected: "\"%\" and two hexadecimal digits")
    }
    let value = bytes.dropFirst().reduce(0) { $0 << 4 | ($1.hexadecimalValue ?? 0) }
    guard !value.isControl else {
      throw refusal(bytes, expected: "an escape that stands for no control character")
    }
    return value
  }
}
