import EventLoop
import Foundation
import Glibc
import Synchronization
import TestSupport

/// A server on a port of 127.0.0.1, or on a Unix socket, that does to each connection what a test
/// says, on a thread of its own.
final class ScriptedServer: Sendable {
  private let listener: Int32
  let port: UInt16
  private let count = Atomic<Int>(0)

  /// Connections that were accepted.
  var connections: Int { count.load(ordering: .acquiring) }
  var url: String { "http://127.0.0.1:\(port)/" }

  /// - Parameter script: is given the number of the connection too, from 1 on.
  init(_ script: @escaping @Sendable (Accepted, Int) throws -> Void) throws {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    listener = socket
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(socket, $0, size) == 0 && listen(socket, 16) == 0
          ? getsockname(socket, $0, &size) : -1
      }
    }
    guard status == 0 else { throw SupportError("bind: errno \(errno)") }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in accept(script) }
  }

  private func accept(_ script: @escaping @Sendable (Accepted, Int) throws -> Void) {
    while true {
      guard let descriptor = try? UnixSocket.accept(listener) else { return }
      let number = count.add(1, ordering: .acquiringAndReleasing).newValue
      Thread.detachNewThread {
        // An error is a peer that left, which the test sees by itself.
        try? script(Accepted(descriptor), number)
      }
    }
  }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  deinit { close(listener) }
}

/// One connection as its server has it.
final class Accepted {
  private let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Reads a request: its head, and the body that its Content-Length announces.
  @discardableResult
  func request() throws -> String {
    var text = ""
    while true {
      if let end = text.firstRange(of: "\r\n\r\n") {
        let length = text.lowercased().firstRange(of: "content-length: ").map { start in
          Int(text.lowercased()[start.upperBound...].prefix { $0.isNumber }) ?? 0
        }
        if text[end.upperBound...].utf8.count >= length ?? 0 { return text }
      }
      text += try read()
    }
  }

  private func read() throws -> String {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    guard Wait.isReadable(descriptor) else { throw SupportError("nothing came") }
    let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { throw SupportError("the client left") }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// Waits for the client to leave.
  func end() { while (try? read()) != nil {} }

  func write(_ text: String) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      guard Wait.isWritable(descriptor) else { throw SupportError("nothing was taken") }
      rest = rest.dropFirst(try UnixSocket.send(descriptor, rest))
    }
  }

  func answer(_ body: String, status: String = "200 OK", fields: String = "") throws {
    try write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
  }
}
