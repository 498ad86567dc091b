package import JSON

extension Store {
  /// Makes a conversation, with items where there are some.
  ///
  /// - Throws: `conflict` when the user has a conversation of that name.
  package func createConversation(
    as principal: Principal, name: String? = nil, metadata: RawJSON = .emptyObject,
    items: [RawJSON] = []
  ) async throws(StoreError) -> StoredConversation {
    try await write(as: principal) { transaction, owner throws(StoreError) in
      let made = try transaction.createConversation(as: owner, name: name, metadata: metadata)
      guard !items.isEmpty else { return made }
      _ = try transaction.createItems(items, in: made.id, as: owner)
      return try transaction.conversation(made.id, as: owner)
    }
  }

  /// Opens the conversation of a name, or makes it on its first use.
  package func openConversation(
    named name: String, as principal: Principal
  ) async throws(StoreError) -> StoredConversation {
    if let conversation = try await conversation(named: name, as: principal) { return conversation }
    return try await write(as: principal) { transaction, owner throws(StoreError) in
      // Another caller may have made it while this one waited for its transaction.
      if let made = try transaction.conversation(named: name, as: owner) { return made }
      return try transaction.createConversation(as: owner, name: name, metadata: .emptyObject)
    }
  }

  package nonisolated func conversation(
    _ id: String, as principal: Principal
  ) async throws(StoreError) -> StoredConversation {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.conversation(id, as: owner)
    }
  }

  package nonisolated func conversation(
    named name: String, as principal: Principal
  ) async throws(StoreError) -> StoredConversation? {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.conversation(named: name, as: owner)
    }
  }

  /// Returns the conversation in which a response was made; nil when there is none.
  package nonisolated func conversation(
    of response: StoredResponse
  ) async throws(StoreError) -> StoredConversation? {
    try await reader.read { transaction throws(StoreError) in
      guard let turn = response.turn, let row = try transaction.turn(turn).conversation else {
        return nil
      }
      return try transaction.conversation(row: row)
    }
  }

  /// - Throws: `conflict` when another conversation of the user has the new name.
  package func updateConversation(
    _ id: String, as principal: Principal, _ update: ConversationUpdate
  ) async throws(StoreError) -> StoredConversation {
    try await write(as: principal) { transaction, owner throws(StoreError) in
      try transaction.apply(update, to: id, as: owner)
    }
  }

  /// Lists conversations by last use.
  package nonisolated func conversations(
    as principal: Principal, _ page: PageRequest
  ) async throws(StoreError) -> Page<StoredConversation> {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.conversations(as: owner, page)
    }
  }

  // MARK: Items

  /// Adds items to the end of a conversation.
  package func createItems(
    _ items: [RawJSON], in conversation: String, as principal: Principal
  ) async throws(StoreError) -> [StoredItem] {
    try await write(as: principal) { transaction, owner throws(StoreError) in
      try transaction.createItems(items, in: conversation, as: owner)
    }
  }

  package nonisolated func conversationItems(
    _ conversation: String, as principal: Principal, _ page: PageRequest
  ) async throws(StoreError) -> Page<StoredItem> {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.conversationItems(conversation, as: owner, page)
    }
  }

  package nonisolated func conversationItem(
    _ item: String, in conversation: String, as principal: Principal
  ) async throws(StoreError) -> StoredItem {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.conversationItem(item, in: conversation, as: owner)
    }
  }

  /// Lists what a response was given: its context and its own input, without its output.
  package nonisolated func inputItems(
    ofResponse response: String, as principal: Principal, _ page: PageRequest
  ) async throws(StoreError) -> Page<StoredItem> {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.inputItems(ofResponse: response, as: owner, page)
    }
  }

  /// Whether a new item can't have an id, because one of this response's subject has it.
  package nonisolated func hasItem(_ id: String, besides response: ResponseHandle)
    async throws(StoreError) -> Bool
  {
    try await reader.read { transaction throws(StoreError) in
      try transaction.hasItem(id, subject: response.subject)
    }
  }

  /// Returns the item that an `item_reference` names.
  package nonisolated func item(_ id: String, as principal: Principal) async throws(StoreError)
    -> StoredItem
  {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      guard let item = try transaction.item(id, as: owner) else { throw .notFound("item", id) }
      return item
    }
  }

  // MARK: Context

  /// Returns all that was said up to the end of a response, its output included.
  package nonisolated func context(
    ofResponse id: String, as principal: Principal
  ) async throws(StoreError) -> StoredContext {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.context(ofResponse: id, as: owner)
    }
  }

  /// Returns all that was said in a conversation.
  package nonisolated func context(
    ofConversation id: String, as principal: Principal
  ) async throws(StoreError) -> StoredContext {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.context(ofConversation: id, as: owner)
    }
  }
}

extension Store {
  /// Makes a conversation that shares everything up to a response or an item of another one, or all
  /// of it, without copying.
  package func forkConversation(
    _ id: String, as principal: Principal, at: String? = nil, name: String? = nil
  ) async throws(StoreError) -> StoredConversation {
    try await write(as: principal) { transaction, owner throws(StoreError) in
      try transaction.fork(id, as: owner, at: at, name: name)
    }
  }
}
