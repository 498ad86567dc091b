package import EventLoop
package import Store
package import Wire

/// The tokens of all users, in memory: a request that comes with one costs no disk.
///
/// The store has them too; what changes is written there first.
@EventLoop
package final class Tokens {
  /// The token that a user's service makes for programs of its own user.
  static let first = "default"
  /// Of one subject.
  private static let mostTokens = 256
  /// A last use is written when the one on disk is older.
  private static let useAge: Int64 = 300_000

  /// Whether the service makes the first token; the system's leaves its name to users.
  private let makesFirst: Bool
  private let open: @EventLoop () async throws(RPCError) -> Store
  /// The one that they were read from.
  private var store: Store?
  private var byDigest: [[UInt8]: StoredToken] = [:]
  /// Rows that nobody can come with, for the list.
  private var damaged: [StoredToken] = []
  /// When the last use on disk was, of tokens that were used since the start.
  private var writtenUses: [[UInt8]: Int64] = [:]
  private let onChange: @EventLoop () -> Void

  /// - Parameters:
  ///   - onChange: called when a token has gone.
  ///   - open: the store, from which they were taken over (`use`) when this returns.
  package init(
    makesFirst: Bool = true, onChange: @escaping @EventLoop () -> Void = {},
    open: @escaping @EventLoop () async throws(RPCError) -> Store
  ) {
    self.makesFirst = makesFirst
    self.onChange = onChange
    self.open = open
  }

  /// Whether they are known: the database could be opened.
  var areKnown: Bool { store != nil }

  /// Takes over what a store has.
  package func use(_ store: Store) async throws(StoreError) {
    let tokens = try await store.tokens()
    self.store = store
    byDigest = [:]
    damaged = tokens.filter(\.digest.isEmpty)
    for token in tokens where !token.digest.isEmpty { byDigest[token.digest] = token }
  }

  // MARK: Callers

  /// Who comes with a token; nil for one that is unknown or was revoked.
  package func caller(bearer secret: String) -> Caller? {
    let digest = TokenSecret.digest(secret)
    guard let token = byDigest[digest] else { return nil }
    noteUse(of: digest)
    return Caller(Grant(token), of: token.subject.userID ?? .max)
  }

  private func noteUse(of digest: [UInt8]) {
    let now = SystemClock.milliseconds()
    byDigest[digest]?.lastUsedAt = now
    let written = writtenUses[digest] ?? 0
    guard now - written >= Self.useAge || now < written else { return }
    writtenUses[digest] = now
    EventLoop.start { [store] in
      do throws(StoreError) {
        try await store?.noteUse(ofTokens: [digest: now])
      } catch {
        // The next use is written again; what keeps the store from writing is told elsewhere.
      }
    }
  }

  // MARK: Changes

  /// In the order of their names.
  package func tokens(of subject: Subject) -> [StoredToken] {
    (byDigest.values.filter { $0.subject == subject } + damaged.filter { $0.subject == subject })
      .sorted { $0.name < $1.name }
  }

  /// Makes a token and returns it; nobody can ask for it again.
  package func create(
    _ name: String, of subject: Subject, _ limits: StoredToken.Limits
  ) async throws(RPCError) -> String {
    let store = try await open()
    guard tokens(of: subject).count < Self.mostTokens else {
      throw RPCError(
        .conflict, "there are \(Self.mostTokens) tokens, which is the most; revoke one")
    }
    guard !makesFirst || name != Self.first else {
      throw RPCError(
        .conflict, "the service itself makes the token \"\(name)\"; another name was expected")
    }
    let secret = try TokenSecret.token()
    let digest = TokenSecret.digest(secret)
    byDigest[digest] = try await store.performing { store throws(StoreError) in
      try await store.createToken(name, of: subject, digest: digest, limits)
    }
    return secret
  }

  /// Ends a token: whoever comes with it is refused from now on.
  package func revoke(_ name: String, of subject: Subject) async throws(RPCError) {
    try await open().performing { store throws(StoreError) in
      try await store.deleteToken(name, of: subject)
    }
    forget(name, of: subject)
  }

  private func forget(_ name: String, of subject: Subject) {
    let isGone: (StoredToken) -> Bool = { $0.subject == subject && $0.name == name }
    for (digest, token) in byDigest where isGone(token) {
      byDigest[digest] = nil
      writtenUses[digest] = nil
    }
    damaged.removeAll(where: isGone)
    onChange()
  }

  // MARK: The first

  /// Has the first token of a user in a file, from which the user's programs take it: the one that
  /// the file holds already, else a new one. The file goes when the machine is shut down, and nobody
  /// else has what was in it; so the token gets another secret then.
  package func provideFirst(of subject: Subject, in file: TokenFile) async throws(RPCError) {
    let store = try await open()
    if let secret = await EventLoop.offload({ file.read() }),
      let token = byDigest[TokenSecret.digest(secret)], token.subject == subject,
      token.name == Self.first
    {
      return
    }
    let secret = try TokenSecret.token()
    let digest = TokenSecret.digest(secret)
    let token = try await store.performing { store throws(StoreError) in
      try await store.replaceToken(Self.first, of: subject, digest: digest, .init())
    }
    forget(Self.first, of: subject)
    byDigest[digest] = token
    try await EventLoop.offload {
      Result { () throws(RPCError) in try file.write(secret) }
    }.get()
  }
}
