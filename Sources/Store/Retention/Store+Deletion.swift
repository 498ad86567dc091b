/// Deleting. What is deleted is gone for everybody when its first transaction is on disk. Each call
/// returns when its text is gone from the files, too, or the caller's patience is over: a sweep goes on
/// with it then, or begins again with the next deletion or start.
extension Store {
  package func deleteResponse(
    _ id: String, as principal: Principal, patience: Duration? = nil
  ) async throws(StoreError) {
    _ = try await response(id, as: principal)
    try await delete(as: principal, patience) { transaction, owner throws(StoreError) in
      try transaction.hideResponse(id, as: owner)
    }
  }

  /// Deletes a conversation with its responses, except what a fork shares.
  package func deleteConversation(
    _ id: String, as principal: Principal, patience: Duration? = nil
  ) async throws(StoreError) {
    try await delete(as: principal, patience) { transaction, owner throws(StoreError) in
      try transaction.hideConversation(id, as: owner)
    }
  }

  /// Deletes an item from a conversation, and from the disk unless a fork shares it.
  package func deleteItem(
    _ item: String, from conversation: String, as principal: Principal, patience: Duration? = nil
  ) async throws(StoreError) -> StoredConversation {
    try await delete(as: principal, patience) { transaction, owner throws(StoreError) in
      try transaction.deleteItem(item, from: conversation, as: owner)
    }
  }

  /// Hides rows, and deletes copies of the database that hold them still.
  private func delete<Value: Sendable>(
    as principal: Principal, _ patience: Duration?,
    _ body: @escaping (Transaction, Owner) throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let file = file
    let value = try await write(as: principal) { transaction, owner throws(StoreError) in
      let value = try body(transaction, owner)
      file.removeBackups()
      return value
    }
    try await sweep(patience: patience)
    return value
  }
}
