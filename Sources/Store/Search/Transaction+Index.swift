internal import CSQLite

/// Keeping the search index.
extension Transaction {
  /// A user's tables, the one with the newest items first.
  func indexes(subject: Int64) throws(StoreError) -> [SearchIndex] {
    try database.all(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?",
      .text(SearchIndex.pattern(subject: subject))
    ) { SearchIndex(name: $0.text(0)) }
    .compactMap { $0 }
    .sorted { $0.range > $1.range }
  }

  private func exists(_ index: SearchIndex) throws(StoreError) -> Bool {
    try database.integer(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", .text(index.name)) != nil
  }

  /// A table holds no text, only where words stand. Words come in their final spelling, so that it
  /// splits at spaces and changes nothing.
  private func makeIndex(_ index: SearchIndex) throws(StoreError) {
    guard try !exists(index) else { return }
    try database.script(
      """
      CREATE VIRTUAL TABLE \(index.name) USING fts5 (
        words, parts, place, content = '', tokenize = 'ascii')
      """)
  }

  /// Puts turns that wait into the index, as many as a step may take; returns how many, and whether
  /// there are more.
  func indexTurns(limit: Int) throws(StoreError) -> (count: Int, isMore: Bool) {
    let turns = try database.all(
      "SELECT id FROM turns WHERE search = 1 ORDER BY id LIMIT ?", .integer(Int64(limit))
    ) { $0.integer(0) }
    var budget = StepBudget()
    var count = 0
    for row in turns where !budget.isSpent {
      budget.spend()
      try index(turn: row)
      count += 1
    }
    return (count, count < turns.count || count == limit)
  }

  /// A damaged turn is left out; it is reported to whoever reads it.
  private func index(turn row: Int64) throws(StoreError) {
    guard let turn = try unlessDamaged({ () throws(StoreError) in try turn(row) }) else {
      return try setSearchState(of: row, to: .leftOut)
    }
    for item in try intactItems(ofTurn: row, subject: turn.subject) {
      // Where the table was damaged, all of it is indexed again.
      guard try index(item, of: turn) else { return }
    }
    try database.run(
      "UPDATE turns SET search = 2, place = conversation WHERE id = ?", .integer(row))
  }

  /// Puts an item into the index; false when that was damaged and had to be dropped.
  private func index(_ item: StoredItem, of turn: Turn) throws(StoreError) -> Bool {
    guard let text = ItemText.said(in: item.json) else { return true }
    let index = SearchIndex(subject: turn.subject, item: item.row)
    let indexed = IndexedText(text)
    return try replacingIfDamaged(index) { () throws(StoreError) in
      try makeIndex(index)
      try database.run(
        "INSERT INTO \(index.name) (rowid, words, parts, place) VALUES (?, ?, ?, ?)",
        .integer(item.row), .text(indexed.words), .text(indexed.parts),
        .text(IndexedText.place(turn.conversation)))
    }
  }

  /// Takes an item out of the index. Its words stay in the file until `mergeIndex` has finished.
  func removeFromIndex(_ item: StoredItem, subject: Int64) throws(StoreError) {
    let place = try database.first(
      "SELECT place FROM turns WHERE id = ? AND search = 2", .integer(item.turn)
    ) { $0.optionalInteger(0) }
    guard let place, let text = ItemText.said(in: item.json) else { return }
    let index = SearchIndex(subject: subject, item: item.row)
    let indexed = IndexedText(text)
    try noteErasure(from: index)
    _ = try replacingIfDamaged(index) { () throws(StoreError) in
      guard try exists(index) else { return }
      try database.run(
        """
        INSERT INTO \(index.name) (\(index.name), rowid, words, parts, place)
        VALUES ('delete', ?, ?, ?, ?)
        """, .integer(item.row), .text(indexed.words), .text(indexed.parts),
        .text(IndexedText.place(place)))
    }
  }

  /// Writes part of a table anew without what was deleted; returns whether there is more to do.
  ///
  /// The first step has to mark everything for merging, the others go on from there.
  ///
  /// - Parameter pages: about how much is written in this step.
  func mergeIndex(
    _ index: SearchIndex, pages: Int, isFirst: Bool
  ) throws(StoreError) -> Bool {
    var isMore = false
    _ = try replacingIfDamaged(index) { () throws(StoreError) in
      guard try exists(index) else { return }
      let before = database.totalChanges
      try database.run(
        "INSERT INTO \(index.name) (\(index.name), rank) VALUES ('merge', ?)",
        .integer(Int64(isFirst ? -pages : pages)))
      // Fewer than two changes mean that nothing was left to merge (FTS5, "The 'merge' command").
      isMore = database.totalChanges - before >= 2
    }
    return isMore
  }

  /// Runs the body; when it finds the table damaged, drops that, has its items indexed again, and
  /// returns false.
  private func replacingIfDamaged(
    _ index: SearchIndex, _ body: () throws(StoreError) -> Void
  ) throws(StoreError) -> Bool {
    do throws(StoreError) {
      try body()
      return true
    } catch {
      guard error.sqliteCode & 0xFF == SQLITE_CORRUPT, try exists(index) else { throw error }
      try drop(index)
      return false
    }
  }

  /// Drops a table, and has its items indexed again.
  func drop(_ index: SearchIndex) throws(StoreError) {
    try database.script("DROP TABLE \(index.name)")
    database.unindexedTurns += try database.run(
      """
      UPDATE turns SET search = 1 WHERE search = 2 AND subject = ?
        AND id IN (SELECT turn FROM items WHERE id >= ? AND id < ?)
      """, .integer(index.subject), .integer(index.rows.lowerBound), .integer(index.rows.upperBound)
    )
  }
}
