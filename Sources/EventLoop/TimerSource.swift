/// Calls back once at a time; can be armed again.
@EventLoop
package final class TimerSource {
  private let entry: TimerQueue.Entry

  package init(handler: @escaping @EventLoop () -> Void) throws(LoopError) {
    entry = TimerQueue.Entry(handler)
    try TimerQueue.shared.open()
  }

  isolated deinit {
    cancel()
  }

  /// Calls back once, that long from now: the turn may have begun a while ago.
  package func arm(after delay: Duration) {
    let now = EventLoop.shared.executor.monotonicMicroseconds()
    arm(at: LoopInstant(microseconds: now) + delay)
  }

  package func arm(at instant: LoopInstant) {
    guard entry.handler != nil else { return }
    TimerQueue.shared.arm(entry, at: instant.microseconds)
  }

  package func disarm() {
    TimerQueue.shared.disarm(entry)
  }

  /// Drops the handler, so that one that holds the timer's owner makes no cycle.
  package func cancel() {
    TimerQueue.shared.disarm(entry)
    entry.handler = nil
  }
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
