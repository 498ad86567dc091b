extension Transaction {
  /// The newest matches that are ranked. Ranking reads every match, and for a word that is in
  /// everything that would take most of a second.
  private static let mostRankedMatches = 500

  func search(_ request: SearchRequest, as owner: Owner) throws(StoreError) -> [SearchHit] {
    var visible: Set<Int64>?
    if let id = request.conversation { visible = try items(inConversation: id, as: owner) }
    guard let expression = SearchQuery.expression(request.query) else { return [] }
    var hits: [SearchHit] = []
    for match in try matches(expression, among: visible, as: owner) {
      guard hits.count < request.limit else { break }
      guard let item = try intactItem(match.row, subject: owner.subject) else { continue }
      hits.append(try hit(match, item, expression, request, as: owner))
    }
    return hits
  }

  private func items(
    inConversation id: String, as owner: Owner
  ) throws(StoreError) -> Set<Int64> {
    let conversation = try conversation(id, as: owner)
    var rows: Set<Int64> = []
    for turn in try path(from: conversation.head) {
      rows.formUnion(
        try database.all("SELECT id FROM items WHERE turn = ?", .integer(turn.row)) {
          $0.integer(0)
        })
    }
    return rows.subtracting(try hiddenItems(of: conversation.row))
  }

  private struct Match {
    let row: Int64
    let score: Double
  }

  /// The newest matches, best first. Scores of two tables are comparable because both hold many
  /// messages of one user.
  private func matches(
    _ expression: String, among rows: Set<Int64>?, as owner: Owner
  ) throws(StoreError) -> [Match] {
    var matches: [Match] = []
    for index in try indexes(subject: owner.subject) where matches.count < Self.mostRankedMatches {
      matches += try self.matches(
        expression, in: index, among: rows, as: owner, limit: Self.mostRankedMatches - matches.count
      )
    }
    return matches.sorted { ($0.score, $0.row) > ($1.score, $1.row) }
  }

  private func matches(
    _ expression: String, in index: SearchIndex, among rows: Set<Int64>?, as owner: Owner,
    limit: Int
  ) throws(StoreError) -> [Match] {
    let rows = rows?.filter(index.rows.contains)
    if rows?.isEmpty == true { return [] }
    let list = rows.map { "[\($0.map(String.init).joined(separator: ","))]" }
    // The plus keeps the list from being searched for one by one, which would count the words of
    // the whole table for each.
    let condition = list == nil ? "?2 IS NULL" : "+rowid IN (SELECT value FROM json_each(?2))"
    // Who may see the list's conversation sees all that was said in it.
    let maker = list == nil && !owner.seesAll ? Self.isMadeByToken : "?6 IS ?6"
    return try database.all(
      """
      SELECT rowid, bm25(\(index.name)) FROM \(index.name)
      WHERE \(index.name) MATCH ?1 AND rowid BETWEEN ?3 AND ?4 AND \(condition) AND \(maker)
      ORDER BY rowid DESC LIMIT ?5
      """, .text(expression), .text(list), .integer(rows?.min() ?? 0),
      .integer(rows?.max() ?? .max), .integer(Int64(limit)), .text(owner.token)
    ) { Match(row: $0.integer(0), score: -$0.double(1)) }
  }

  private static let isMadeByToken = """
    +rowid IN (SELECT items.id FROM items JOIN turns ON turns.id = items.turn WHERE token = ?6)
    """

  /// An item, unless its row is damaged: one damaged message must not hide all others.
  private func intactItem(_ row: Int64, subject: Int64) throws(StoreError) -> StoredItem? {
    do throws(StoreError) {
      return try item(row: row, subject: subject)
    } catch {
      guard error.code == .corrupt else { throw error }
      return nil
    }
  }

  private func hit(
    _ match: Match, _ item: StoredItem, _ expression: String, _ request: SearchRequest,
    as owner: Owner
  ) throws(StoreError) -> SearchHit {
    let turn = try turn(item.turn)
    let conversation = try home(of: item, in: turn, request, as: owner)
    return SearchHit(
      conversationID: conversation?.id, conversationName: conversation?.name,
      responseID: try responseID(ofTurn: turn.row), itemID: item.id, role: item.role,
      snippet: try snippet(match.row, expression, request, subject: owner.subject),
      createdAt: item.createdAt, score: match.score)
  }

  private func home(
    of item: StoredItem, in turn: Turn, _ request: SearchRequest, as owner: Owner
  ) throws(StoreError) -> StoredConversation? {
    if let id = request.conversation { return try conversation(id, as: owner) }
    guard let home = try visible(item, in: turn), owner.sees(madeBy: home.token) else { return nil }
    return home
  }

  /// The conversation in which an item was said, unless it was deleted from that.
  private func visible(
    _ item: StoredItem, in turn: Turn
  ) throws(StoreError) -> StoredConversation? {
    guard let row = turn.conversation else { return nil }
    guard try hiddenItems(of: row).contains(item.row) else { return try conversation(row: row) }
    for holder in try conversations(holding: turn.row)
    where try !hiddenItems(of: holder).contains(item.row) {
      return try conversation(row: holder)
    }
    return nil
  }

  private func responseID(ofTurn turn: Int64) throws(StoreError) -> String? {
    try database.first("SELECT response_id FROM responses WHERE turn = ?", .integer(turn)) {
      $0.text(0)
    }
  }

  private func snippet(
    _ row: Int64, _ expression: String, _ request: SearchRequest, subject: Int64
  ) throws(StoreError) -> String {
    let name = SearchIndex(subject: subject, item: row).name
    return try database.first(
      """
      SELECT snippet(\(name), 0, ?, ?, '…', 16) FROM \(name)
      WHERE \(name) MATCH ? AND rowid = ?
      """, .text(request.marks.before), .text(request.marks.after), .text(expression),
      .integer(row)
    ) { $0.text(0) } ?? ""
  }
}
