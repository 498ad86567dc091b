internal import JSON

extension Transaction {
  static let conversationColumns =
    "id, subject, conversation_id, name, metadata, created_at, updated_at, head, checksum, token"

  func conversation(_ id: String, as owner: Owner) throws(StoreError) -> StoredConversation {
    let conversation = try database.first(
      "SELECT \(Self.conversationColumns) FROM conversations WHERE subject = ? AND conversation_id = ?",
      .subject(owner), .text(id)
    ) { row throws(StoreError) in try Self.conversation(row) }
    guard let conversation, owner.sees(madeBy: conversation.token) else {
      throw .notFound("conversation", id)
    }
    return conversation
  }

  func conversation(named name: String, as owner: Owner) throws(StoreError) -> StoredConversation? {
    let holder = try holder(ofName: name, subject: owner.subject)
    return holder.flatMap { owner.sees(madeBy: $0.token) ? $0 : nil }
  }

  /// The conversation that has a name, made by whomever.
  private func holder(
    ofName name: String, subject: Int64
  ) throws(StoreError) -> StoredConversation? {
    try database.first(
      "SELECT \(Self.conversationColumns) FROM conversations WHERE subject = ? AND name = ?",
      .integer(subject), .text(name)
    ) { row throws(StoreError) in try Self.conversation(row) }
  }

  /// The conversation of a row; nil for one that was deleted.
  func conversation(row: Int64) throws(StoreError) -> StoredConversation? {
    try database.first(
      "SELECT \(Self.conversationColumns) FROM conversations WHERE id = ? AND subject >= 0",
      .integer(row)
    ) { row throws(StoreError) in try Self.conversation(row) }
  }

  static func conversation(_ row: borrowing Row) throws(StoreError) -> StoredConversation {
    let conversation = uncheckedConversation(row)
    guard checksum(of: conversation) == row.integer(8) else {
      throw .corrupt("conversations", conversation.row)
    }
    return conversation
  }

  static func uncheckedConversation(_ row: borrowing Row) -> StoredConversation {
    StoredConversation(
      id: row.text(2), name: row.optionalText(3), metadata: row.json(4) ?? .emptyObject,
      createdAt: row.integer(5), updatedAt: row.integer(6), row: row.integer(0),
      subject: row.integer(1), token: row.optionalText(9), head: row.optionalInteger(7))
  }

  private static func checksum(of conversation: StoredConversation) -> Int64 {
    var checksum = Checksum()
    checksum.combine(conversation.row)
    checksum.combine(conversation.subject)
    checksum.combine(conversation.id)
    checksum.combine(conversation.name)
    checksum.combine(conversation.metadata.bytes)
    checksum.combine(conversation.head)
    checksum.combine(maker: conversation.token)
    return checksum.value
  }

  // MARK: Writing

  func createConversation(
    as owner: Owner, name: String?, metadata: RawJSON, head: Int64? = nil
  ) throws(StoreError) -> StoredConversation {
    try checkFree(name, subject: owner.subject, except: nil)
    let id = StoreID.conversation()
    let row = try database.insert(
      """
      INSERT INTO conversations
        (subject, conversation_id, name, metadata, created_at, updated_at, head, checksum, token)
      VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)
      """, .subject(owner), .text(id), .text(name), .blob(metadata.bytes), .integer(now),
      .integer(now), .integer(head), .text(owner.token))
    let conversation = StoredConversation(
      id: id, name: name, metadata: metadata, createdAt: now, updatedAt: now, row: row,
      subject: owner.subject, token: owner.token, head: head)
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
    _ changes: ConversationUpdate, to id: String, as owner: Owner
  ) throws(StoreError) -> StoredConversation {
    var conversation = try conversation(id, as: owner)
    switch changes.name {
    case .name(let name)?:
      try checkFree(name, subject: owner.subject, except: conversation.row)
      conversation.name = name
    case ConversationUpdate.Name.none?: conversation.name = nil
    case nil: break
    }
    conversation.metadata = changes.metadata ?? conversation.metadata
    conversation.updatedAt = now
    try update(conversation)
    return conversation
  }

  private func checkFree(_ name: String?, subject: Int64, except row: Int64?) throws(StoreError) {
    guard let name, let holder = try holder(ofName: name, subject: subject), holder.row != row
    else {
      return
    }
    throw StoreError(
      .conflict, "name a conversation", "there is a conversation \"\(name)\" already")
  }

  /// Makes a turn the newest of a conversation. What was added since the turn began stays before
  /// it.
  func append(_ turn: Int64, to row: Int64) throws(StoreError) {
    guard var conversation = try conversation(row: row) else { return }
    let newest = try self.turn(turn)
    if newest.parent != conversation.head { try setParent(of: newest, to: conversation.head) }
    conversation.head = turn
    conversation.updatedAt = now
    try update(conversation)
  }

  /// Adds items that no response took in or made.
  func createItems(
    _ items: [RawJSON], in id: String, as owner: Owner
  ) throws(StoreError) -> [StoredItem] {
    let conversation = try conversation(id, as: owner)
    guard !items.isEmpty else { return [] }
    let turn = try addTurn(
      as: owner, parent: conversation.head, conversation: conversation.row, .waiting)
    let stored = try addItems(items, to: turn, subject: owner.subject)
    try append(turn, to: conversation.row)
    return stored
  }

  // MARK: Listing

  /// Which names or ids are in a list, and the index that has them in their order.
  private static func range(of prefix: String?) -> (index: String, condition: String) {
    guard let prefix else { return ("", "?7 IS ?8") }
    let (column, index) =
      prefix.hasPrefix(StoreID.conversationPrefix)
      ? ("conversation_id", "sqlite_autoindex_conversations_1") : ("name", "conversations_by_name")
    return ("INDEXED BY \(index)", "\(column) >= ?7 AND \(column) < ?8")
  }

  /// Conversations by last use.
  func conversations(
    as owner: Owner, _ page: PageRequest
  ) throws(StoreError) -> Page<StoredConversation> {
    let isDescending = page.order == .descending
    var bound: (updatedAt: Int64, row: Int64) = isDescending ? (.max, .max) : (.min, .min)
    if let after = page.after {
      let conversation = try conversation(after, as: owner)
      bound = (conversation.updatedAt, conversation.row)
    }
    let range = Self.range(of: page.prefix)
    let rows = try database.all(
      """
      SELECT \(Self.conversationColumns) FROM conversations \(range.index)
      WHERE subject = ?1 AND (updated_at, id) \(isDescending ? "<" : ">") (?2, ?3)
        AND (?4 OR token = ?5) AND \(range.condition)
      ORDER BY updated_at \(isDescending ? "DESC, id DESC" : "ASC, id ASC") LIMIT ?6
      """, .subject(owner), .integer(bound.updatedAt), .integer(bound.row),
      .flag(owner.seesAll), .text(owner.token), .integer(Int64(page.limit + 1)),
      .text(page.prefix), .text(page.prefix.map { $0 + "\u{10FFFF}" })
    ) { row throws(StoreError) in
      var conversation = try Self.conversation(row)
      if conversation.name == nil { conversation.title = try title(of: conversation) }
      return conversation
    }
    return Page(rows, limit: page.limit)
  }
}
