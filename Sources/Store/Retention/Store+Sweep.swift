/// Taking deleted text out of the files.
///
/// What is deleted is hidden first, in one short transaction. A sweep then deletes its rows, a few in
/// each step, and erases their text. SQLite overwrites deleted rows with zeros (`secure_delete`).
/// Three copies are left: words in the search index, which go when it is merged; free pages, which
/// incremental vacuum gives back; and older pages in the log, which is cut after a checkpoint. What is
/// hidden and what is still to be erased is noted in the transaction that hides, so that a crash
/// forgets nothing.
extension Store {
  /// Pages of an index that one step writes.
  private static let pagesAtOnce = 64
  /// Pages that are given back before the time is looked at.
  private static let freePagesAtOnce = 16
  /// Between two tries to cut the log while others read it, at first and at most.
  private static let firstPause = Duration.milliseconds(20)
  private static let longestPause = Duration.seconds(1)

  /// Deletes and erases all that was hidden before the call.
  ///
  /// - Parameter patience: how long the caller waits; it goes on after. nil for as long as it takes.
  package func sweep(patience: Duration? = nil) async throws(StoreError) {
    _ = try openDatabase()
    sweeper.ask()
    if !sweeper.isRunning {
      sweeper.isRunning = true
      Task(executorPreference: thread) { await self.runSweeps() }
    }
    let outcome = await withCheckedContinuation { continuation in
      let number = sweeper.wait(continuation)
      guard let patience else { return }
      Task(executorPreference: thread) { await self.giveUpWaiting(number, after: patience) }
    }
    if case .failed(let error) = outcome { throw error }
  }

  private func giveUpWaiting(_ number: Int, after patience: Duration) async {
    await pause(patience)
    sweeper.giveUp(number)
  }

  private func pause(_ duration: Duration) async {
    await withCheckedContinuation { pauses.add($0, for: duration) }
  }

  private func runSweeps() async {
    while !isClosed, sweeper.begin() {
      var failure: StoreError?
      do throws(StoreError) {
        try await sweepAll()
      } catch {
        failure = error
      }
      sweeper.end(with: failure)
    }
    sweeper.isRunning = false
  }

  /// Begins again where another program has the database for itself.
  private func sweepAll() async throws(StoreError) {
    while true {
      do throws(StoreError) {
        try await sweepHidden()
        return try await erase()
      } catch {
        guard error.code == .busy else { throw error }
      }
      await pause(Self.longestPause)
    }
  }

  /// Deletes what is hidden, one caller after the other.
  func sweepHidden() async throws(StoreError) {
    while sweeper.isDeleting { await pause(Self.firstPause) }
    sweeper.isDeleting = true
    defer { sweeper.isDeleting = false }
    while try await step({ transaction, budget throws(StoreError) in
      try !transaction.purgeResponses(&budget)
    }) {}
    while var conversation = try await reader.read({ transaction throws(StoreError) in
      try transaction.hiddenConversation()
    }) {
      while let rest = try await purgeSome(of: conversation) { conversation = rest }
    }
  }

  /// Returns what is left of it; nil when it is gone.
  private func purgeSome(
    of conversation: Transaction.HiddenConversation
  ) async throws(StoreError) -> Transaction.HiddenConversation? {
    try await step { transaction, budget throws(StoreError) in
      var rest = conversation
      return try transaction.purge(&rest, &budget) ? nil : rest
    }
  }

  private func erase() async throws(StoreError) {
    let notes = try await reader.read { transaction throws(StoreError) in
      try transaction.erasures()
    }
    guard let last = notes.last else { return }
    for index in Set(notes.compactMap(\.index)) { try await merge(index) }
    while try await vacuumSome() {}
    try await cutLog()
    while try await step({ transaction, _ throws(StoreError) in
      try transaction.forgetErasures(upTo: last.row)
    }) {}
  }

  private func merge(_ index: SearchIndex) async throws(StoreError) {
    var isFirst = true
    var isMore = true
    while isMore {
      let isFirstStep = isFirst
      isMore = try await step { transaction, _ throws(StoreError) in
        try transaction.mergeIndex(index, pages: Self.pagesAtOnce, isFirst: isFirstStep)
      }
      isFirst = false
    }
  }

  private func vacuumSome() async throws(StoreError) -> Bool {
    try await step { transaction, budget throws(StoreError) in
      var isMore = true
      while isMore, !budget.isSpent {
        try transaction.database.run("PRAGMA incremental_vacuum(\(Self.freePagesAtOnce))")
        budget.spend(rows: Self.freePagesAtOnce, bytes: Self.freePagesAtOnce << 12)
        isMore = try transaction.database.integer("PRAGMA freelist_count") ?? 0 > 0
      }
      return isMore
    }
  }

  /// Cuts the log off. Somebody else who reads it keeps it from that for as long as they like, and
  /// nobody waits for them but this.
  private func cutLog() async throws(StoreError) {
    var pause = Self.firstPause
    while true {
      do throws(StoreError) {
        try openDatabase().checkpoint(.truncate)
        counters.checkpoints += 1
        return
      } catch {
        guard error.code == .busy else { throw error }
      }
      await self.pause(pause)
      pause = min(pause * 2, Self.longestPause)
    }
  }
}
