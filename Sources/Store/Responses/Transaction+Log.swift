internal import JSON

/// What a log shows of responses, and titles out of their first words.
extension Transaction {
  /// Bytes of a message that is read for its title; more would hold up others.
  private static let mostTitleBytes: Int64 = 2 << 20

  /// Rows of `usage` are small and in the order of time, so that a filter reads no answers.
  func log(
    _ request: ResponseLogRequest, as owner: Owner
  ) throws(StoreError) -> Page<ResponseSummary> {
    let isDescending = request.page.order == .descending
    var bound = isDescending ? Int64.max : Int64.min
    if let after = request.page.after { bound = try usageRow(ofResponse: after, as: owner) }
    var only: String?
    if let scope = request.scope {
      only = try lastResponse(ofScope: scope, as: owner)
      guard only != nil else { return Page([], limit: request.page.limit) }
    }
    let rows = try database.all(
      """
      SELECT r.response_id, r.status, r.created_at, u.model, u.upstream, u.client,
        r.previous_response_id, c.conversation_id, c.name, u.cost, r.turn
      FROM usage u CROSS JOIN responses r ON r.id = u.response JOIN turns t ON t.id = r.turn
        LEFT JOIN conversations c ON c.id = t.conversation
      WHERE u.subject = ?1 AND r.subject = ?1 AND r.is_stored AND c.subject IS NOT -2 AND (?2 OR t.token = ?3)
        AND u.id \(isDescending ? "<" : ">") ?4 AND (?5 IS NULL OR u.model GLOB ?5)
        AND (?6 IS NULL OR u.client = ?6) AND (?7 IS NULL OR c.conversation_id = ?7)
        AND (?8 IS NULL OR u.started_at >= ?8) AND (?9 IS NULL OR r.response_id = ?9)
      ORDER BY u.id \(isDescending ? "DESC" : "ASC") LIMIT ?10
      """, .subject(owner), .flag(owner.seesAll), .text(owner.token), .integer(bound),
      .text(request.model), .text(request.client), .text(request.conversation),
      .integer(request.since), .text(only), .integer(Int64(request.page.limit + 1))
    ) { row throws(StoreError) in
      Self.summary(row, title: try title(ofTurn: row.integer(10), isFirst: false))
    }
    return Page(rows, limit: request.page.limit)
  }

  private static func summary(_ row: borrowing Row, title: String?) -> ResponseSummary {
    ResponseSummary(
      id: row.text(0), status: row.text(1), createdAt: row.integer(2), model: row.text(3),
      upstream: row.text(4), client: row.text(5), previousResponseID: row.optionalText(6),
      conversationID: row.optionalText(7), conversationName: row.optionalText(8),
      cost: row.optionalInteger(9), title: title)
  }

  private func usageRow(ofResponse id: String, as owner: Owner) throws(StoreError) -> Int64 {
    let row = try database.integer(
      """
      SELECT u.id FROM responses r JOIN usage u ON u.response = r.id JOIN turns t ON t.id = r.turn
      WHERE r.subject = ? AND r.response_id = ? AND (? OR t.token = ?)
      """, .subject(owner), .text(id), .flag(owner.seesAll), .text(owner.token))
    guard let row else { throw .notFound("response", id) }
    return row
  }

  // MARK: Titles

  /// The first words of a conversation without a name, as far as it was begun here.
  func title(of conversation: StoredConversation) throws(StoreError) -> String? {
    let first = try database.integer(
      "SELECT min(id) FROM turns WHERE conversation = ?", .integer(conversation.row))
    guard let turn = first ?? conversation.head else { return nil }
    return try title(ofTurn: turn, isFirst: true)
  }

  /// The first words that a user said in a turn: in its first message, or in its last.
  private func title(ofTurn turn: Int64, isFirst: Bool) throws(StoreError) -> String? {
    let json = try database.first(
      """
      SELECT json FROM items
      WHERE turn = ? AND NOT is_output AND role = 'user' AND length(json) <= ?
      ORDER BY position \(isFirst ? "ASC" : "DESC") LIMIT 1
      """, .integer(turn), .integer(Self.mostTitleBytes)
    ) { $0.json(0) }
    return json.flatMap { $0 }.flatMap(ItemText.title)
  }
}
