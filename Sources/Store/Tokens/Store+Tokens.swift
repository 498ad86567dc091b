/// Tokens by which programs are known.
extension Store {
  /// Keeps a token.
  ///
  /// - Throws: `conflict` where the subject has one of that name.
  package func createToken(
    _ name: String, of subject: Subject, digest: [UInt8], _ limits: StoredToken.Limits
  ) async throws(StoreError) -> StoredToken {
    try await write { transaction throws(StoreError) in
      if try transaction.hasToken(name, of: subject) {
        throw StoreError(.conflict, "make a token", "there is a token \"\(name)\" already")
      }
      return try transaction.createToken(name, of: subject, digest: digest, limits)
    }
  }

  /// Keeps a token in the place of one of the same name.
  package func replaceToken(
    _ name: String, of subject: Subject, digest: [UInt8], _ limits: StoredToken.Limits
  ) async throws(StoreError) -> StoredToken {
    try await write { transaction throws(StoreError) in
      _ = try transaction.deleteToken(name, of: subject)
      return try transaction.createToken(name, of: subject, digest: digest, limits)
    }
  }

  /// Forgets a token.
  ///
  /// - Throws: `notFound` where the subject has none of that name.
  package func deleteToken(_ name: String, of subject: Subject) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      guard try transaction.deleteToken(name, of: subject) else {
        throw StoreError.notFound("token", name)
      }
    }
  }

  /// Takes note of when tokens were used, by their digests.
  package func noteUse(ofTokens uses: [[UInt8]: Int64]) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      for (digest, time) in uses { try transaction.noteUse(ofToken: digest, at: time) }
    }
  }

  /// All tokens of all subjects, in the order of their names.
  package nonisolated func tokens() async throws(StoreError) -> [StoredToken] {
    try await reader.read { transaction throws(StoreError) in try transaction.tokens() }
  }
}
