internal import Glibc

/// A literal loopback address with a port, such as `127.0.0.1:0` or `[::1]:8080`.
///
/// The simulator takes no name and no other address: it has no business outside this machine.
struct LoopbackAddress: Sendable {
  let host: String
  let port: UInt16

  var isVersion6: Bool { host.utf8.contains(UInt8(ascii: ":")) }
  var family: Int32 { isVersion6 ? AF_INET6 : AF_INET }
  var text: String { isVersion6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

  init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads `ADDRESS:PORT`, an IPv6 address in brackets.
  init?(_ text: String) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
      let port = UInt16(text[text.utf8.index(after: colon)...])
    else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    }
    self.init(host: host, port: port)
    guard isVersion6 ? isLoopback6 : isLoopback4 else { return nil }
  }

  private var isLoopback4: Bool {
    var address = in_addr()
    guard unsafe inet_pton(AF_INET, host, &address) == 1 else { return false }
    return UInt32(bigEndian: address.s_addr) >> 24 == 127
  }

  private var isLoopback6: Bool {
    var address = in6_addr()
    guard unsafe inet_pton(AF_INET6, host, &address) == 1 else { return false }
    return unsafe withUnsafeBytes(of: &address) { bytes in
      unsafe bytes.last == 1 && bytes.dropLast().allSatisfy { $0 == 0 }
    }
  }

  func bind(_ descriptor: Int32) -> Bool {
    isVersion6 ? bind6(descriptor) : bind4(descriptor)
  }

  private func bind4(_ descriptor: Int32) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    _ = unsafe inet_pton(AF_INET, host, &address.sin_addr)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.bind(descriptor, $0, size) == 0
      }
    }
  }

  private func bind6(_ descriptor: Int32) -> Bool {
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    _ = unsafe inet_pton(AF_INET6, host, &address.sin6_addr)
    let size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.bind(descriptor, $0, size) == 0
      }
    }
  }

  /// Returns the address with the port that the kernel gave a bound socket.
  func withPort(of descriptor: Int32) -> LoopbackAddress {
    var address = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &size)
      }
    }
    // The port stands at the same offset in both families' structures.
    return code == 0
      ? LoopbackAddress(host: host, port: UInt16(bigEndian: address.sin6_port)) : self
  }
}
