/// Deleting. Each returns when the text is gone from the files, and fails when that is not so
/// although the rows are deleted: the next deletion or start erases it then.
extension Store {
  package func deleteResponse(_ id: String, as principal: Principal) async throws(StoreError) {
    _ = try await response(id, as: principal)
    try await delete(as: principal) { transaction, owner throws(StoreError) in
      try transaction.deleteResponse(id, as: owner)
    }
    try await erase()
  }

  /// Deletes a conversation with its responses, except what a fork shares.
  package func deleteConversation(_ id: String, as principal: Principal) async throws(StoreError) {
    try await delete(as: principal) { transaction, owner throws(StoreError) in
      try transaction.deleteConversation(id, as: owner)
    }
    try await erase()
  }

  /// Deletes an item from a conversation, and from the disk unless a fork shares it.
  package func deleteItem(
    _ item: String, from conversation: String, as principal: Principal
  ) async throws(StoreError) -> StoredConversation {
    let conversation = try await delete(as: principal) { transaction, owner throws(StoreError) in
      try transaction.deleteItem(item, from: conversation, as: owner)
    }
    try await erase()
    return conversation
  }

  /// Deletes rows, and copies of the database that hold them still.
  private func delete<Value: Sendable>(
    as principal: Principal, _ body: @escaping (Transaction, Owner) throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let file = file
    return try await write(as: principal) { transaction, owner throws(StoreError) in
      let value = try body(transaction, owner)
      file.removeBackups()
      return value
    }
  }
}
