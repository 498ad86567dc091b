internal import Glibc

/// The writing end of the pipe that the signal handler writes to; set once, before the handler is
/// installed.
nonisolated(unsafe) private var pipeOfHandler: Int32 = -1

/// Turns SIGINT and SIGTERM into bytes of a pipe that poll(2) can wait for.
///
/// The handler interrupts system calls (no `SA_RESTART`), so that a write to a stopped terminal ends
/// when the user presses Ctrl-C.
package final class Interrupts {
  let descriptor: Int32

  /// Installs the handlers. One object per process.
  package init() throws(SystemError) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw SystemError("pipe") }
    for end in ends {
      guard fcntl(end, F_SETFD, FD_CLOEXEC) == 0, fcntl(end, F_SETFL, O_NONBLOCK) == 0 else {
        throw SystemError("fcntl")
      }
    }
    descriptor = ends[0]
    unsafe pipeOfHandler = ends[1]
    for number in [SIGINT, SIGTERM] { Self.install(number) }
  }

  private static func install(_ number: Int32) {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { number in
      let saved = errno
      var byte = UInt8(truncatingIfNeeded: number)
      _ = unsafe write(pipeOfHandler, &byte, 1)
      errno = saved
    }
    unsafe sigaction(number, &action, nil)
    // Whoever started this may have blocked it: a thread pool blocks all signals of its threads.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, number)
    unsafe sigprocmask(SIG_UNBLOCK, &signals, nil)
  }

  /// The status of the earliest signal that has come and was not taken yet.
  package func take() -> ExitStatus? {
    var byte: UInt8 = 0
    guard unsafe read(descriptor, &byte, 1) == 1 else { return nil }
    return Int32(byte) == SIGTERM ? .terminated : .interrupted
  }

  /// Makes a write to a pipe without a reader fail with EPIPE.
  package static func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
  }
}
