internal import CSystemd
internal import Glibc

/// An address of the loopback interface with a port, as in `127.0.0.1:4141` or `[::1]:4141`.
package struct LoopbackAddress: Sendable, Hashable {
  package let host: String
  /// 0 lets the kernel choose one when it is bound.
  package let port: UInt16

  /// Takes a literal address: what a name leads to can change. Of IPv4 it is one of 127.0.0.0/8 (RFC
  /// 1122, section 3.2.1.3) with four numbers, of IPv6 `[::1]`.
  package init?(_ text: String) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let (host, digits) = (text[..<colon], text[text.utf8.index(after: colon)...])
    guard digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let port = UInt16(digits) else {
      return nil
    }
    var address = in_addr()
    let isIPv4 = unsafe inet_pton(AF_INET, String(host), &address) == 1
    guard host == "[::1]" || isIPv4 && address.s_addr & 0xFF == 127 else { return nil }
    self.host = String(host)
    self.port = port
  }

  private init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// As a URL has it.
  package var authority: String { "\(host):\(port)" }

  fileprivate var isIPv6: Bool { host == "[::1]" }

  /// The address of a socket (getsockname(2)); nil where it is none of loopback.
  fileprivate init?(of descriptor: Int32) {
    guard let name = SocketName(of: descriptor) else { return nil }
    let bytes = name.bytes
    switch name.family {
    case AF_INET where bytes.count >= 8 && bytes[4] == 127:
      self.init(host: bytes[4..<8].map { "\($0)" }.joined(separator: "."), port: name.port)
    case AF_INET6
    where bytes.count >= 24 && bytes[8..<23].allSatisfy({ $0 == 0 }) && bytes[23] == 1:
      self.init(host: "[::1]", port: name.port)
    default: return nil
    }
  }
}

extension ListeningSocket {
  /// Where clients find a TCP socket; nil for one that others than this machine's programs reach.
  package var loopbackAddress: LoopbackAddress? { LoopbackAddress(of: descriptor) }

  /// Sends what is written to accepted connections at once (`TCP_NODELAY` of tcp(7), which they
  /// inherit). Nagle's algorithm holds the second small write of an answer until the first one is
  /// acknowledged, which a client that only reads does after 40 ms.
  package func sendAtOnce() {
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    // Without it connections are slow and work.
    _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
  }

  /// Binds and listens at an address of the loopback interface.
  package static func bind(_ address: LoopbackAddress) throws(LoopError) -> ListeningSocket {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
    guard descriptor >= 0 else { throw .last("socket", address.authority) }
    do throws(LoopError) {
      var on: Int32 = 1
      let size = socklen_t(MemoryLayout<Int32>.size)
      try LoopError.check(
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size) == 0 ? 0 : -errno,
        "setsockopt")
      guard bind(descriptor, address) == 0 else { throw .last("bind", address.authority) }
      guard listen(descriptor, backlog) == 0 else { throw .last("listen", address.authority) }
      return ListeningSocket(descriptor: descriptor, boundPath: nil, lockDescriptor: -1)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  private static func bind(_ descriptor: Int32, _ address: LoopbackAddress) -> Int32 {
    guard address.isIPv6 else {
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = address.port.bigEndian
      unsafe inet_pton(AF_INET, address.host, &name.sin_addr)
      return bind(descriptor, &name)
    }
    var name = sockaddr_in6()
    name.sin6_family = sa_family_t(AF_INET6)
    name.sin6_port = address.port.bigEndian
    unsafe inet_pton(AF_INET6, "::1", &name.sin6_addr)
    return bind(descriptor, &name)
  }

  private static func bind<Name>(_ descriptor: Int32, _ name: inout Name) -> Int32 {
    let size = socklen_t(MemoryLayout<Name>.size)
    return unsafe withUnsafeMutableBytes(of: &name) { bytes in
      guard let address = bytes.baseAddress else { return -1 }
      return unsafe Glibc.bind(descriptor, address.assumingMemoryBound(to: sockaddr.self), size)
    }
  }
}
