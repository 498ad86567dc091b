/// Deleting. Each returns when the text is gone from the files, and fails when that is not so
/// although the rows are deleted: the next deletion or start erases it then.
extension Store {
  package func deleteResponse(_ id: String, uid: UInt32) async throws(StoreError) {
    _ = try response(id, uid: uid)
    try await write { transaction throws(StoreError) in
      try transaction.deleteResponse(id, uid: uid)
    }
    try await erase()
  }

  /// Deletes a conversation with its responses, except what a fork shares.
  package func deleteConversation(_ id: String, uid: UInt32) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      try transaction.deleteConversation(id, uid: uid)
    }
    try await erase()
  }

  /// Deletes an item from a conversation, and from the disk unless a fork shares it.
  package func deleteItem(
    _ item: String, from conversation: String, uid: UInt32
  ) async throws(StoreError) -> StoredConversation {
    let conversation = try await write { transaction throws(StoreError) in
      try transaction.deleteItem(item, from: conversation, uid: uid)
    }
    try await erase()
    return conversation
  }
}
