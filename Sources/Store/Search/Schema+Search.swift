extension Schema {
  /// Indexes of words alone, which `Database.dropTextIndexes` makes room for.
  static let search = """
    DROP VIEW item_texts;

    -- The conversation under which the words of a turn are in the index; the turn itself may be
    -- another's since.
    ALTER TABLE turns ADD COLUMN place INTEGER;
    UPDATE turns SET search = 1 WHERE search = 2;
    """
}

extension Database {
  /// Drops the search indexes of versions before 6, which read the items' texts by themselves.
  func dropTextIndexes() throws(StoreError) {
    let names = try all(
      """
      SELECT name FROM sqlite_schema
      WHERE type = 'table' AND name GLOB 'said_*' AND sql LIKE 'CREATE VIRTUAL TABLE%'
      """
    ) { $0.text(0) }
    for name in names {
      do throws(StoreError) {
        try script("DROP TABLE \"\(name)\"")
      } catch {
        // What is in a damaged one stays there; nobody reads it.
        guard error.code == .corrupt else { throw error }
      }
    }
  }
}
