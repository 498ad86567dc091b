/// What is done between rounds of jobs: the commit, and at quiet moments what nobody waits for.
extension Store {
  /// How long nothing must come before work is done that nobody waits for.
  private static let quiet = Duration.milliseconds(200)
  /// Pages of the log that are worth a checkpoint in a quiet moment (1 MiB).
  private static let manyLogPages = 256
  /// Pages of the log at which it is merged although others wait (16 MiB); it would grow on
  /// otherwise, and reading gets slower with it.
  private static let tooManyLogPages = 4096

  func commitAndRest(isQuiet: Bool) -> Duration? {
    guard !isClosed else { return nil }
    if !queue.isEmpty {
      commitPending()
      mergeLog(from: Self.tooManyLogPages)
      return Self.quiet
    }
    guard isQuiet else { return hasWork ? Self.quiet : nil }
    let isMore = indexSome()
    mergeLog(from: Self.manyLogPages)
    return isMore ? .zero : nil
  }

  private var hasWork: Bool {
    unindexedTurns > 0 || (database?.logPages ?? 0) >= Self.manyLogPages
  }

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
