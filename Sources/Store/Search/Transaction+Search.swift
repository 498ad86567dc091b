extension Transaction {
  /// The newest matches that are ranked. Ranking reads every match, and for a word that is in
  /// everything that would take most of a second.
  private static let mostRankedMatches = 500

  func search(_ request: SearchRequest, as owner: Owner) throws(StoreError) -> [SearchHit] {
    let query = SearchQuery(request.query)
    var place: SearchPlace?
    if let id = request.conversation {
      place = try SearchPlace(conversation(id, as: owner), in: self)
    }
    guard let expression = query.expression else { return [] }
    var hits: [SearchHit] = []
    for match in try matches(expression, in: place, as: owner) {
      guard hits.count < request.limit else { break }
      // One damaged message, or its turn, must not hide all others.
      let found = try unlessDamaged { () throws(StoreError) -> SearchHit? in
        try hit(match, query, in: place, request, as: owner)
      }
      if let hit = found ?? nil { hits.append(hit) }
    }
    return hits
  }

  private struct Match {
    let row: Int64
    let score: Double
  }

  /// The newest matches, best first. Scores of two tables are comparable because both hold many
  /// messages of one user.
  private func matches(
    _ expression: String, in place: SearchPlace?, as owner: Owner
  ) throws(StoreError) -> [Match] {
    var matches: [Match] = []
    for index in try indexes(subject: owner.subject) where matches.count < Self.mostRankedMatches {
      try addMatches(expression, from: index, in: place, as: owner, to: &matches)
    }
    return matches.sorted { ($0.score, $0.row) > ($1.score, $1.row) }
  }

  private func addMatches(
    _ expression: String, from index: SearchIndex, in place: SearchPlace?, as owner: Owner,
    to matches: inout [Match]
  ) throws(StoreError) {
    // Who may see the conversation sees all that was said in it.
    let maker = place == nil && !owner.seesAll ? Self.isMadeByToken(index) : "?2 IS ?2"
    try database.each(
      """
      SELECT rowid, bm25(\(index.name), 1.0, 0.5, 0.0) FROM \(index.name)
      WHERE \(index.name) MATCH ?1 AND \(maker) ORDER BY rowid DESC
      """, .text(place?.narrowed(expression) ?? expression), .text(owner.token)
    ) { row throws(StoreError) in
      let match = Match(row: row.integer(0), score: -row.double(1))
      let isShown = if let place { try place.shows(match.row, in: self) } else { true }
      if isShown { matches.append(match) }
      return matches.count < Self.mostRankedMatches
    }
  }

  private static func isMadeByToken(_ index: SearchIndex) -> String {
    """
    (SELECT turns.token FROM items CROSS JOIN turns ON turns.id = items.turn
      WHERE items.id = \(index.name).rowid) = ?2
    """
  }

  private func hit(
    _ match: Match, _ query: SearchQuery, in place: SearchPlace?, _ request: SearchRequest,
    as owner: Owner
  ) throws(StoreError) -> SearchHit? {
    guard let item = try item(row: match.row, subject: owner.subject) else { return nil }
    let turn = try turn(item.turn)
    guard try !isHidden(turn: turn.row) else { return nil }
    let conversation =
      if let place { place.conversation } else { try home(of: item, in: turn, as: owner) }
    let snippet = Snippet(of: ItemText.said(in: item.json) ?? "", query)
    return SearchHit(
      conversationID: conversation?.id, conversationName: conversation?.name,
      responseID: try responseID(ofTurn: turn.row), itemID: item.id, role: item.role,
      snippet: snippet.marked(request.marks), createdAt: item.createdAt, score: match.score)
  }

  private func home(
    of item: StoredItem, in turn: Turn, as owner: Owner
  ) throws(StoreError) -> StoredConversation? {
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
}
