/// The address that an upstream's methods hang on, read strictly (RFC 3986).
///
/// Readers of URLs disagree on odd spellings (`127.1`, `0x7f.1`, `https:///host`, a user before an
/// `@`), and what one of them checks another connects to. So only the plain spelling is taken.
package struct BaseURL: Sendable, Equatable {
  /// Without a slash at its end and without a query; scheme and host in lower case.
  package let text: String
  package let origin: UpstreamOrigin
  /// What stands behind each path, without the `?`.
  package let query: String
  /// What each path hangs on; the host of a Unix socket is `localhost`.
  private let prefix: String

  package init(_ origin: UpstreamOrigin, path: String, query: String = "") {
    self.origin = origin
    self.query = query
    if origin.socketPath == nil {
      text = origin.description + path
      prefix = text
    } else {
      text = "\(origin):\(path.isEmpty ? "/" : path)"
      prefix = "http://localhost\(path)"
    }
  }

  /// With its query, as it is configured.
  var wholeText: String { query.isEmpty ? text : "\(text)?\(query)" }

  /// The URL of a path, `/models` or none; its own query comes behind the configured one.
  package func appending(_ path: String, query own: String = "") -> String {
    let query = [query, own].filter { !$0.isEmpty }.joined(separator: "&")
    return prefix + path + (query.isEmpty ? "" : "?\(query)")
  }

  /// Says what is wrong with an address, without repeating it: it may hold a password.
  package struct Refusal: Error, Equatable {
    package let found: String
    package let expected: String

    package init(found: String, expected: String) {
      self.found = found
      self.expected = expected
    }
  }

  /// - Parameter allowsPrivate: whether plain http may lead to a private address, too.
  package init(parsing text: String, allowsPrivate: Bool = false) throws(Refusal) {
    let bytes = Array(text.utf8)
    if let odd = bytes.first(where: { !(0x21...0x7E ~= $0) }) {
      throw Refusal(
        found: "byte 0x\(String(odd, radix: 16, uppercase: true))",
        expected: "a URL of visible ASCII characters")
    }
    if bytes.starts(with: "unix:".utf8) {
      self = try Self.unix(bytes[5...])
      return
    }
    let (scheme, start) = try Self.scheme(bytes)
    let authorityEnd = bytes[start...].firstIndex { "/?#\\".utf8.contains($0) } ?? bytes.endIndex
    let (host, port) = try Self.authority(bytes[start..<authorityEnd])
    let (path, query) = try Self.pathAndQuery(bytes[authorityEnd...])
    let origin = UpstreamOrigin(scheme: scheme, host: host, port: port ?? scheme.defaultPort)
    guard scheme == .https || origin.isLoopback || (allowsPrivate && origin.isPrivate) else {
      throw Self.plainRefusal(origin)
    }
    self.init(origin, path: path, query: query)
  }

  static func plainRefusal(_ origin: UpstreamOrigin) -> Refusal {
    let remedy = origin.isPrivate ? ", or plain_http = true for this private address" : ""
    return Refusal(
      found: "plain http to \(origin.host)",
      expected: "https, or http to a literal loopback address (127.0.0.1 or [::1])" + remedy)
  }

  /// `unix:SOCKET` or `unix:SOCKET:PATH`; the path is `/v1` where none is given.
  private static func unix(_ rest: ArraySlice<UInt8>) throws(Refusal) -> BaseURL {
    let end = rest.firstIndex { ":?#".utf8.contains($0) } ?? rest.endIndex
    let socket = String(decoding: rest[..<end], as: UTF8.self)
    // The longest that connect(2) takes (unix(7)).
    guard socket.hasPrefix("/"), !socket.hasPrefix("//"), !socket.hasSuffix("/"),
      socket.utf8.count <= 107
    else {
      throw Refusal(
        found: "a malformed path of a socket",
        expected: "an absolute path of at most 107 bytes, as in \"unix:/run/llama.sock\"")
    }
    let hasPath = rest[end...].first == UInt8(ascii: ":")
    let (path, query) = try pathAndQuery(rest[end...].dropFirst(hasPath ? 1 : 0))
    guard !hasPath || rest[end...].dropFirst().first == UInt8(ascii: "/") else {
      throw Refusal(
        found: "a malformed path behind the socket's",
        expected: "a path that begins with a slash, as in \"unix:/run/llama.sock:/v1\"")
    }
    let origin = UpstreamOrigin(scheme: .http, host: "localhost", port: 80, socketPath: socket)
    return BaseURL(origin, path: hasPath ? path : "/v1", query: query)
  }

  private static func scheme(_ bytes: [UInt8]) throws(Refusal) -> (UpstreamOrigin.Scheme, Int) {
    for scheme in [UpstreamOrigin.Scheme.https, .http] {
      let prefix = "\(scheme.rawValue)://"
      if bytes.starts(with: prefix.utf8) { return (scheme, prefix.utf8.count) }
    }
    throw Refusal(
      found: "a URL that does not begin with https://",
      expected: "a URL such as \"https://api.example.com/v1\"")
  }

  /// Reads host and port, which may be left out.
  static func authority(
    _ authority: ArraySlice<UInt8>
  ) throws(Refusal) -> (host: String, port: Int?) {
    guard !authority.contains(UInt8(ascii: "@")) else {
      throw Refusal(
        found: "user information before an \"@\"",
        expected: "scheme, host, port and path only; a key belongs into api_key")
    }
    let hostEnd: Int
    if authority.first == UInt8(ascii: "["),
      let bracket = authority.firstIndex(of: UInt8(ascii: "]"))
    {
      hostEnd = bracket + 1
    } else {
      hostEnd = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
    }
    let host = String(decoding: authority[..<hostEnd], as: UTF8.self).lowercased()
    try check(host: host)
    return (host, try port(authority[hostEnd...]))
  }

  private static func port(_ text: ArraySlice<UInt8>) throws(Refusal) -> Int? {
    guard let first = text.first else { return nil }
    let digits = text.dropFirst()
    guard first == UInt8(ascii: ":"), (1...5).contains(digits.count),
      digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
      let port = Int(String(decoding: digits, as: UTF8.self)), 1...65535 ~= port
    else {
      throw Refusal(found: "a malformed port", expected: "a port from 1 to 65535 behind the host")
    }
    return port
  }

  private static func check(host: String) throws(Refusal) {
    if host.hasPrefix("[") {
      if UpstreamOrigin.ipv6(host) != nil { return }
      throw Refusal(
        found: "a malformed address in brackets", expected: "an IPv6 address such as [::1]")
    }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    guard host.utf8.count <= 253, labels.allSatisfy(isLabel) else {
      throw Refusal(
        found: host.isEmpty ? "no host" : "a malformed host",
        expected: "a host name, an IPv4 address, or an IPv6 address in brackets")
    }
    let endsInNumber = labels.last?.utf8.first.map { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard endsInNumber != true || UpstreamOrigin.ipv4(host) != nil else {
      throw Refusal(
        found: "a host that ends in a number", expected: "an IPv4 address of four decimal numbers")
    }
  }

  /// Tells whether a text is one label of a host name (RFC 1123, section 2.1; `_` is tolerated).
  private static func isLabel(_ label: Substring) -> Bool {
    (1...63).contains(label.utf8.count) && label.utf8.first != UInt8(ascii: "-")
      && label.utf8.last != UInt8(ascii: "-")
      && label.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-_".utf8.contains($0) }
  }

  private static func pathAndQuery(
    _ bytes: ArraySlice<UInt8>
  ) throws(Refusal) -> (path: String, query: String) {
    let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
    let path = try path(bytes[..<(mark ?? bytes.endIndex)])
    guard let mark else { return (path, "") }
    let query = String(decoding: bytes[(mark + 1)...], as: UTF8.self)
    guard !query.isEmpty, isEncoded(query[...], besides: "/?") else {
      throw Refusal(
        found: query.contains("#") ? "a fragment (\"#\")" : "a malformed query",
        expected: "one of letters, digits and -._~!$&'()*+,;=:@/?%, such as api-version=1")
    }
    return (path, query)
  }

  private static func path(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> String {
    if bytes.contains(UInt8(ascii: "#")) {
      throw Refusal(found: "a fragment (\"#\")", expected: "a URL without fragment")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let segments = text.split(separator: "/")
    guard segments.allSatisfy({ $0 != "." && $0 != ".." && isEncoded($0) }) else {
      throw Refusal(
        found: "a malformed path", expected: "segments of letters, digits and -._~!$&'()*+,;=:@%")
    }
    var path = text
    while path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// Tells whether a text is a segment of a path (RFC 3986, section 3.3), or a query with what that
  /// may hold besides (section 3.4).
  private static func isEncoded(_ text: Substring, besides others: String = "") -> Bool {
    let bytes = Array(text.utf8)
    return bytes.indices.allSatisfy { index in
      guard bytes[index] == UInt8(ascii: "%") else {
        return bytes[index].isASCIILetterOrDigit
          || ("-._~!$&'()*+,;=:@" + others).utf8.contains(bytes[index])
      }
      return index + 2 < bytes.count && bytes[index + 1].isHexadecimalDigit
        && bytes[index + 2].isHexadecimalDigit
    }
  }
}

extension UInt8 {
  var isASCIIDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }

  package var isASCIILetterOrDigit: Bool {
    isASCIIDigit || UInt8(ascii: "a")...UInt8(ascii: "z") ~= self | 0x20
  }

  var isHexadecimalDigit: Bool {
    isASCIIDigit || UInt8(ascii: "a")...UInt8(ascii: "f") ~= self | 0x20
  }
}
