/// The work between rounds of jobs: the commit and, at quiet moments, what nobody waits for.
extension Store {
  /// How long no job must come before work begins that nobody waits for.
  private static let quiet = Duration.milliseconds(200)
  /// Pages of the log that are worth a checkpoint in a quiet moment (1 MiB).
  private static let manyLogPages = 256
  /// Pages of the log at which it is merged although others wait (8 MiB); it would grow on
  /// otherwise, and reading gets slower with it.
  private static let tooManyLogPages = 2048
  /// Turns that may wait for the index while others wait for commits; a search has to index them
  /// all first.
  private static let tooManyUnindexedTurns = 8192

  func commitAndRest(isQuiet: Bool) -> Duration? {
    guard !isClosed else { return nil }
    defer { updateGauge() }
    let hasWritten = !queue.isEmpty
    if hasWritten {
      commitPending()
      steps.lastWrite = .now
      if database?.unindexedTurns ?? 0 > Self.tooManyUnindexedTurns, isTimeForStep {
        pace { _ = indexSome() }
      }
      mergeLongLog()
    }
    if let pause = runStep() { return min(pause, Self.quiet) }
    if hasWritten { return Self.quiet }
    guard isQuiet else { return hasWork ? Self.quiet : nil }
    let isMore = indexSome()
    mergeLog(from: Self.manyLogPages)
    return isMore ? .zero : nil
  }

  /// Keeps the log short during long work.
  func mergeLongLog() {
    mergeLog(from: Self.tooManyLogPages)
  }

  private var hasWork: Bool {
    guard let database else { return false }
    return database.unindexedTurns > 0 || database.logPages >= Self.manyLogPages
  }

  /// Merges the log into the database when it has so many pages.
  private func mergeLog(from pages: Int) {
    guard let database, database.logPages >= pages else { return }
    do throws(StoreError) {
      try database.checkpoint(.passive)
      counters.checkpoints += 1
    } catch {
      // The log keeps everything, and the next quiet moment tries again.
      database.logPages = 0
    }
  }
}
