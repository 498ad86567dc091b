/// Deleting by age and size, a little in each step.
extension Transaction {
  /// Something that is deleted as a whole, with when it was last used.
  private enum Unit {
    case conversation(StoredConversation)
    case response(id: String, subject: Int64, endedAt: Int64)

    var usedAt: Int64 {
      switch self {
      case .conversation(let conversation): conversation.updatedAt
      case .response(_, _, let endedAt): endedAt
      }
    }
  }

  /// Drops the events of responses that ended before a time; returns of how many responses.
  func expireEvents(endedBefore time: Int64, limit: Int) throws(StoreError) -> Int {
    let responses = try database.all(
      """
      SELECT DISTINCT responses.id FROM events JOIN responses ON responses.id = events.response
      WHERE responses.ended_at < ? LIMIT ?
      """, .integer(time), .integer(Int64(limit))
    ) { $0.integer(0) }
    for response in responses {
      try database.run("DELETE FROM events WHERE response = ?", .integer(response))
    }
    if !responses.isEmpty { try noteErasure() }
    return responses.count
  }

  /// Deletes the oldest of what was last used before a time.
  func expire(usedBefore time: Int64, limit: Int) throws(StoreError) -> Expiry {
    let units = (try oldestConversations(limit) + oldestResponses(limit))
      .filter { $0.usedAt < time }
      .sorted { $0.usedAt < $1.usedAt }
    var expiry = Expiry()
    for unit in units.prefix(limit) {
      switch unit {
      case .conversation(let conversation):
        try delete(conversation)
        expiry.conversations += 1
      case .response(let id, let subject, _):
        try deleteResponse(id, subject: subject)
        expiry.responses += 1
      }
    }
    return expiry
  }

  /// Deletes the oldest, one after the other, while there is more than so many bytes.
  func shrink(to bytes: Int, limit: Int) throws(StoreError) -> Expiry {
    var expiry = Expiry()
    for _ in 0..<limit where try usedBytes() > bytes {
      let step = try expire(usedBefore: .max, limit: 1)
      if step.isEmpty { break }
      expiry.add(step)
    }
    return expiry
  }

  private func oldestConversations(_ limit: Int) throws(StoreError) -> [Unit] {
    let rows = try database.all(
      "SELECT id FROM conversations ORDER BY updated_at, id LIMIT ?", .integer(Int64(limit))
    ) { $0.integer(0) }
    var units: [Unit] = []
    for row in rows {
      if let conversation = try conversation(row: row) { units.append(.conversation(conversation)) }
    }
    return units
  }

  /// Responses that stored nothing go too: they are kept for their idempotency keys alone.
  private func oldestResponses(_ limit: Int) throws(StoreError) -> [Unit] {
    try database.all(
      """
      SELECT response_id, responses.subject, ended_at FROM responses
      LEFT JOIN turns ON turns.id = responses.turn
      WHERE ended_at IS NOT NULL AND turns.conversation IS NULL ORDER BY responses.id LIMIT ?
      """, .integer(Int64(limit))
    ) { row in
      .response(
        id: row.text(0), subject: row.integer(1), endedAt: row.integer(2))
    }
  }

  /// Bytes of the database that hold something.
  func usedBytes() throws(StoreError) -> Int {
    let pages = try database.integer("PRAGMA page_count") ?? 0
    let free = try database.integer("PRAGMA freelist_count") ?? 0
    return Int((pages - free) * (try database.integer("PRAGMA page_size") ?? 0))
  }
}
