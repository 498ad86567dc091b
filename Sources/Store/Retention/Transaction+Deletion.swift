internal import JSON

/// Deleting, and what is no longer held by anything with it.
///
/// 1. A turn lives while a response, a conversation's head or a younger turn holds it.
/// 2. Deleting a response keeps what others say after it: its items stay as their context.
/// 3. Deleting a conversation deletes its responses, except those that a fork shares.
/// 4. Deleting an item from a conversation takes it from the disk, except while a fork shares it.
extension Transaction {
  func deleteResponse(_ id: String, as owner: Owner) throws(StoreError) {
    _ = try response(id, as: owner)
    try deleteResponse(id, subject: owner.subject)
  }

  func deleteResponse(_ id: String, subject: Int64) throws(StoreError) {
    let row = try database.first(
      "SELECT id, turn FROM responses WHERE subject = ? AND response_id = ?",
      .integer(subject), .text(id)
    ) { (row: $0.integer(0), turn: $0.optionalInteger(1)) }
    guard let row else { throw .notFound("response", id) }
    try noteErasure()
    try database.run("DELETE FROM responses WHERE id = ?", .integer(row.row))
    try deleteUnheld(row.turn)
  }

  /// Deletes a turn and those before it, as far as nothing holds them.
  private func deleteUnheld(_ row: Int64?) throws(StoreError) {
    var next = row
    while let row = next, try !isHeld(row) {
      let turn = try turn(row)
      for item in try items(ofTurn: row, subject: turn.subject) {
        try removeFromIndex(item, subject: turn.subject)
      }
      try database.run("DELETE FROM items WHERE turn = ?", .integer(row))
      try database.run("DELETE FROM turns WHERE id = ?", .integer(row))
      next = turn.parent
    }
  }

  private func isHeld(_ turn: Int64) throws(StoreError) -> Bool {
    try database.integer(
      """
      SELECT EXISTS (SELECT 1 FROM turns WHERE parent = ?1)
        OR EXISTS (SELECT 1 FROM conversations WHERE head = ?1)
        OR EXISTS (SELECT 1 FROM responses WHERE turn = ?1)
      """, .integer(turn)) == 1
  }

  // MARK: Conversations

  func deleteConversation(_ id: String, as owner: Owner) throws(StoreError) {
    try delete(conversation(id, as: owner))
  }

  func delete(_ conversation: StoredConversation) throws(StoreError) {
    let path = try path(from: conversation.head).map(\.row)
    let begun = try database.all(
      "SELECT id FROM turns WHERE conversation = ?", .integer(conversation.row)
    ) { $0.integer(0) }
    try noteErasure()
    try database.run("DELETE FROM conversations WHERE id = ?", .integer(conversation.row))
    let shared = try sharedPart(of: path)
    let kept = Set(shared.turns)
    for turn in begun where kept.contains(turn) {
      try database.run(
        "UPDATE turns SET conversation = ? WHERE id = ?", .integer(shared.holder), .integer(turn))
    }
    // Turns off the path failed or were cancelled; they go first, as they may hold the others.
    let onPath = Set(path)
    for turn in begun where !onPath.contains(turn) { try deleteWithResponse(turn) }
    for turn in path where !kept.contains(turn) { try deleteWithResponse(turn) }
  }

  private func deleteWithResponse(_ turn: Int64) throws(StoreError) {
    // A turn of added items alone goes with the one that came after it.
    let isThere = try database.integer("SELECT 1 FROM turns WHERE id = ?", .integer(turn)) != nil
    guard isThere else { return }
    try database.run("DELETE FROM responses WHERE turn = ?", .integer(turn))
    try deleteUnheld(turn)
  }

  /// The end of a path that conversations share with it, and one of them.
  private func sharedPart(
    of path: [Int64]
  ) throws(StoreError) -> (turns: ArraySlice<Int64>, holder: Int64?) {
    guard let root = path.last else { return ([], nil) }
    var start = path.endIndex
    var holder: Int64?
    for row in try conversations(holding: root) {
      let other = Set(try self.path(from: conversation(row: row)?.head).map(\.row))
      guard let index = path.firstIndex(where: other.contains), index < start else { continue }
      start = index
      holder = row
    }
    return (path[start...], holder)
  }

  /// The conversations whose path leads through a turn.
  func conversations(holding turn: Int64) throws(StoreError) -> [Int64] {
    try database.all(
      """
      WITH RECURSIVE younger (id) AS (
        VALUES (?1) UNION ALL SELECT turns.id FROM turns JOIN younger ON turns.parent = younger.id)
      SELECT conversations.id FROM younger JOIN conversations ON conversations.head = younger.id
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
