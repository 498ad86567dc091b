extension Store {
  /// Turns that are put into the index in one transaction.
  private static let turnsAtOnce = 32

  /// Finds messages by their words, best first. A query that holds no word finds nothing.
  package func search(
    _ request: SearchRequest, as principal: Principal
  ) async throws(StoreError) -> [SearchHit] {
    do throws(StoreError) {
      return try await searchAll(request, as: principal)
    } catch {
      // A damaged index is made anew from the items. One whose items are damaged has no SQLite code.
      guard error.code == .corrupt, error.sqliteCode != 0 else { throw error }
      try dropIndexes(of: principal.subject)
      return try await searchAll(request, as: principal)
    }
  }

  private func searchAll(
    _ request: SearchRequest, as principal: Principal
  ) async throws(StoreError) -> [SearchHit] {
    while try indexTurns() {
      mergeLongLog()
      // Others' commits come between the steps.
      await Task.yield()
    }
    return try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.search(request, as: owner)
    }
  }

  private func dropIndexes(of subject: Subject) throws(StoreError) {
    let transaction = transaction(on: try openDatabase())
    try transaction.database.inTransaction { () throws(StoreError) in
      let subject = try transaction.known(subject)
      for index in try transaction.indexes(subject: subject) { try transaction.drop(index) }
    }
  }

  /// Indexes some of the turns that wait; returns whether there may be more.
  func indexSome() -> Bool {
    do throws(StoreError) {
      return try indexTurns()
    } catch {
      // They wait in the database and are tried again before the next search.
      return false
    }
  }

  /// The index is written apart from the turn's own commit, which a client waits for.
  private func indexTurns() throws(StoreError) -> Bool {
    let database = try openDatabase()
    guard database.unindexedTurns > 0 else { return false }
    let transaction = transaction(on: database)
    var (count, isMore) = (0, false)
    try database.inTransaction { () throws(StoreError) in
      (count, isMore) = try transaction.indexTurns(limit: Self.turnsAtOnce)
    }
    database.unindexedTurns = isMore ? max(database.unindexedTurns - count, 1) : 0
    return isMore
  }
}
