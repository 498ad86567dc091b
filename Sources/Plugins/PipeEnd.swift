internal import CSpawn
internal import EventLoop
internal import Glibc

/// One end of a pipe or of a pair of sockets; closed with this object at the latest.
final class PipeEnd {
  enum ReadOutcome {
    case bytes(Int)
    case wouldBlock
    case endOfStream
  }

  enum WriteOutcome {
    /// As many bytes as it took, 0 when it is full.
    case taken(Int)
    /// Nobody reads any more.
    case closed
  }

  private(set) var descriptor: Int32

  private init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit {
    close()
  }

  /// A pipe of which the daemon reads (pipe(2)).
  static func toRead() throws(LoopError) -> (ours: PipeEnd, theirs: PipeEnd) {
    let (reading, writing) = try pipe()
    _ = halley_spawn_set_nonblocking(reading.descriptor)
    return (reading, writing)
  }

  /// A pipe to which the daemon writes.
  static func toWrite() throws(LoopError) -> (ours: PipeEnd, theirs: PipeEnd) {
    let (reading, writing) = try pipe()
    _ = halley_spawn_set_nonblocking(writing.descriptor)
    return (writing, reading)
  }

  /// For both directions (socketpair(2)).
  static func channel() throws(LoopError) -> (ours: PipeEnd, theirs: PipeEnd) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw LoopError("socketpair", code: errno)
    }
    _ = halley_spawn_set_nonblocking(ends[0])
    return (PipeEnd(ends[0]), PipeEnd(ends[1]))
  }

  private static func pipe() throws(LoopError) -> (reading: PipeEnd, writing: PipeEnd) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { throw LoopError("pipe2", code: errno) }
    return (PipeEnd(ends[0]), PipeEnd(ends[1]))
  }

  /// Reads once; a failure is taken for the end.
  func read(into buffer: inout [UInt8]) -> ReadOutcome {
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe Glibc.read(descriptor, bytes.baseAddress, bytes.count)
      }
      if count > 0 { return .bytes(count) }
      if count < 0, errno == EINTR { continue }
      return count < 0 && errno == EAGAIN ? .wouldBlock : .endOfStream
    }
  }

  /// Writes once. SIGPIPE is ignored in the daemon.
  func write(_ bytes: ArraySlice<UInt8>) -> WriteOutcome {
    while true {
      let count = unsafe bytes.withUnsafeBytes { bytes in
        unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      }
      if count >= 0 { return .taken(count) }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .taken(0) : .closed
    }
  }

  /// Shows the other end that no more comes, where it is a channel.
  func endWriting() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}
