internal import Glibc

/// Connects Unix stream sockets.
enum UnixSocket {
  /// Bytes that `sun_path` holds beside its NUL (unix(7)).
  static let maximumPathBytes = 107

  /// A full backlog answers EAGAIN; a daemon that accepts nothing for this long is overloaded.
  private static let longestWaitMilliseconds: Int32 = 2_000

  /// Connects to a path and returns a descriptor that does not block.
  static func connect(to path: String) throws(SystemError) -> Int32 {
    guard path.utf8.count <= maximumPathBytes else {
      throw SystemError("connect", ENAMETOOLONG)
    }
    let type =
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { throw SystemError("socket") }
    do throws(SystemError) {
      try connect(descriptor, to: path)
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  private static func connect(_ descriptor: Int32, to path: String) throws(SystemError) {
    var address = address(of: path)
    var pause: Int32 = 1
    var waited: Int32 = 0
    while true {
      let status = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      if status == 0 { return }
      let number = errno
      if number == EINTR { continue }
      guard number == EAGAIN, waited < longestWaitMilliseconds else {
        throw SystemError("connect", number)
      }
      poll(nil, 0, pause)
      waited += pause
      pause = min(pause * 2, 100)
    }
  }

  private static func address(of path: String) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    return address
  }
}
