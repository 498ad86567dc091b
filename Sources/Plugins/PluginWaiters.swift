internal import EventLoop

/// Those who wait for a plugin to run.
@EventLoop
final class PluginWaiters {
  typealias Outcome = Result<PluginProcess, PluginError>

  private struct Waiter {
    let process: Promise<Outcome>
    let outcome: () -> Outcome?
  }

  private var waiters: [Waiter] = []

  var isEmpty: Bool { waiters.isEmpty }

  /// - Parameters:
  ///   - cancelled: is thrown when the task is cancelled.
  ///   - outcome: what is known by now; asked for when the wait begins, and by `review`.
  func wait(
    orThrow cancelled: PluginError, unless outcome: @escaping () -> Outcome?
  ) async throws(PluginError) -> PluginProcess {
    if let known = outcome() { return try known.get() }
    let waiter = Waiter(process: Promise(), outcome: outcome)
    waiters.append(waiter)
    return try await waiter.process.wait { self.resume(waiter, .failure(cancelled)) }.get()
  }

  /// Lets those go whose wait has an outcome now.
  func review() {
    for waiter in waiters {
      if let outcome = waiter.outcome() { resume(waiter, outcome) }
    }
  }

  func resume(_ outcome: Outcome) {
    for waiter in waiters { resume(waiter, outcome) }
  }

  private func resume(_ waiter: Waiter, _ outcome: Outcome) {
    waiters.removeAll { $0.process === waiter.process }
    waiter.process.resolve(outcome)
  }
}
