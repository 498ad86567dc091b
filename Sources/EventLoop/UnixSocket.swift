internal import CSystemd
internal import Glibc

/// Who is at the other end, as the kernel saw it at connect(2) (SO_PEERCRED, unix(7)).
package struct PeerCredentials: Sendable, Equatable {
  /// A hint for logs only: it may name another process by now.
  package let processID: Int32
  package let userID: UInt32
  package let groupID: UInt32

  package init(processID: Int32, userID: UInt32, groupID: UInt32) {
    self.processID = processID
    self.userID = userID
    self.groupID = groupID
  }
}

/// System calls on Unix stream sockets, without blocking and without SIGPIPE.
package enum UnixSocket {
  package enum ReadOutcome {
    case bytes(Int)
    case wouldBlock
    /// The peer has shut down its writing side.
    case endOfStream
  }

  /// Accepts one connection, non-blocking and close-on-exec; nil when none is waiting.
  package static func accept(_ listener: Int32) throws(LoopError) -> Int32? {
    while true {
      let descriptor = accept4(
        listener, nil, nil, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
      if descriptor >= 0 { return descriptor }
      switch errno {
      case EAGAIN: return nil
      case EINTR, ECONNABORTED: continue
      default: throw .last("accept4")
      }
    }
  }

  /// Who has connected; fails where the kernel does not say so, as on sockets of other families.
  package static func peer(of descriptor: Int32) throws(LoopError) -> PeerCredentials {
    // struct ucred { pid_t pid; uid_t uid; gid_t gid; }
    var credentials: (Int32, UInt32, UInt32) = (0, 0, 0)
    var size = socklen_t(MemoryLayout.size(ofValue: credentials))
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
      throw .last("getsockopt SO_PEERCRED")
    }
    // (uid_t) -1 is nobody (chown(2)).
    guard credentials.1 != .max else {
      throw LoopError(
        "getsockopt SO_PEERCRED", code: ENOTCONN, "(the kernel does not say who has connected)")
    }
    return PeerCredentials(
      processID: credentials.0, userID: credentials.1, groupID: credentials.2)
  }

  package static func read(
    _ descriptor: Int32, into buffer: inout [UInt8]
  ) throws(LoopError) -> ReadOutcome {
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe recv(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
      }
      if count > 0 { return .bytes(count) }
      if count == 0 { return .endOfStream }
      switch errno {
      case EAGAIN: return .wouldBlock
      case EINTR: continue
      default: throw .last("recv")
      }
    }
  }

  /// Shuts down the writing side (shutdown(2)); a peer that has gone needs to hear nothing.
  package static func endWriting(_ descriptor: Int32) {
    _ = shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Sends what the socket takes.
  ///
  /// - Returns: bytes taken; 0 when its buffer is full.
  package static func send(
    _ descriptor: Int32, _ bytes: ArraySlice<UInt8>
  ) throws(LoopError) -> Int {
    while true {
      let count = unsafe bytes.withUnsafeBytes { bytes in
        unsafe Glibc.send(
          descriptor, bytes.baseAddress, bytes.count,
          Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
      }
      if count >= 0 { return count }
      switch errno {
      case EAGAIN: return 0
      case EINTR: continue
      default: throw .last("send")
      }
    }
  }

  package static func close(_ descriptor: Int32) {
    _ = Glibc.close(descriptor)
  }

  /// A bound or connected Unix address; fails where the path does not fit.
  static func withAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) throws(LoopError) -> Result {
    var address = sockaddr_un()
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < capacity, !path.utf8.contains(0), path.utf8.first == 0x2F else {
      throw LoopError(
        "bind", code: ENAMETOOLONG,
        "\(path) (an absolute path of at most \(capacity - 1) bytes was expected)")
    }
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, size) }
    }
  }
}
