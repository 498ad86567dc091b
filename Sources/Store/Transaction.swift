/// One reader's or writer's access to the tables, at one moment.
struct Transaction {
  let database: Database
  /// Milliseconds since 1970.
  let now: Int64

  /// What the body reads; nil where it does not match its checksum.
  func unlessDamaged<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(StoreError) -> Value? {
    do throws(StoreError) {
      return try body()
    } catch {
      // SQLite's own findings are the table's, and have a code.
      guard error.code == .corrupt, error.sqliteCode == 0 else { throw error }
      return nil
    }
  }
}
