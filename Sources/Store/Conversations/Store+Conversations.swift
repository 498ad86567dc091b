package import JSON

extension Store {
  /// Makes a conversation, with items where there are some.
  ///
  /// - Throws: `conflict` when the user has a conversation of that name.
  package func createConversation(
    uid: UInt32, name: String? = nil, metadata: RawJSON = .emptyObject, items: [RawJSON] = []
  ) async throws(StoreError) -> StoredConversation {
    try await write { transaction throws(StoreError) in
      let made = try transaction.createConversation(uid: uid, name: name, metadata: metadata)
      guard !items.isEmpty else { return made }
      _ = try transaction.createItems(items, in: made.id, uid: uid)
      return try transaction.conversation(made.id, uid: uid)
    }
  }

  /// Opens the conversation of a name, or makes it on its first use.
  package func openConversation(
    named name: String, uid: UInt32
  ) async throws(StoreError) -> StoredConversation {
    if let conversation = try conversation(named: name, uid: uid) { return conversation }
    return try await write { transaction throws(StoreError) in
      // Another caller may have made it while this one waited for its transaction.
      if let made = try transaction.conversation(named: name, uid: uid) { return made }
      return try transaction.createConversation(uid: uid, name: name, metadata: .emptyObject)
    }
  }

  package func conversation(
    _ id: String, uid: UInt32
  ) throws(StoreError) -> StoredConversation {
    try read { transaction throws(StoreError) in try transaction.conversation(id, uid: uid) }
  }

  package func conversation(
    named name: String, uid: UInt32
  ) throws(StoreError) -> StoredConversation? {
    try read { transaction throws(StoreError) in
      try transaction.conversation(named: name, uid: uid)
    }
  }

  /// Returns the conversation in which a response was made; nil when there is none.
  package func conversation(
    of response: StoredResponse
  ) throws(StoreError) -> StoredConversation? {
    try read { transaction throws(StoreError) in
      guard let turn = response.turn, let row = try transaction.turn(turn).conversation else {
        return nil
      }
      return try transaction.conversation(row: row)
    }
  }

  /// - Throws: `conflict` when another conversation of the user has the new name.
  package func updateConversation(
    _ id: String, uid: UInt32, _ update: ConversationUpdate
  ) async throws(StoreError) -> StoredConversation {
    try await write { transaction throws(StoreError) in
      try transaction.apply(update, to: id, uid: uid)
    }
  }

  /// Lists conversations by last use.
  package func conversations(
    uid: UInt32, _ page: PageRequest
  ) throws(StoreError) -> Page<StoredConversation> {
    try read { transaction throws(StoreError) in try transaction.conversations(uid: uid, page) }
  }

  // MARK: Items

  /// Adds items to the end of a conversation.
  package func createItems(
    _ items: [RawJSON], in conversation: String, uid: UInt32
  ) async throws(StoreError) -> [StoredItem] {
    try await write { transaction throws(StoreError) in
      try transaction.createItems(items, in: conversation, uid: uid)
    }
  }

  package func conversationItems(
    _ conversation: String, uid: UInt32, _ page: PageRequest
  ) throws(StoreError) -> Page<StoredItem> {
    try read { transaction throws(StoreError) in
      try transaction.conversationItems(conversation, uid: uid, page)
    }
  }

  package func conversationItem(
    _ item: String, in conversation: String, uid: UInt32
  ) throws(StoreError) -> StoredItem {
    try read { transaction throws(StoreError) in
      try transaction.conversationItem(item, in: conversation, uid: uid)
    }
  }

  /// Lists what a response was given: its context and its own input, without its output.
  package func inputItems(
    ofResponse response: String, uid: UInt32, _ page: PageRequest
  ) throws(StoreError) -> Page<StoredItem> {
    try read { transaction throws(StoreError) in
      try transaction.inputItems(ofResponse: response, uid: uid, page)
    }
  }

  /// Whether the user has an item of an id.
  package func hasItem(_ id: String, uid: UInt32) throws(StoreError) -> Bool {
    try read { transaction throws(StoreError) in try transaction.hasItem(id, uid: uid) }
  }

  /// Returns the item that an `item_reference` names.
  package func item(_ id: String, uid: UInt32) throws(StoreError) -> StoredItem {
    try read { transaction throws(StoreError) in
      guard let item = try transaction.item(id, uid: uid) else { throw .notFound("item", id) }
      return item
    }
  }

  // MARK: Context

  /// Returns all that was said up to the end of a response, its output included.
  package func context(
    ofResponse id: String, uid: UInt32
  ) throws(StoreError) -> StoredContext {
    try read { transaction throws(StoreError) in
      try transaction.context(ofResponse: id, uid: uid)
    }
  }

  /// Returns all that was said in a conversation.
  package func context(
    ofConversation id: String, uid: UInt32
  ) throws(StoreError) -> StoredContext {
    try read { transaction throws(StoreError) in
      try transaction.context(ofConversation: id, uid: uid)
    }
  }
}

extension Store {
  /// Makes a conversation that shares everything up to a response or an item of another one, or all
  /// of it, without copying.
  package func forkConversation(
    _ id: String, uid: UInt32, at: String? = nil, name: String? = nil
  ) async throws(StoreError) -> StoredConversation {
    try await write { transaction throws(StoreError) in
      try transaction.fork(id, uid: uid, at: at, name: name)
    }
  }
}
