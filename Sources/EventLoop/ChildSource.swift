internal import CSystemd
internal import Glibc

/// How a child process ended (waitid(2)).
package enum ChildExit: Sendable, Equatable {
  case exited(status: Int32)
  case killed(signal: Int32)
}

/// Calls back once when a child process ends, and reaps it (sd_event_add_child(3)).
///
/// The loop holds a pidfd of the child, so that no other process is ever taken for it. SIGCHLD has
/// to be blocked.
@EventLoop
package final class ChildSource {
  private let handle: SourceHandle<ChildExit>

  package init(
    processID: Int32, handler: @escaping @EventLoop (ChildExit) -> Void
  ) throws(LoopError) {
    handle = SourceHandle(handler)
    var source: OpaquePointer?
    try LoopError.check(
      unsafe sd_event_add_child(
        EventLoop.shared.executor.event, &source, processID, WEXITED,
        { _, info, context in
          guard let info = unsafe info?.pointee else { return 0 }
          let status = unsafe info._sifields._sigchld.si_status
          let exit: ChildExit =
            unsafe info.si_code == Int32(CLD_EXITED)
            ? .exited(status: status) : .killed(signal: status)
          return unsafe SourceHandle<ChildExit>.dispatch(context, exit)
        }, handle.context), "sd_event_add_child")
    unsafe handle.own(source)
  }

  /// Sends a signal to the child by its pidfd.
  package func send(signal: Int32) throws(LoopError) {
    guard let source = unsafe handle.pointer else { return }
    try LoopError.check(
      unsafe sd_event_source_send_child_signal(source, signal, nil, 0),
      "sd_event_source_send_child_signal")
  }

  package func cancel() {
    handle.cancel()
  }
}
