internal import EventLoop

/// One piece of work at a time that several may wait for.
///
/// Whoever is cancelled stops waiting; the work goes on for the others and to its end.
@EventLoop
final class SharedWork<Value: Sendable> {
  private enum Waiter {
    /// On its way to wait.
    case coming
    case waiting(CheckedContinuation<Value?, Never>)
    /// The work ended first.
    case missed(Value)
  }

  private var waiters: [Int: Waiter] = [:]
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
    waiters[waiter] = .coming
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if case .missed(let value)? = waiters.removeValue(forKey: waiter) {
          return continuation.resume(returning: value)
        }
        waiters[waiter] = .waiting(continuation)
        if Task.isCancelled { leave(waiter) }
      }
    } onCancel: {
      EventLoop.start { self.leave(waiter) }
    }
  }

  private func finish(with value: Value) {
    isRunning = false
    for (number, waiter) in waiters {
      switch waiter {
      case .coming: waiters[number] = .missed(value)
      case .missed: break
      case .waiting(let continuation):
        waiters[number] = nil
        continuation.resume(returning: value)
      }
    }
  }

  private func leave(_ waiter: Int) {
    guard case .waiting(let continuation)? = waiters[waiter] else { return }
    waiters[waiter] = nil
    continuation.resume(returning: nil)
  }
}
