internal import Glibc

/// Where a connection leads: keys are bound to it.
package struct UpstreamOrigin: Sendable, Hashable, CustomStringConvertible {
  package enum Scheme: String, Sendable {
    case http
    case https

    package var defaultPort: Int { self == .http ? 80 : 443 }
  }

  package let scheme: Scheme
  /// In lower case; an IPv6 address in brackets.
  package let host: String
  package let port: Int

  package init(scheme: Scheme, host: String, port: Int) {
    self.scheme = scheme
    self.host = host
    self.port = port
  }

  /// Whether the host is spelled as an address of this machine: 127.0.0.0/8 or `[::1]`. A name
  /// such as localhost is not, because whoever answers for names could send it elsewhere.
  package var isLoopback: Bool {
    host == "[::1]" || BaseURL.ipv4(host)?.first == 127
  }

  package var description: String {
    "\(scheme.rawValue)://\(host)" + (port == scheme.defaultPort ? "" : ":\(port)")
  }
}

/// The address that an upstream's methods hang on, read strictly (RFC 3986).
///
/// Readers of URLs disagree on odd spellings (`127.1`, `0x7f.1`, `https:///host`, a user before an
/// `@`), and what one of them checks another connects to. So only the plain spelling is taken.
package struct BaseURL: Sendable, Equatable {
  /// Without a slash at its end; scheme and host in lower case.
  package let text: String
  package let origin: UpstreamOrigin

  package init(text: String, origin: UpstreamOrigin) {
    self.text = text
    self.origin = origin
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

  package init(parsing text: String) throws(Refusal) {
    let bytes = Array(text.utf8)
    if let odd = bytes.first(where: { !(0x21...0x7E ~= $0) }) {
      throw Refusal(
        found: "byte 0x\(String(odd, radix: 16, uppercase: true))",
        expected: "a URL of visible ASCII characters")
    }
    let (scheme, start) = try Self.scheme(bytes)
    let authorityEnd = bytes[start...].firstIndex { "/?#\\".utf8.contains($0) } ?? bytes.endIndex
    let (host, port) = try Self.authority(bytes[start..<authorityEnd], scheme)
    let path = try Self.path(bytes[authorityEnd...])
    let origin = UpstreamOrigin(scheme: scheme, host: host, port: port)
    guard scheme == .https || origin.isLoopback else {
      throw Refusal(
        found: "plain http to \(host)",
        expected: "https, or http to a literal loopback address (127.0.0.1 or [::1])")
    }
    self.init(text: origin.description + path, origin: origin)
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

  private static func authority(
    _ authority: ArraySlice<UInt8>, _ scheme: UpstreamOrigin.Scheme
  ) throws(Refusal) -> (host: String, port: Int) {
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
    return (host, try port(authority[hostEnd...]) ?? scheme.defaultPort)
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
      return try check(ipv6: host)
    }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    guard host.utf8.count <= 253, labels.allSatisfy(isLabel) else {
      throw Refusal(
        found: host.isEmpty ? "no host" : "a malformed host",
        expected: "a host name, an IPv4 address, or an IPv6 address in brackets")
    }
    let endsInNumber = labels.last?.utf8.first.map { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard endsInNumber != true || ipv4(host) != nil else {
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

  private static func check(ipv6 host: String) throws(Refusal) {
    var address = in6_addr()
    let inner = String(host.dropFirst().dropLast())
    guard host.hasSuffix("]"), unsafe inet_pton(AF_INET6, inner, &address) == 1 else {
      throw Refusal(
        found: "a malformed address in brackets", expected: "an IPv6 address such as [::1]")
    }
  }

  /// The four numbers of a dotted quad; nil for any other spelling of an address.
  static func ipv4(_ host: String) -> [UInt8]? {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { part -> UInt8? in
      guard let number = UInt8(part), String(number) == part else { return nil }
      return number
    }
    return parts.count == 4 && numbers.count == 4 ? numbers : nil
  }

  private static func path(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> String {
    if bytes.contains(UInt8(ascii: "?")) {
      throw Refusal(found: "a query (\"?\")", expected: "a URL without query")
    }
    if bytes.contains(UInt8(ascii: "#")) {
      throw Refusal(found: "a fragment (\"#\")", expected: "a URL without fragment")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let segments = text.split(separator: "/")
    guard segments.allSatisfy({ $0 != "." && $0 != ".." && isSegment($0) }) else {
      throw Refusal(
        found: "a malformed path", expected: "segments of letters, digits and -._~!$&'()*+,;=:@%")
    }
    var path = text
    while path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// Tells whether a text is a segment of a path (RFC 3986, section 3.3).
  private static func isSegment(_ segment: Substring) -> Bool {
    let bytes = Array(segment.utf8)
    return bytes.indices.allSatisfy { index in
      guard bytes[index] == UInt8(ascii: "%") else {
        return bytes[index].isASCIILetterOrDigit || "-._~!$&'()*+,;=:@".utf8.contains(bytes[index])
      }
      return index + 2 < bytes.count && bytes[index + 1].isHexadecimalDigit
        && bytes[index + 2].isHexadecimalDigit
    }
  }
}

extension UInt8 {
  var isASCIIDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }

  var isASCIILetterOrDigit: Bool {
    isASCIIDigit || UInt8(ascii: "a")...UInt8(ascii: "z") ~= self | 0x20
  }

  var isHexadecimalDigit: Bool {
    isASCIIDigit || UInt8(ascii: "a")...UInt8(ascii: "f") ~= self | 0x20
  }
}
