/// The notes of what was deleted and is still to be erased.
extension Transaction {
  struct Note {
    let row: Int64
    /// The user whose search index holds deleted words.
    let uid: UInt32?
  }

  func noteErasure(fromIndexOf uid: UInt32? = nil) throws(StoreError) {
    try database.run("INSERT INTO erasures (uid) VALUES (?)", .integer(uid.map(Int64.init)))
  }

  /// The notes in the order in which they were made.
  func erasures() throws(StoreError) -> [Note] {
    try database.all("SELECT id, uid FROM erasures ORDER BY id") {
      Note(row: $0.integer(0), uid: $0.optionalInteger(1).map(UInt32.init(truncatingIfNeeded:)))
    }
  }

  func forgetErasures(upTo row: Int64) throws(StoreError) {
    try database.run("DELETE FROM erasures WHERE id <= ?", .integer(row))
  }
}
