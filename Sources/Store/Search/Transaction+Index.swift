/// The search index: one for each user, so that nobody's words change another's results.
extension Transaction {
  func indexName(uid: UInt32) -> String { "said_\(uid)" }

  func hasIndex(uid: UInt32) throws(StoreError) -> Bool {
    try database.integer(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?",
      .text(indexName(uid: uid))) != nil
  }

  /// The index holds no text of its own; it reads items through a view.
  private func makeIndex(uid: UInt32) throws(StoreError) {
    guard try !hasIndex(uid: uid) else { return }
    let name = indexName(uid: uid)
    try database.script(
      """
      CREATE VIEW \(name)_text AS SELECT id, item_text(json) AS text FROM items;
      CREATE VIRTUAL TABLE \(name) USING fts5 (
        text, content = '\(name)_text', content_rowid = 'id',
        tokenize = 'unicode61 remove_diacritics 2');
      """)
  }

  /// Puts turns that wait into the index; returns how many it found waiting.
  func indexTurns(limit: Int) throws(StoreError) -> Int {
    let turns = try database.all(
      "SELECT id FROM turns WHERE search = 1 ORDER BY id LIMIT ?", .integer(Int64(limit))
    ) { $0.integer(0) }
    for row in turns { try index(turn(row)) }
    return turns.count
  }

  private func index(_ turn: Turn) throws(StoreError) {
    for item in try items(ofTurn: turn.row, uid: turn.uid) {
      guard let text = ItemText.said(in: item.json) else { continue }
      try makeIndex(uid: turn.uid)
      try database.run(
        "INSERT INTO \(indexName(uid: turn.uid)) (rowid, text) VALUES (?, ?)",
        .integer(item.row), .text(text))
    }
    try setSearchState(of: turn.row, to: .indexed)
  }

  /// Takes an item out of the index. Its words stay in the file until `mergeIndex` has finished.
  func removeFromIndex(_ item: StoredItem, uid: UInt32) throws(StoreError) {
    let state = try database.integer("SELECT search FROM turns WHERE id = ?", .integer(item.turn))
    guard state == SearchState.indexed.rawValue, let text = ItemText.said(in: item.json) else {
      return
    }
    let name = indexName(uid: uid)
    try database.run(
      "INSERT INTO \(name) (\(name), rowid, text) VALUES ('delete', ?, ?)", .integer(item.row),
      .text(text))
    try noteErasure(fromIndexOf: uid)
  }

  /// Writes part of an index anew without what was deleted; returns whether there is more to do.
  ///
  /// The first step has to mark everything for merging, the others go on from there.
  ///
  /// - Parameter pages: about how much is written in this step.
  func mergeIndex(uid: UInt32, pages: Int, isFirst: Bool) throws(StoreError) -> Bool {
    guard try hasIndex(uid: uid) else { return false }
    let name = indexName(uid: uid)
    let before = database.totalChanges
    try database.run(
      "INSERT INTO \(name) (\(name), rank) VALUES ('merge', ?)",
      .integer(Int64(isFirst ? -pages : pages)))
    // Fewer than two changes mean that nothing was left to merge (FTS5, "The 'merge' command").
    return database.totalChanges - before >= 2
  }

  /// Makes an index anew from the items.
  func rebuildIndex(uid: UInt32) throws(StoreError) {
    guard try hasIndex(uid: uid) else { return }
    let name = indexName(uid: uid)
    try database.script("DROP TABLE \(name); DROP VIEW \(name)_text;")
    try database.run("UPDATE turns SET search = 1 WHERE search = 2 AND uid = ?", .user(uid))
  }
}
