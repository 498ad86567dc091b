extension Transaction {
  /// Makes a conversation that shares everything up to a response or item with another.
  ///
  /// Nothing is copied: the new one's newest turn is one of the old one's.
  ///
  /// - Parameter at: the id of a response or an item in the conversation; nil for its end.
  func fork(
    _ id: String, as owner: Owner, at: String?, name: String?
  ) throws(StoreError) -> StoredConversation {
    let source = try conversation(id, as: owner)
    let path = try path(from: source.head).map(\.row)
    var hidden = try hiddenItems(of: source.row)
    var head = source.head
    if let at {
      let end = try end(at, subject: owner.subject)
      guard path.contains(end.turn), end.item.map({ hidden.contains($0) }) != true else {
        throw .notFound("response or item", at)
      }
      head = end.turn
      hidden.formUnion(end.itemsBehind)
    }
    let fork = try createConversation(
      as: owner, name: name, metadata: source.metadata, head: head)
    try hide(hidden, in: fork.row)
    return fork
  }

  private struct ForkEnd {
    let turn: Int64
    var item: Int64?
    var itemsBehind: [Int64] = []
  }

  private func end(_ id: String, subject: Int64) throws(StoreError) -> ForkEnd {
    if let item = try item(id, subject: subject) {
      let behind = try items(ofTurn: item.turn, subject: subject).filter {
        $0.position > item.position
      }
      return ForkEnd(turn: item.turn, item: item.row, itemsBehind: behind.map(\.row))
    }
    guard
      let turn = try database.integer(
        "SELECT turn FROM responses WHERE subject = ? AND response_id = ?", .integer(subject),
        .text(id))
    else { throw .notFound("response or item", id) }
    return ForkEnd(turn: turn)
  }

  func hide(_ items: Set<Int64>, in conversation: Int64) throws(StoreError) {
    for item in items {
      try database.run(
        "INSERT OR IGNORE INTO hidden_items (conversation, item) VALUES (?, ?)",
        .integer(conversation), .integer(item))
    }
  }
}
