/// Waiting on the store's thread. `Task.sleep` would start the threads of a pool that nothing else
/// needs.
struct Pauses {
  private struct Pause {
    let until: ContinuousClock.Instant
    let end: CheckedContinuation<Void, Never>
  }

  private var waiting: [Pause] = []

  mutating func add(_ end: CheckedContinuation<Void, Never>, for duration: Duration) {
    waiting.append(Pause(until: .now + duration, end: end))
  }

  /// Ends the pauses whose time has come.
  ///
  /// - Returns: the time until the next ends; nil where none is left.
  mutating func endDue() -> Duration? {
    guard !waiting.isEmpty else { return nil }
    let now = ContinuousClock.now
    for pause in waiting where pause.until <= now { pause.end.resume() }
    waiting.removeAll { $0.until <= now }
    return waiting.map { $0.until - now }.min()
  }
}
