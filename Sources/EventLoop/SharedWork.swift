/// One piece of work at a time that several may wait for.
///
/// A task that is cancelled stops waiting; the work goes on for the others and to its end.
@EventLoop
package final class SharedWork<Value: Sendable> {
  private var waiters: [Promise<Value?>] = []
  private var isRunning = false

  package nonisolated init() {}

  /// Begins the work, unless it runs.
  package func begin(_ work: @escaping @Sendable @EventLoop () async -> Value) {
    guard !isRunning else { return }
    isRunning = true
    EventLoop.start { [self] in finish(with: await work()) }
  }

  /// Waits for the work that runs, or begins it; nil when the task is cancelled before its end.
  package func value(_ work: @escaping @Sendable @EventLoop () async -> Value) async -> Value? {
    begin(work)
    let waiter = Promise<Value?>()
    waiters.append(waiter)
    return await waiter.wait { waiter.resolve(nil) }
  }

  private func finish(with value: Value) {
    isRunning = false
    let due = waiters
    waiters = []
    for waiter in due { waiter.resolve(value) }
  }
}
