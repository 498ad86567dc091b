internal import EventLoop

/// One piece of work at a time that several may wait for.
///
/// Whoever is cancelled stops waiting; the work goes on for the others and to its end.
@EventLoop
final class SharedWork<Value: Sendable> {
  private var waiters: [Int: CheckedContinuation<Value?, Never>] = [:]
  private var lastWaiter = 0
  private var isRunning = false

  nonisolated init() {}

  /// Begins the work, unless it runs.
  func begin(_ work: @escaping @Sendable @EventLoop () async -> Value) {
    guard !isRunning else { return }
    isRunning = true
    EventLoop.start { [self] in finish(with: await work()) }
  }

  /// Waits for the work that runs, or begins it; nil when the task is cancelled before its end.
  func value(_ work: @escaping @Sendable @EventLoop () async -> Value) async -> Value? {
    begin(work)
    lastWaiter += 1
    let waiter = lastWaiter
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiters[waiter] = continuation
        if Task.isCancelled { leave(waiter) }
      }
    } onCancel: {
      EventLoop.start { self.leave(waiter) }
    }
  }

  private func finish(with value: Value) {
    isRunning = false
    let all = waiters
    waiters = [:]
    for waiter in all.values { waiter.resume(returning: value) }
  }

  private func leave(_ waiter: Int) {
    waiters.removeValue(forKey: waiter)?.resume(returning: nil)
  }
}
