internal import JSON

/// Deleting, and what is no longer held by anything with it.
///
/// 1. A turn lives while a response, a conversation's head or a younger turn holds it.
/// 2. Deleting a response keeps what others say after it: its items stay as their context.
/// 3. Deleting a conversation deletes its responses, except those that a fork shares.
/// 4. Deleting an item from a conversation takes it from the disk, except while a fork shares it.
/// 5. What is deleted is hidden at once: its row belongs to nobody from then on. A sweep deletes what
///    is hidden, and meanwhile the responses of a hidden conversation are seen by nobody.
extension Transaction {
  /// The subject of what is hidden.
  static let nobody: Int64 = -2

  func hideResponse(_ id: String, as owner: Owner) throws(StoreError) {
    try hideResponse(row: response(id, as: owner).handle.row)
  }

  func hideResponse(row: Int64) throws(StoreError) {
    try noteErasure()
    try database.run("DELETE FROM cache_entries WHERE response = ?", .integer(row))
    try database.run("DELETE FROM scopes WHERE response = ?", .integer(row))
    try database.run("UPDATE usage SET response = NULL WHERE response = ?", .integer(row))
    try database.run(
      """
      UPDATE responses SET subject = ?, response_id = ?, ended_at = coalesce(ended_at, ?),
        idempotency_key = NULL, body_hash = NULL, instructions = NULL, object = NULL, error = NULL
      WHERE id = ?
      """, .integer(Self.nobody), .text(StoreID.response()), .integer(now), .integer(row))
  }

  func hideConversation(_ id: String, as owner: Owner) throws(StoreError) {
    try hide(conversation(id, as: owner))
  }

  func hide(_ conversation: StoredConversation) throws(StoreError) {
    try noteErasure()
    try database.run(
      "UPDATE conversations SET subject = ?, conversation_id = ? WHERE id = ?",
      .integer(Self.nobody), .text(StoreID.conversation()), .integer(conversation.row))
    let hidden = try database.first(
      "SELECT \(Self.conversationColumns) FROM conversations WHERE id = ?",
      .integer(conversation.row)
    ) { Self.uncheckedConversation($0) }
    guard var hidden else { return }
    hidden.name = nil
    hidden.metadata = .emptyObject
    try update(hidden)
  }

  /// Whether a turn is only there because a sweep has not come to it yet.
  func isHidden(turn: Int64) throws(StoreError) -> Bool {
    let isHidden =
      try database.integer(
        """
        SELECT 1 FROM turns JOIN conversations ON conversations.id = turns.conversation
        WHERE turns.id = ? AND conversations.subject = ?
        """, .integer(turn), .integer(Self.nobody)) != nil
    guard isHidden else { return false }
    return try conversations(holding: turn).isEmpty
  }

  /// The conversations whose path leads through a turn.
  func conversations(holding turn: Int64) throws(StoreError) -> [Int64] {
    try database.all(
      """
      WITH RECURSIVE younger (id) AS (
        VALUES (?1) UNION ALL SELECT turns.id FROM turns JOIN younger ON turns.parent = younger.id)
      SELECT conversations.id FROM younger JOIN conversations ON conversations.head = younger.id
      WHERE conversations.subject >= 0
      """, .integer(turn)
    ) { $0.integer(0) }
  }

  // MARK: Items

  func deleteItem(
    _ itemID: String, from id: String, as owner: Owner
  ) throws(StoreError) -> StoredConversation {
    let conversation = try conversation(id, as: owner)
    let item = try conversationItem(itemID, in: id, as: owner)
    let holders = try conversations(holding: item.turn)
    if holders.contains(where: { $0 != conversation.row }) {
      try hide([item.row], in: conversation.row)
    } else {
      try noteErasure()
      try removeFromIndex(item, subject: owner.subject)
      try database.run("DELETE FROM items WHERE id = ?", .integer(item.row))
      if item.isOutput { try removeFromResponse(item, subject: owner.subject) }
    }
    return conversation
  }

  /// Takes an output item out of the response object too, and drops the events that spelled it.
  private func removeFromResponse(_ item: StoredItem, subject: Int64) throws(StoreError) {
    let row = try database.integer(
      "SELECT id FROM responses WHERE turn = ?", .integer(item.turn))
    guard let row else { return }
    var response = try response(ResponseHandle(subject: subject, row: row))
    try database.run("DELETE FROM events WHERE response = ?", .integer(row))
    guard let object = response.object, let output = object["output"] else { return }
    let rest = RawJSON.build { writer in
      writer.array { writer in
        for element in output.elements where element.bytes != item.json.bytes {
          writer.value(element)
        }
      }
    }
    response.object = object.setting("output", to: rest)
    try update(response)
  }
}
