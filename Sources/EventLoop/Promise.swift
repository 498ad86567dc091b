/// A value that tasks wait for and that is brought once, whichever comes first.
///
/// 1. The first value counts; later ones are passed over.
/// 2. Every task that waits goes on exactly once, with that value.
/// 3. A task that is cancelled goes on when what it said to do then brings a value.
@EventLoop
@safe package final class Promise<Value: Sendable> {
  private var value: Value?
  private var waiting: [UnsafeContinuation<Value, Never>] = unsafe []

  package nonisolated init() {}

  package var isResolved: Bool { value != nil }

  package func resolve(_ value: Value) {
    guard self.value == nil else { return }
    self.value = value
    let due = unsafe waiting
    unsafe waiting = []
    unsafe due.forEach { unsafe $0.resume(returning: value) }
  }

  /// Waits for the value.
  ///
  /// - Parameter cancelled: called when the task is cancelled before it has the value, at once where
  ///   it is already. It has to resolve the promise, or nothing ends the wait but the value.
  package func wait(
    orWhenCancelled cancelled: @escaping @EventLoop () -> Void = {}
  ) async -> Value {
    await withTaskCancellationHandler {
      // Each goes on once: it is in the list, which is emptied before any goes on, or never in it.
      unsafe await withUnsafeContinuation { continuation in
        if let value { return unsafe continuation.resume(returning: value) }
        unsafe waiting.append(continuation)
      }
    } onCancel: {
      // What runs on the loop is cancelled from there.
      EventLoop.assumeIsolated { cancelled() }
    }
  }
}
