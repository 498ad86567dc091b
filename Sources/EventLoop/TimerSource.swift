internal import CSystemd
internal import Glibc

/// Calls back once at a time; can be armed again (sd_event_add_time(3)).
@EventLoop
package final class TimerSource {
  /// The least that sd-event takes; 0 would mean 250 ms.
  private static let accuracyMicroseconds: UInt64 = 1

  private let handle: SourceHandle<Void>

  package init(handler: @escaping @EventLoop () -> Void) throws(LoopError) {
    handle = SourceHandle { handler() }
    var source: OpaquePointer?
    try LoopError.check(
      unsafe sd_event_add_time(
        EventLoop.shared.executor.event, &source, CLOCK_MONOTONIC, 0, Self.accuracyMicroseconds,
        { _, _, context in unsafe SourceHandle<Void>.dispatch(context, ()) },
        handle.context), "sd_event_add_time")
    unsafe handle.own(source)
    disarm()
  }

  /// Calls back once, that long from now: the turn may have begun a while ago.
  package func arm(after delay: Duration) {
    let now = EventLoop.shared.executor.monotonicMicroseconds()
    arm(at: LoopInstant(microseconds: now) + delay)
  }

  package func arm(at instant: LoopInstant) {
    guard let source = unsafe handle.pointer else { return }
    unsafe sd_event_source_set_time(source, instant.microseconds)
    unsafe sd_event_source_set_enabled(source, SD_EVENT_ONESHOT.signed)
  }

  package func disarm() {
    guard let source = unsafe handle.pointer else { return }
    unsafe sd_event_source_set_enabled(source, SD_EVENT_OFF.signed)
  }

  package func cancel() {
    handle.cancel()
  }
}

extension Int {
  fileprivate var signed: Int32 { Int32(self) }
}

extension EventLoop {
  /// Suspends for a time. Ends early, without an error, when the task is cancelled.
  @EventLoop package static func sleep(for duration: Duration) async {
    let awake = Promise<Void>()
    do throws(LoopError) {
      let timer = try TimerSource { awake.resolve(()) }
      defer { timer.cancel() }
      timer.arm(after: duration)
      await awake.wait { awake.resolve(()) }
    } catch {
      // Without a timer nothing would end it.
      return
    }
  }
}
