/// The notes of what was deleted and is still to be erased.
extension Transaction {
  struct Note {
    let row: Int64
    /// The table that holds deleted words.
    let index: SearchIndex?
  }

  func noteErasure(from index: SearchIndex? = nil) throws(StoreError) {
    try database.run("INSERT INTO erasures (search_index) VALUES (?)", .text(index?.name))
  }

  /// The notes in the order in which they were made.
  func erasures() throws(StoreError) -> [Note] {
    try database.all("SELECT id, search_index FROM erasures ORDER BY id") {
      Note(row: $0.integer(0), index: SearchIndex(name: $0.text(1)))
    }
  }

  /// Forgets some of the notes up to one; returns whether there may be more.
  func forgetErasures(upTo row: Int64) throws(StoreError) -> Bool {
    try database.run(
      "DELETE FROM erasures WHERE id IN (SELECT id FROM erasures WHERE id <= ? LIMIT ?)",
      .integer(row), .integer(Int64(StepBudget.mostRows))) == StepBudget.mostRows
  }
}
