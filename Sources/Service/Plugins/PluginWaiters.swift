internal import EventLoop

/// Those who wait for a plugin to run.
@EventLoop
final class PluginWaiters {
  private var continuations: [Int: CheckedContinuation<Result<PluginProcess, PluginError>, Never>] =
    [:]
  private var lastNumber = 0

  var isEmpty: Bool { continuations.isEmpty }

  /// - Parameters:
  ///   - cancelled: is thrown when the task is cancelled.
  ///   - outcome: what is known by now; asked for once more when the wait begins.
  func wait(
    orThrow cancelled: PluginError,
    unless outcome: @escaping () -> Result<PluginProcess, PluginError>?
  ) async throws(PluginError) -> PluginProcess {
    lastNumber += 1
    let number = lastNumber
    let known = outcome
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if let outcome = known() { return continuation.resume(returning: outcome) }
        continuations[number] = continuation
        if Task.isCancelled { resume(number, .failure(cancelled)) }
      }
    } onCancel: {
      EventLoop.assumeIsolated { self.resume(number, .failure(cancelled)) }
    }
    return try outcome.get()
  }

  func resume(_ outcome: Result<PluginProcess, PluginError>) {
    for number in continuations.keys.sorted() { resume(number, outcome) }
  }

  private func resume(_ number: Int, _ outcome: Result<PluginProcess, PluginError>) {
    continuations.removeValue(forKey: number)?.resume(returning: outcome)
  }
}
