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
  package static func sleep(for duration: Duration) async {
    let sleeper = Sleeper()
    await withTaskCancellationHandler {
      await sleeper.sleep(for: duration)
    } onCancel: {
      EventLoop.start { sleeper.wake() }
    }
  }
}

@EventLoop
@safe private final class Sleeper {
  private var timer: TimerSource?
  private var continuation: UnsafeContinuation<Void, Never>?
  private var isAwake = false

  nonisolated init() {}

  func sleep(for duration: Duration) async {
    guard !isAwake else { return }
    unsafe await withUnsafeContinuation { continuation in
      unsafe self.continuation = continuation
      do throws(LoopError) {
        timer = try TimerSource { [self] in wake() }
        timer?.arm(after: duration)
      } catch {
        wake()
      }
    }
  }

  func wake() {
    isAwake = true
    timer?.cancel()
    unsafe continuation?.resume()
    unsafe continuation = nil
  }
}
