internal import CSystemd
internal import Glibc

/// Calls back for each delivery of a signal (sd_event_add_signal(3)).
@EventLoop
package final class SignalSource {
  private let handle: SourceHandle<Void>

  /// - Parameter signal: must be blocked in every thread, see `blockSignals()`.
  package init(_ signal: Int32, handler: @escaping @EventLoop () -> Void) throws(LoopError) {
    handle = SourceHandle { handler() }
    var source: OpaquePointer?
    try LoopError.check(
      unsafe sd_event_add_signal(
        EventLoop.shared.executor.event, &source, signal,
        { _, _, context in unsafe SourceHandle<Void>.dispatch(context, ()) },
        handle.context), "sd_event_add_signal")
    unsafe handle.own(source)
  }

  package func cancel() {
    handle.cancel()
  }

  /// Blocks the signals that the loop handles, and ignores those that would end the process where a
  /// system call says as much by its error: SIGPIPE, and SIGXFSZ for a file that is as large as
  /// setrlimit(2) lets it be. Call it first in `main`: threads inherit the mask.
  package nonisolated static func blockSignals() {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGCHLD] { unsafe _ = sigaddset(&set, signal) }
    _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    for signal in [SIGPIPE, SIGXFSZ] { _ = Glibc.signal(signal, SIG_IGN) }
  }
}
