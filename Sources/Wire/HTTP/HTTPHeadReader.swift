/// Puts a request's head together, line by line.
struct HTTPHeadReader: Sendable {
  static let maximumFields = 128

  private struct RequestLine {
    let method: String
    let target: HTTPTarget
    let version: HTTPRequestHead.Version
  }

  private var requestLine: RequestLine?
  /// The fields' names and values, one behind the other.
  private var bytes: [UInt8] = []
  private var fields: [(name: Range<Int>, value: Range<Int>)] = []

  var hasRequestLine: Bool { requestLine != nil }

  // MARK: Request line

  /// Reads method, target and version with one space between them (RFC 9112, section 3).
  mutating func readRequestLine(_ line: ArraySlice<UInt8>) throws(HTTPRequestError) {
    let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty,
      parts[0].allSatisfy(\.isToken)
    else {
      throw HTTPRequestError(
        in: "the request line", at: line.startIndex, found: HTTPRequestError.quote(line),
        expected: "a method, a target and a version with one space between them")
    }
    // The version comes first, because what another one's target means is not known.
    let version = try Self.version(parts[2])
    let method = String(decoding: parts[0], as: UTF8.self)
    requestLine = RequestLine(
      method: method, target: try HTTPTarget(parts[1], method: method), version: version)
  }

  private static func version(
    _ bytes: ArraySlice<UInt8>
  ) throws(HTTPRequestError) -> HTTPRequestHead.Version {
    if bytes.elementsEqual("HTTP/1.1".utf8) { return .http11 }
    if bytes.elementsEqual("HTTP/1.0".utf8) { return .http10 }
    let number = bytes.suffix(3)
    let isVersion =
      bytes.count == 8 && bytes.starts(with: "HTTP/".utf8)
      && number.first?.isDigit == true && number.dropFirst().first == UInt8(ascii: ".")
      && number.last?.isDigit == true
    throw HTTPRequestError(
      isVersion ? .versionNotSupported : .badRequest, in: "the request line",
      at: bytes.startIndex, found: HTTPRequestError.quote(bytes), expected: "HTTP/1.1 or HTTP/1.0")
  }

  // MARK: Fields

  mutating func readField(_ line: ArraySlice<UInt8>) throws(HTTPRequestError) {
    guard fields.count < Self.maximumFields else {
      throw HTTPRequestError(
        .fieldsTooLarge, in: "the head", at: line.startIndex, found: "another field",
        expected: "\(Self.maximumFields) of them at most")
    }
    let (name, value) = try Self.split(line, in: "a field of the head")
    fields.append((append(name), append(value)))
  }

  private mutating func append(_ part: ArraySlice<UInt8>) -> Range<Int> {
    let start = bytes.count
    bytes += part
    return start..<bytes.count
  }

  /// Cuts a field into name and value (RFC 9112, section 5).
  ///
  /// A line that begins with white space, which once went on with the value before it, and white
  /// space before the colon are read differently by different programs, and thus by none here.
  static func split(
    _ line: ArraySlice<UInt8>, in place: String
  ) throws(HTTPRequestError) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
    let name = line.prefix(while: \.isToken)
    guard !name.isEmpty, line[name.endIndex...].first == UInt8(ascii: ":") else {
      throw HTTPRequestError(
        in: place, at: name.endIndex,
        found: line[name.endIndex...].first.map(HTTPRequestError.name) ?? "the line's end",
        expected: name.isEmpty
          ? "its name, on a line that goes on no other"
          : "its name and a colon, nothing between them")
    }
    let value = line[(name.endIndex + 1)...]
    if let wrong = value.firstIndex(where: { !$0.isFieldValue }) {
      // The value itself may be a secret.
      throw HTTPRequestError(
        in: place, at: wrong, found: HTTPRequestError.name(of: value[wrong]),
        expected: "a value without control characters")
    }
    return (name, value.withoutOuterSpaces)
  }

  // MARK: End

  /// Ends the head, whose last line ends at an offset.
  func finish(at end: Int) throws(HTTPRequestError) -> HTTPRequestHead {
    guard let line = requestLine else {
      throw HTTPRequestError(
        in: "the request line", at: end, found: "nothing", expected: "a method")
    }
    let read = fields.map {
      HTTPRequestHead.Field(name: bytes[$0.name], value: bytes[$0.value])
    }
    do throws(HTTPRequestError) {
      return HTTPRequestHead(
        method: line.method, target: line.target, version: line.version, fields: read,
        body: try Self.body(read, line.version), authority: try Self.authority(read, line))
    } catch {
      var error = error
      error.offset = end
      throw error
    }
  }

  private static func refusal(
    _ name: String, found: String, expected: String
  ) -> HTTPRequestError {
    HTTPRequestError(in: "the head's \(name)", at: 0, found: found, expected: expected)
  }

  /// The one field of a name; nil where there is none.
  private static func only(
    _ name: String, _ fields: [HTTPRequestHead.Field]
  ) throws(HTTPRequestError) -> ArraySlice<UInt8>? {
    let values = fields.filter { $0.isNamed(name.lowercased()) }.map(\.value)
    guard values.count < 2 else {
      throw refusal(name, found: "\(values.count) of them", expected: "one")
    }
    return values.first
  }

  /// Host (RFC 9112, section 3.2), and what the target says of it.
  private static func authority(
    _ fields: [HTTPRequestHead.Field], _ line: RequestLine
  ) throws(HTTPRequestError) -> String? {
    guard let value = try only("Host", fields) else {
      guard line.version == .http10 else {
        throw refusal("Host", found: "none", expected: "one")
      }
      return line.target.authority
    }
    let host = try HTTPTarget.authority(value, in: "the head's Host")
    guard (line.target.authority ?? host) == host else {
      throw refusal(
        "Host", found: HTTPRequestError.quote(value), expected: "the host that the target names")
    }
    return host
  }

  /// How long the body is (RFC 9112, section 6). What two programs could read in two ways is
  /// refused, also where the standard has a rule for it.
  private static func body(
    _ fields: [HTTPRequestHead.Field], _ version: HTTPRequestHead.Version
  ) throws(HTTPRequestError) -> HTTPRequestHead.Body {
    let length = try only("Content-Length", fields)
    guard let coding = try only("Transfer-Encoding", fields) else {
      return .length(try length.map(Self.number) ?? 0)
    }
    guard length == nil else {
      throw refusal(
        "Content-Length", found: "one beside Transfer-Encoding", expected: "one of them")
    }
    guard version == .http11, coding.map(\.lowercased).elementsEqual("chunked".utf8) else {
      throw refusal(
        "Transfer-Encoding", found: HTTPRequestError.quote(coding),
        expected: version == .http11 ? "\"chunked\"" : "none in HTTP/1.0")
    }
    return .chunked
  }

  /// A number of bytes; what is beyond 64 bits is beyond any limit as well.
  private static func number(_ digits: ArraySlice<UInt8>) throws(HTTPRequestError) -> Int {
    guard 1...20 ~= digits.count, digits.allSatisfy(\.isDigit) else {
      throw refusal(
        "Content-Length", found: HTTPRequestError.quote(digits), expected: "1 to 20 digits")
    }
    return Int(String(decoding: digits, as: UTF8.self)) ?? .max
  }
}
