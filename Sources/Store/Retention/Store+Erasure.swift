/// Taking deleted text out of the files.
///
/// SQLite overwrites deleted rows with zeros (`secure_delete`). Three copies are left: words in
/// the search index, which go when it is merged; free pages, which incremental vacuum gives back;
/// and older pages in the log, which is cut after a checkpoint. What is still to be erased is noted
/// in the transaction that deletes, so that a crash forgets nothing.
extension Store {
  /// Pages that one step writes, so that others' commits come between the steps.
  private static let pagesAtOnce = 256

  /// Erases all that was deleted before the call.
  func erase() async throws(StoreError) {
    if !erasure.begin(), try await !mustLead() { return }
    let followers = erasure.takeFollowers()
    var failure: StoreError?
    do throws(StoreError) {
      try await eraseText()
    } catch {
      failure = error
    }
    for follower in followers { follower.resume(returning: .done(failure)) }
    erasure.end()?.resume(returning: .lead)
    if let failure { throw failure }
  }

  private func mustLead() async throws(StoreError) -> Bool {
    switch await withCheckedContinuation({ erasure.wait($0) }) {
    case .lead: return true
    case .done(nil): return false
    case .done(let failure?): throw failure
    }
  }

  private func eraseText() async throws(StoreError) {
    let notes = try read { transaction throws(StoreError) in try transaction.erasures() }
    guard let last = notes.last else { return }
    for index in Set(notes.compactMap(\.index)) { try await merge(index) }
    while try await vacuumSome() {}
    try openDatabase().checkpoint(.truncate)
    counters.checkpoints += 1
    try await write { transaction throws(StoreError) in
      try transaction.forgetErasures(upTo: last.row)
    }
  }

  private func merge(_ index: SearchIndex) async throws(StoreError) {
    var isFirst = true
    var isMore = true
    while isMore {
      let isFirstStep = isFirst
      isMore = try await write { transaction throws(StoreError) in
        try transaction.mergeIndex(index, pages: Self.pagesAtOnce, isFirst: isFirstStep)
      }
      isFirst = false
    }
  }

  private func vacuumSome() async throws(StoreError) -> Bool {
    try await write { transaction throws(StoreError) in
      try transaction.database.run("PRAGMA incremental_vacuum(\(Self.pagesAtOnce))")
      return try transaction.database.integer("PRAGMA freelist_count") ?? 0 > 0
    }
  }
}
