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
  /// The Unix socket that is connected to instead.
  package let socketPath: String?

  package init(scheme: Scheme, host: String, port: Int, socketPath: String? = nil) {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.socketPath = socketPath
  }

  /// Whether it is on this machine: a Unix socket, or a host that is spelled as an address in
  /// 127.0.0.0/8 or as `[::1]`. A name such as localhost is not, because whoever answers for names
  /// could send it elsewhere.
  package var isLoopback: Bool {
    socketPath != nil || host == "[::1]" || Self.ipv4(host)?.first == 127
  }

  /// Whether the host is spelled as an address that is routed nowhere outside: RFC 1918, fc00::/7
  /// (RFC 4193), and link-local. Not 100.64.0.0/10, which a carrier's customers share (RFC 6598).
  package var isPrivate: Bool {
    if let address = Self.ipv4(host) {
      return switch (address[0], address[1]) {
      case (10, _), (172, 16...31), (192, 168), (169, 254): true
      default: false
      }
    }
    guard let address = Self.ipv6(host) else { return false }
    return address[0] & 0xFE == 0xFC || (address[0] == 0xFE && address[1] & 0xC0 == 0x80)
  }

  package var description: String {
    if let socketPath { return "unix:\(socketPath)" }
    return "\(scheme.rawValue)://\(host)" + (port == scheme.defaultPort ? "" : ":\(port)")
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

  /// The sixteen bytes of an IPv6 address in brackets (inet_pton(3)); nil for anything else.
  static func ipv6(_ host: String) -> [UInt8]? {
    guard host.hasPrefix("["), host.hasSuffix("]") else { return nil }
    var address = [UInt8](repeating: 0, count: 16)
    return unsafe inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &address) == 1
      ? address : nil
  }
}
