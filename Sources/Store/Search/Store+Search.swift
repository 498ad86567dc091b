extension Store {
  /// Turns that are put into the index in one transaction.
  private static let turnsAtOnce = 64

  /// Finds messages by their words, best first. A query that holds no word finds nothing.
  package func search(
    _ request: SearchRequest, uid: UInt32
  ) throws(StoreError) -> [SearchHit] {
    while try indexTurns() {}
    return try read { transaction throws(StoreError) in
      try transaction.search(request, uid: uid)
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
    guard unindexedTurns > 0 else { return false }
    let database = try openDatabase()
    var count = 0
    let transaction = transaction(on: database)
    try database.inTransaction { () throws(StoreError) in
      count = try transaction.indexTurns(limit: Self.turnsAtOnce)
    }
    if count < Self.turnsAtOnce { unindexedTurns = 0 }
    return count == Self.turnsAtOnce
  }
}
