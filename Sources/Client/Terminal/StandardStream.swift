internal import Glibc

/// stdout or stderr, written at once and without a buffer.
package final class StandardStream {
  package static let outputDescriptor: Int32 = 1
  package static let errorDescriptor: Int32 = 2

  /// A pipe that is ready takes this much without blocking (pipe(7), PIPE_BUF).
  private static let largestWrite = 4_096

  let descriptor: Int32
  private let name: String
  private let interrupts: Interrupts?
  package let isTerminal: Bool

  /// - Parameter interrupts: a signal ends a write that is stuck.
  package init(_ descriptor: Int32, interrupts: Interrupts? = nil) {
    self.descriptor = descriptor
    self.interrupts = interrupts
    name = descriptor == Self.outputDescriptor ? "stdout" : "stderr"
    isTerminal = isatty(descriptor) == 1
  }

  /// Whether the other end may go away, so that watching for it makes sense.
  var hasReader: Bool {
    switch FileKind(of: descriptor) {
    case .pipe, .socket: true
    default: false
    }
  }

  /// The terminal's columns; nil for what is no terminal.
  package var columns: Int? { isTerminal ? TerminalSize(of: descriptor).columns : nil }

  package func write(_ text: String) throws(Failure) {
    try write(Array(text.utf8))
  }

  package func write(_ bytes: [UInt8]) throws(Failure) {
    var offset = 0
    while offset < bytes.count {
      try waitUntilWritable()
      let size = min(bytes.count - offset, Self.largestWrite)
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), size)
      }
      if count >= 0 {
        offset += count
      } else {
        try check(errno)
      }
    }
  }

  /// A write that meets a signal is tried again; whether the signal ends it, the wait before decides.
  private func check(_ number: Int32) throws(Failure) {
    switch number {
    case EINTR, EAGAIN: return
    case EPIPE: throw .brokenPipe
    default:
      throw Failure(.failed, "\(name) can't be written: \(SystemError("write", number).reason)")
    }
  }

  private func waitUntilWritable() throws(Failure) {
    guard let interrupts else { return }
    var readiness = Readiness()
    let stream = readiness.watch(descriptor, POLLOUT)
    let signals = readiness.watch(interrupts.descriptor, POLLIN)
    repeat {
      readiness.wait(milliseconds: nil)
      if readiness.isWritable(stream) || readiness.isBroken(stream) { return }
    } while !readiness.isReadable(signals)
    throw Failure(interrupts.take() ?? .interrupted, "")
  }
}
