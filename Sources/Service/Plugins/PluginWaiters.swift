internal import EventLoop

/// Those who wait for a plugin to run.
@EventLoop
final class PluginWaiters {
  typealias Outcome = Result<PluginProcess, PluginError>

  private struct Waiter {
    let continuation: CheckedContinuation<Outcome, Never>
    let outcome: () -> Outcome?
  }

  private var waiters: [Int: Waiter] = [:]
  private var lastNumber = 0

  var isEmpty: Bool { waiters.isEmpty }

  /// - Parameters:
  ///   - cancelled: is thrown when the task is cancelled.
  ///   - outcome: what is known by now; asked for when the wait begins, and by `review`.
  func wait(
    orThrow cancelled: PluginError, unless outcome: @escaping () -> Outcome?
  ) async throws(PluginError) -> PluginProcess {
    lastNumber += 1
    let number = lastNumber
    let known = outcome
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if let outcome = known() { return continuation.resume(returning: outcome) }
        waiters[number] = Waiter(continuation: continuation, outcome: known)
        if Task.isCancelled { resume(number, .failure(cancelled)) }
      }
    } onCancel: {
      EventLoop.assumeIsolated { self.resume(number, .failure(cancelled)) }
    }
    return try outcome.get()
  }

  /// Lets those go whose wait has an outcome now.
  func review() {
    for (number, waiter) in waiters.sorted(by: { $0.key < $1.key }) {
      if let outcome = waiter.outcome() { resume(number, outcome) }
    }
  }

  func resume(_ outcome: Outcome) {
    for number in waiters.keys.sorted() { resume(number, outcome) }
  }

  private func resume(_ number: Int, _ outcome: Outcome) {
    waiters.removeValue(forKey: number)?.continuation.resume(returning: outcome)
  }
}
