extension Store {
  /// How long others wait for a step.
  private static let longestStep = Duration.milliseconds(2)
  /// Pages that are copied before the time is looked at (64 KiB), and how often in one step.
  private static let pagesAtOnce: Int32 = 16
  private static let mostTimes = 16
  /// Steps between two syncs: at most 4 MiB.
  private static let stepsBetweenSyncs = 4

  /// Copies everything that is committed into a file, while others read and write.
  ///
  /// The copy is a database of its own, as it is when this returns. A cancelled task ends it.
  ///
  /// - Parameter sync: waits elsewhere for what is written, so that the disk is never so far behind
  ///   that a step has to wait for it.
  package func copy(
    to file: BackupFile, sync: @Sendable () async throws(StoreError) -> Void
  ) async throws(StoreError) {
    let source = try openDatabase()
    let copy = try DatabaseCopy(of: source, to: file.partialPath)
    try file.requireRoom(source.bytes)
    var steps = 0
    while try copySome(copy) {
      steps += 1
      if steps.isMultiple(of: Self.stepsBetweenSyncs) { try await sync() }
      // Others' commits come between the steps.
      await Task.yield()
      if Task.isCancelled { throw StoreError(.cancelled, "copy the database", "it was cancelled") }
      // A connection that was given up for an error of the disk may not show what others write.
      guard try openDatabase() === source else {
        throw StoreError(.io, "copy the database", "the disk failed meanwhile")
      }
    }
  }

  private func copySome(_ copy: DatabaseCopy) throws(StoreError) -> Bool {
    let start = ContinuousClock.now
    for _ in 0..<Self.mostTimes where ContinuousClock.now - start < Self.longestStep {
      guard try copy.step(pages: Self.pagesAtOnce) else { return false }
    }
    return true
  }
}

extension Database {
  /// Of all pages, those in the log among them.
  var bytes: Int64 {
    get throws(StoreError) {
      let pages = try integer("PRAGMA page_count") ?? 0
      return pages * (try integer("PRAGMA page_size") ?? 0)
    }
  }
}
