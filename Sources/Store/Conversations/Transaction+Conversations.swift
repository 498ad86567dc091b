internal import JSON

extension Transaction {
  private static let columns =
    "id, uid, conversation_id, name, metadata, created_at, updated_at, head, checksum"

  func conversation(_ id: String, uid: UInt32) throws(StoreError) -> StoredConversation {
    let conversation = try database.first(
      "SELECT \(Self.columns) FROM conversations WHERE uid = ? AND conversation_id = ?",
      .user(uid), .text(id)
    ) { row throws(StoreError) in try Self.conversation(row) }
    guard let conversation else { throw .notFound("conversation", id) }
    return conversation
  }

  func conversation(named name: String, uid: UInt32) throws(StoreError) -> StoredConversation? {
    try database.first(
      "SELECT \(Self.columns) FROM conversations WHERE uid = ? AND name = ?", .user(uid),
      .text(name)
    ) { row throws(StoreError) in try Self.conversation(row) }
  }

  func conversation(row: Int64) throws(StoreError) -> StoredConversation? {
    try database.first(
      "SELECT \(Self.columns) FROM conversations WHERE id = ?", .integer(row)
    ) { row throws(StoreError) in try Self.conversation(row) }
  }

  private static func conversation(
    _ row: borrowing Row
  ) throws(StoreError) -> StoredConversation {
    let conversation = StoredConversation(
      id: row.text(2), name: row.optionalText(3), metadata: row.json(4) ?? .emptyObject,
      createdAt: row.integer(5), updatedAt: row.integer(6), row: row.integer(0),
      uid: UInt32(truncatingIfNeeded: row.integer(1)), head: row.optionalInteger(7))
    guard checksum(of: conversation) == row.integer(8) else {
      throw .corrupt("conversations", conversation.row)
    }
    return conversation
  }

  private static func checksum(of conversation: StoredConversation) -> Int64 {
    var checksum = Checksum()
    checksum.combine(conversation.row)
    checksum.combine(Int64(conversation.uid))
    checksum.combine(conversation.id)
    checksum.combine(conversation.name)
    checksum.combine(conversation.metadata.bytes)
    checksum.combine(conversation.head)
    return checksum.value
  }

  // MARK: Writing

  func createConversation(
    uid: UInt32, name: String?, metadata: RawJSON, head: Int64? = nil
  ) throws(StoreError) -> StoredConversation {
    try checkFree(name, uid: uid, except: nil)
    let id = StoreID.conversation()
    let row = try database.insert(
      """
      INSERT INTO conversations
        (uid, conversation_id, name, metadata, created_at, updated_at, head, checksum)
      VALUES (?, ?, ?, ?, ?, ?, ?, 0)
      """, .user(uid), .text(id), .text(name), .blob(metadata.bytes), .integer(now),
      .integer(now), .integer(head))
    let conversation = StoredConversation(
      id: id, name: name, metadata: metadata, createdAt: now, updatedAt: now, row: row, uid: uid,
      head: head)
    try update(conversation)
    return conversation
  }

  /// Writes what may have changed since the row was read.
  func update(_ conversation: StoredConversation) throws(StoreError) {
    try database.run(
      """
      UPDATE conversations SET name = ?, metadata = ?, updated_at = ?, head = ?, checksum = ?
      WHERE id = ?
      """, .text(conversation.name), .blob(conversation.metadata.bytes),
      .integer(conversation.updatedAt), .integer(conversation.head),
      .integer(Self.checksum(of: conversation)), .integer(conversation.row))
  }

  func apply(
    _ changes: ConversationUpdate, to id: String, uid: UInt32
  ) throws(StoreError) -> StoredConversation {
    var conversation = try conversation(id, uid: uid)
    switch changes.name {
    case .name(let name)?:
      try checkFree(name, uid: uid, except: conversation.row)
      conversation.name = name
    case ConversationUpdate.Name.none?: conversation.name = nil
    case nil: break
    }
    conversation.metadata = changes.metadata ?? conversation.metadata
    conversation.updatedAt = now
    try update(conversation)
    return conversation
  }

  private func checkFree(_ name: String?, uid: UInt32, except row: Int64?) throws(StoreError) {
    guard let name, let holder = try conversation(named: name, uid: uid), holder.row != row else {
      return
    }
    throw StoreError(
      .conflict, "name a conversation", "there is a conversation \"\(name)\" already")
  }

  /// Makes a turn the newest of a conversation. What was added since the turn began stays before
  /// it.
  func append(_ turn: Int64, to row: Int64) throws(StoreError) {
    guard var conversation = try conversation(row: row) else { return }
    if try self.turn(turn).parent != conversation.head {
      try setParent(of: turn, to: conversation.head, uid: conversation.uid)
    }
    conversation.head = turn
    conversation.updatedAt = now
    try update(conversation)
  }

  /// Adds items that no response took in or made.
  func createItems(
    _ items: [RawJSON], in id: String, uid: UInt32
  ) throws(StoreError) -> [StoredItem] {
    let conversation = try conversation(id, uid: uid)
    guard !items.isEmpty else { return [] }
    let turn = try addTurn(
      uid: uid, parent: conversation.head, conversation: conversation.row, .waiting)
    let stored = try addItems(items, to: turn, uid: uid, isOutput: false)
    try append(turn, to: conversation.row)
    return stored
  }

  // MARK: Listing

  /// Conversations by last use.
  func conversations(
    uid: UInt32, _ page: PageRequest
  ) throws(StoreError) -> Page<StoredConversation> {
    let isDescending = page.order == .descending
    var bound: (updatedAt: Int64, row: Int64) = isDescending ? (.max, .max) : (.min, .min)
    if let after = page.after {
      let conversation = try conversation(after, uid: uid)
      bound = (conversation.updatedAt, conversation.row)
    }
    let rows = try database.all(
      """
      SELECT \(Self.columns) FROM conversations
      WHERE uid = ? AND (updated_at, id) \(isDescending ? "<" : ">") (?, ?)
      ORDER BY updated_at \(isDescending ? "DESC, id DESC" : "ASC, id ASC") LIMIT ?
      """, .user(uid), .integer(bound.updatedAt), .integer(bound.row),
      .integer(Int64(page.limit + 1))
    ) { row throws(StoreError) in try Self.conversation(row) }
    return Page(rows, limit: page.limit)
  }
}
