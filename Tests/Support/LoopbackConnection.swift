internal import Glibc

/// A TCP connection to 127.0.0.1.
package final class LoopbackConnection {
  private let descriptor: Int32

  /// - Parameter address: such as `127.0.0.1:4711`.
  package init(_ address: String) throws {
    guard let port = address.split(separator: ":").last.flatMap({ UInt16($0) }) else {
      throw SupportError("\(address) has no port")
    }
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0, Self.connect(descriptor, port) == 0 else {
      throw SupportError("connect \(address): errno \(errno)")
    }
  }

  deinit { close(descriptor) }

  private static func connect(_ descriptor: Int32, _ port: UInt16) -> Int32 {
    var address = Self.address(port)
    return unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  static func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  /// Sends a text and returns all that comes back until the peer closes.
  package func exchange(_ text: String) throws -> String {
    try send(text)
    return try rest()
  }

  package func send(_ text: String) throws {
    let bytes = Array(text.utf8)
    guard unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    else { throw SupportError("send: errno \(errno)") }
  }

  /// What has come when it ends in a text.
  package func read(until end: String) throws -> String {
    var text = ""
    while !text.hasSuffix(end) {
      guard let more = try some() else { throw SupportError("the connection ended: \(text)") }
      text += more
    }
    return text
  }

  /// All that comes until the peer closes.
  package func rest() throws -> String {
    var text = ""
    while let more = try some() { text += more }
    return text
  }

  /// What comes next; nil at the end.
  private func some() throws -> String? {
    guard Wait.isReadable(descriptor) else { throw SupportError("no answer came") }
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
    return count > 0 ? String(decoding: chunk[..<count], as: UTF8.self) : nil
  }
}

/// A port of 127.0.0.1 that is taken and behind which nobody accepts.
package final class DeafPort {
  private let descriptor: Int32
  package let port: UInt16

  /// - Parameter listens: whether connections are taken in by the kernel, or refused.
  package init(listens: Bool) throws {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    descriptor = socket
    var address = LoopbackConnection.address(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(socket, $0, size) == 0 ? getsockname(socket, $0, &size) : -1
      }
    }
    guard status == 0, !listens || listen(socket, 16) == 0 else {
      throw SupportError("bind: errno \(errno)")
    }
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }
}
