/// A value that tasks wait for and that is brought once, whichever comes first.
///
/// 1. The first value counts; later ones are passed over.
/// 2. Every task that waits goes on exactly once, with that value.
/// 3. A task that is cancelled goes on when what it said to do then brings a value.
@EventLoop
package final class Promise<Value: Sendable> {
  private var value: Value?
  private var waiting: [CheckedContinuation<Value, Never>] = []

  package nonisolated init() {}

  package var isResolved: Bool { value != nil }

  package func resolve(_ value: Value) {
    guard self.value == nil else { return }
    self.value = value
    let due = waiting
    waiting = []
    for continuation in due { continuation.resume(returning: value) }
  }

  /// Waits for the value.
  ///
  /// - Parameter cancelled: called when the task is cancelled before it has the value, at once where
  ///   it is already. It has to resolve the promise, or nothing ends the wait but the value.
  package func wait(
    orWhenCancelled cancelled: @escaping @EventLoop () -> Void = {}
  ) async -> Value {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if let value { return continuation.resume(returning: value) }
        waiting.append(continuation)
      }
    } onCancel: {
      // What runs on the loop is cancelled from there.
      EventLoop.assumeIsolated { cancelled() }
    }
  }
}
