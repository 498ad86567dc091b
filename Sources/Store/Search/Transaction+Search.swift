extension Transaction {
  func search(_ request: SearchRequest, uid: UInt32) throws(StoreError) -> [SearchHit] {
    var path: Set<Int64>?
    var hidden: Set<Int64> = []
    if let id = request.conversation {
      let conversation = try conversation(id, uid: uid)
      path = Set(try self.path(from: conversation.head).map(\.row))
      hidden = try hiddenItems(of: conversation.row)
    }
    guard let expression = SearchQuery.expression(request.query), try hasIndex(uid: uid) else {
      return []
    }
    var hits: [SearchHit] = []
    for match in try matches(expression, uid: uid, limit: path == nil ? request.limit : nil) {
      guard hits.count < request.limit else { break }
      guard !hidden.contains(match.row), let item = try intactItem(match.row, uid: uid),
        path?.contains(item.turn) != false
      else { continue }
      hits.append(try hit(match, item, expression, request, uid: uid))
    }
    return hits
  }

  private struct Match {
    let row: Int64
    let score: Double
  }

  /// The best matches, best first; all of them without a limit.
  private func matches(
    _ expression: String, uid: UInt32, limit: Int?
  ) throws(StoreError) -> [Match] {
    let name = indexName(uid: uid)
    return try database.all(
      "SELECT rowid, rank FROM \(name) WHERE \(name) MATCH ? ORDER BY rank LIMIT ?",
      .text(expression), .integer(Int64(limit ?? -1))
    ) { Match(row: $0.integer(0), score: -$0.double(1)) }
  }

  /// An item, unless its row is damaged: one damaged message must not hide all others.
  private func intactItem(_ row: Int64, uid: UInt32) throws(StoreError) -> StoredItem? {
    do throws(StoreError) {
      return try item(row: row, uid: uid)
    } catch {
      guard error.code == .corrupt else { throw error }
      return nil
    }
  }

  private func hit(
    _ match: Match, _ item: StoredItem, _ expression: String, _ request: SearchRequest,
    uid: UInt32
  ) throws(StoreError) -> SearchHit {
    let turn = try turn(item.turn)
    let conversation = try home(of: item, in: turn, request, uid: uid)
    return SearchHit(
      conversationID: conversation?.id, conversationName: conversation?.name,
      responseID: try responseID(ofTurn: turn.row), itemID: item.id, role: item.role,
      snippet: try snippet(match.row, expression, request, uid: uid),
      createdAt: item.createdAt, score: match.score)
  }

  private func home(
    of item: StoredItem, in turn: Turn, _ request: SearchRequest, uid: UInt32
  ) throws(StoreError) -> StoredConversation? {
    if let id = request.conversation { return try conversation(id, uid: uid) }
    return try visible(item, in: turn)
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
    _ row: Int64, _ expression: String, _ request: SearchRequest, uid: UInt32
  ) throws(StoreError) -> String {
    let name = indexName(uid: uid)
    return try database.first(
      """
      SELECT snippet(\(name), 0, ?, ?, '…', 16) FROM \(name)
      WHERE \(name) MATCH ? AND rowid = ?
      """, .text(request.marks.before), .text(request.marks.after), .text(expression),
      .integer(row)
    ) { $0.text(0) } ?? ""
  }
}
