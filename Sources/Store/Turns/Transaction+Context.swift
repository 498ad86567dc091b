extension Transaction {
  /// All that was said up to the end of a response, its output included.
  func context(ofResponse id: String, as owner: Owner) throws(StoreError) -> StoredContext {
    let response = try response(id, as: owner)
    guard let turn = response.turn else { throw .notFound("response", id) }
    return try context(of: walk(fromResponseTurn: turn, subject: owner.subject))
  }

  func context(ofConversation id: String, as owner: Owner) throws(StoreError) -> StoredContext {
    try context(of: walk(from: conversation(id, as: owner)))
  }

  private func context(of walk: ItemWalk) throws(StoreError) -> StoredContext {
    var turns: [StoredContext.Turn] = []
    for turn in walk.turns.reversed() {
      turns.append(
        StoredContext.Turn(
          response: try origin(of: turn), items: try items(of: turn, in: walk)))
    }
    return StoredContext(turns: turns)
  }

  private func origin(of turn: Int64) throws(StoreError) -> StoredContext.Origin? {
    try database.first(
      """
      SELECT response_id, upstream, upstream_id, key_identity, model FROM responses
      WHERE turn = ?
      """, .integer(turn)
    ) { row in
      StoredContext.Origin(
        responseID: row.text(0), upstream: row.optionalText(1), upstreamID: row.optionalText(2),
        keyIdentity: row.optionalText(3), model: row.optionalText(4))
    }
  }

  // MARK: Item lists

  func conversationItems(
    _ id: String, as owner: Owner, _ page: PageRequest
  ) throws(StoreError) -> Page<StoredItem> {
    try self.page(page, of: walk(from: conversation(id, as: owner)))
  }

  /// What was sent as input or inherited, without the response's own output.
  func inputItems(
    ofResponse id: String, as owner: Owner, _ page: PageRequest
  ) throws(StoreError) -> Page<StoredItem> {
    let response = try response(id, as: owner)
    guard let turn = response.turn else { throw .notFound("response", id) }
    var walk = try walk(fromResponseTurn: turn, subject: owner.subject)
    walk.hidesOutputOfHead = true
    return try self.page(page, of: walk)
  }

  func conversationItem(
    _ itemID: String, in id: String, as owner: Owner
  ) throws(StoreError) -> StoredItem {
    let walk = try walk(from: conversation(id, as: owner))
    guard let item = try item(itemID, subject: owner.subject), !walk.hidden.contains(item.row),
      walk.turns.contains(item.turn)
    else { throw .notFound("item", itemID) }
    return item
  }

  /// Reads turns from one end until the page is full.
  private func page(
    _ page: PageRequest, of walk: ItemWalk
  ) throws(StoreError) -> Page<StoredItem> {
    let isDescending = page.order == .descending
    let after = try page.after.map { (id) throws(StoreError) in
      try cursor(id, subject: walk.subject)
    }
    var turns = walk.turns
    if !isDescending { turns.reverse() }
    if let after {
      guard let start = turns.firstIndex(of: after.turn) else {
        throw .notFound("item", after.id)
      }
      turns.removeFirst(start)
    }
    var found: [StoredItem] = []
    for turn in turns where found.count <= page.limit {
      var items = try items(of: turn, in: walk)
      if isDescending { items.reverse() }
      if let after, turn == after.turn {
        items.removeAll {
          isDescending ? $0.position >= after.position : $0.position <= after.position
        }
      }
      found += items
    }
    return Page(found, limit: page.limit)
  }

  private func cursor(_ id: String, subject: Int64) throws(StoreError) -> StoredItem {
    guard let item = try item(id, subject: subject) else { throw .notFound("item", id) }
    return item
  }

  private func items(of turn: Int64, in walk: ItemWalk) throws(StoreError) -> [StoredItem] {
    try items(ofTurn: turn, subject: walk.subject).filter { item in
      !walk.hidden.contains(item.row)
        && !(walk.hidesOutputOfHead && turn == walk.turns.first && item.isOutput)
    }
  }

  // MARK: Where to walk

  /// Which items of a path are seen.
  private struct ItemWalk {
    let subject: Int64
    /// Newest first.
    let turns: [Int64]
    let hidden: Set<Int64>
    var hidesOutputOfHead = false
  }

  private func walk(from conversation: StoredConversation) throws(StoreError) -> ItemWalk {
    ItemWalk(
      subject: conversation.subject, turns: try path(from: conversation.head).map(\.row),
      hidden: try hiddenItems(of: conversation.row))
  }

  /// What was deleted from a conversation is not seen by the responses in it, nor by those that
  /// chain from them.
  private func walk(fromResponseTurn row: Int64, subject: Int64) throws(StoreError) -> ItemWalk {
    let path = try path(from: row)
    var hidden: Set<Int64> = []
    if let conversation = path.lazy.compactMap(\.conversation).first {
      hidden = try hiddenItems(of: conversation)
    }
    return ItemWalk(subject: subject, turns: path.map(\.row), hidden: hidden)
  }

  func hiddenItems(of conversation: Int64) throws(StoreError) -> Set<Int64> {
    Set(
      try database.all(
        "SELECT item FROM hidden_items WHERE conversation = ?", .integer(conversation)
      ) { $0.integer(0) })
  }
}
