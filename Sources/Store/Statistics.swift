/// What the store holds and did, for `daemon.status`.
package struct StoreStatistics: Sendable {
  /// Bytes of the database's file.
  package let databaseBytes: Int
  /// Bytes of the write-ahead log's file.
  package let logBytes: Int
  /// Bytes inside the database that hold nothing.
  package let freeBytes: Int
  package let responses: Int
  package let conversations: Int
  package let items: Int
  package let counters: Counters
}

extension Store {
  /// Counts what is stored, over all users. Takes some milliseconds with 100 000 turns.
  package func statistics() throws(StoreError) -> StoreStatistics {
    try read { transaction throws(StoreError) in
      let database = transaction.database
      func number(_ sql: String) throws(StoreError) -> Int { Int(try database.integer(sql) ?? 0) }
      let pageSize = try number("PRAGMA page_size")
      return StoreStatistics(
        databaseBytes: file.size, logBytes: file.logSize,
        freeBytes: try number("PRAGMA freelist_count") * pageSize,
        responses: try number("SELECT count(*) FROM responses"),
        conversations: try number("SELECT count(*) FROM conversations"),
        items: try number("SELECT count(*) FROM items"), counters: counters)
    }
  }
}
