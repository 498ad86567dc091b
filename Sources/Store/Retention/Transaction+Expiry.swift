/// Deleting by age and size, a little in each step.
extension Transaction {
  /// How far a walk over rows came, from the oldest on; a step goes on behind it.
  struct ExpiryWalk: Sendable {
    var event: Int64 = 0
    var turn: Int64 = 0
    var response: Int64 = 0
  }

  /// Rows that are read at once.
  private static let rowsAtOnce: Int64 = 64

  // MARK: Event logs

  private struct Segment {
    let row: Int64
    let isFirst: Bool
    let bytes: Int
    let createdAt: Int64
    let endedAt: Int64?
  }

  /// Drops the events of responses that ended before a time; returns of how many, and whether there
  /// may be more.
  ///
  /// Rows are in the order in which they were written: behind one of a response that was made after
  /// that time nothing has ended before it.
  func expireEvents(
    endedBefore time: Int64, _ walk: inout ExpiryWalk, _ budget: inout StepBudget
  ) throws(StoreError) -> (logs: Int, isMore: Bool) {
    var logs = 0
    var bytes = 0
    while !budget.isSpent {
      let segments = try segments(after: walk.event)
      for segment in segments {
        guard segment.createdAt < time else { return (logs, false) }
        guard !budget.isSpent else { return (logs, true) }
        walk.event = segment.row
        guard let endedAt = segment.endedAt, endedAt < time else { continue }
        budget.spend(bytes: segment.bytes)
        bytes += segment.bytes
        if segment.isFirst { logs += 1 }
        if bytes == segment.bytes { try noteErasure() }
        try database.run("DELETE FROM events WHERE id = ?", .integer(segment.row))
      }
      if segments.isEmpty { return (logs, false) }
    }
    return (logs, true)
  }

  private func segments(after row: Int64) throws(StoreError) -> [Segment] {
    try database.all(
      """
      SELECT events.id, first, length(frames), created_at, ended_at
      FROM events JOIN responses ON responses.id = events.response
      WHERE events.id > ? ORDER BY events.id LIMIT ?
      """, .integer(row), .integer(Self.rowsAtOnce)
    ) { row in
      Segment(
        row: row.integer(0), isFirst: row.integer(1) == 0, bytes: Int(row.integer(2)),
        createdAt: row.integer(3), endedAt: row.optionalInteger(4))
    }
  }

  // MARK: Conversations and responses

  /// Hides some of what was last used before a time; returns nothing when nothing is left.
  func expire(
    usedBefore time: Int64, _ walk: inout ExpiryWalk, _ budget: inout StepBudget
  ) throws(StoreError) -> Expiry {
    var expiry = Expiry()
    while !budget.isSpent, let conversation = try oldestConversation(usedBefore: time) {
      budget.spend(rows: 2)
      try hide(conversation)
      expiry.conversations += 1
    }
    while !budget.isSpent, let response = try oldestResponse(endedBefore: time, &walk) {
      budget.spend(rows: 8)
      try hideResponse(row: response.row)
      expiry.responses += 1
    }
    return expiry
  }

  /// Hides so many of what was used longest ago.
  func expireOldest(
    _ count: Int, _ walk: inout ExpiryWalk, _ budget: inout StepBudget
  ) throws(StoreError) -> Expiry {
    var expiry = Expiry()
    for _ in 0..<count where !budget.isSpent {
      budget.spend(rows: 8)
      let conversation = try oldestConversation(usedBefore: .max)
      let before = walk
      let response = try oldestResponse(endedBefore: .max, &walk)
      if let response, response.endedAt < conversation?.updatedAt ?? .max {
        try hideResponse(row: response.row)
        expiry.responses += 1
      } else if let conversation {
        walk = before
        try hide(conversation)
        expiry.conversations += 1
      }
    }
    return expiry
  }

  private func oldestConversation(
    usedBefore time: Int64
  ) throws(StoreError) -> StoredConversation? {
    let row = try database.integer(
      """
      SELECT id FROM conversations WHERE subject >= 0 AND updated_at < ?
      ORDER BY updated_at, id LIMIT 1
      """, .integer(time))
    return try row.flatMap { (row) throws(StoreError) in try conversation(row: row) }
  }

  private struct Ended {
    let row: Int64
    let turn: Int64
    let createdAt: Int64
    let endedAt: Int64
  }

  /// The first response outside of conversations, in the order in which they were made. Those that
  /// stored nothing go too: they are kept for their idempotency keys alone.
  private func oldestResponse(
    endedBefore time: Int64, _ walk: inout ExpiryWalk
  ) throws(StoreError) -> Ended? {
    let alone = try next(
      """
      SELECT responses.id, turns.id, created_at, coalesce(ended_at, ?1)
      FROM turns CROSS JOIN responses ON responses.turn = turns.id
      WHERE turns.conversation IS NULL AND turns.id > ?2 AND responses.subject >= 0
      ORDER BY turns.id LIMIT ?3
      """, after: &walk.turn, by: { $0.turn }, endedBefore: time)
    if let alone { return alone }
    return try next(
      """
      SELECT id, 0, created_at, coalesce(ended_at, ?1) FROM responses
      WHERE turn IS NULL AND id > ?2 AND subject >= 0 ORDER BY id LIMIT ?3
      """, after: &walk.response, by: { $0.row }, endedBefore: time)
  }

  /// The first that ended before a time; nil once the next was made after it.
  ///
  /// - Parameters:
  ///   - position: up to where all were looked at.
  ///   - place: where one stands in that order.
  private func next(
    _ sql: String, after position: inout Int64, by place: (Ended) -> Int64,
    endedBefore time: Int64
  ) throws(StoreError) -> Ended? {
    while true {
      let rows = try database.all(
        sql, .integer(.max), .integer(position), .integer(Self.rowsAtOnce), read: Self.ended)
      for row in rows {
        guard row.createdAt < time else { return nil }
        position = place(row)
        if row.endedAt < time { return row }
      }
      if rows.isEmpty { return nil }
    }
  }

  private static func ended(_ row: borrowing Row) -> Ended {
    Ended(
      row: row.integer(0), turn: row.integer(1), createdAt: row.integer(2),
      endedAt: row.integer(3))
  }

  /// Bytes of the database that hold something.
  func usedBytes() throws(StoreError) -> Int {
    let pages = try database.integer("PRAGMA page_count") ?? 0
    let free = try database.integer("PRAGMA freelist_count") ?? 0
    return Int((pages - free) * (try database.integer("PRAGMA page_size") ?? 0))
  }
}
