extension Transaction {
  /// Whether the text of a turn is in the search index.
  enum SearchState: Int64 {
    case running = 0
    case waiting = 1
    case indexed = 2
    /// What was said is in the index as another turn's, and would be found many times over; or it
    /// came to nothing.
    case leftOut = 3
  }

  func addTurn(
    as owner: Owner, parent: Int64?, conversation: Int64?, _ search: SearchState
  ) throws(StoreError) -> Int64 {
    // As SQLite would choose it, but known before, for the checksum.
    let row = (try database.integer("SELECT max(id) FROM turns") ?? 0) + 1
    let turn = Turn(
      row: row, subject: owner.subject, token: owner.token, parent: parent,
      conversation: conversation)
    try database.run(
      """
      INSERT INTO turns (id, subject, parent, conversation, search, checksum, token)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """, .integer(row), .subject(owner), .integer(parent), .integer(conversation),
      .integer(search.rawValue), .integer(Self.checksum(of: turn)), .text(owner.token))
    if search == .waiting { database.unindexedTurns += 1 }
    return row
  }

  /// Lets a turn be found after all: something goes on from it.
  func indexIfLeftOut(_ turn: Int64) throws(StoreError) {
    database.unindexedTurns += try database.run(
      "UPDATE turns SET search = 1 WHERE id = ? AND search = 3", .integer(turn))
  }

  func setParent(of turn: Turn, to parent: Int64?) throws(StoreError) {
    var turn = turn
    turn.parent = parent
    try database.run(
      "UPDATE turns SET parent = ?, checksum = ? WHERE id = ?", .integer(parent),
      .integer(Self.checksum(of: turn)), .integer(turn.row))
  }

  func setSearchState(of turn: Int64, to state: SearchState) throws(StoreError) {
    try database.run(
      "UPDATE turns SET search = ? WHERE id = ?", .integer(state.rawValue), .integer(turn))
    if state == .waiting { database.unindexedTurns += 1 }
  }

  func turn(_ row: Int64) throws(StoreError) -> Turn {
    let found = try database.first(
      "SELECT subject, parent, conversation, checksum, token FROM turns WHERE id = ?", .integer(row)
    ) { columns throws(StoreError) in
      let turn = Turn(
        row: row, subject: columns.integer(0), token: columns.optionalText(4),
        parent: columns.optionalInteger(1), conversation: columns.optionalInteger(2))
      guard Self.checksum(of: turn) == columns.integer(3) else { throw .corrupt("turns", row) }
      return turn
    }
    guard let found else { throw .corrupt("turns", row) }
    return found
  }

  private static func checksum(of turn: Turn) -> Int64 {
    var checksum = Checksum()
    checksum.combine(turn.row)
    checksum.combine(turn.subject)
    checksum.combine(turn.parent)
    checksum.combine(maker: turn.token)
    return checksum.value
  }

  /// The turns from one to the root of its tree, newest first.
  func path(from head: Int64?) throws(StoreError) -> [Turn] {
    var path: [Turn] = []
    var next = head
    while let row = next {
      let turn = try turn(row)
      if let last = path.last, last.subject != turn.subject { throw .corrupt("turns", row) }
      path.append(turn)
      next = turn.parent
    }
    return path
  }
}
