import Store
import Testing

/// Tokens by which programs are known.
@Suite struct TokenTests {
  private let anna = Subject.user(1000)
  private let bert = Subject.user(1001)

  private var limits: StoredToken.Limits {
    var limits = StoredToken.Limits()
    limits.models = ["gpt-5.4*", "o\"dd"]
    limits.tools = ["git.*"]
    limits.budget = 2_000_000_000
    limits.isReadOnly = true
    limits.view = .isolated
    return limits
  }

  @Test func `a token is kept over a restart, with all that it allows`() async throws {
    let place = try TemporaryStore()
    let made = try await place.store.createToken("zed", of: anna, digest: [1, 2], limits)
    let plain = try await place.store.createToken("all", of: anna, digest: [3], .init())
    #expect(made.limits == limits)
    let store = try await place.reopened()
    #expect(try await store.tokens() == [plain, made])
    #expect(try await store.tokens().map(\.limits.models) == [nil, limits.models])
    try await store.close()
  }

  @Test func `a name is taken once by each subject`() async throws {
    let place = try TemporaryStore()
    _ = try await place.store.createToken("zed", of: anna, digest: [1], .init())
    let again = try await code {
      _ = try await place.store.createToken("zed", of: anna, digest: [2], .init())
    }
    #expect(again == .conflict)
    let socket = try #require(Subject("socket:ci"))
    for subject in [bert, socket] {
      let digest = Array(subject.name.utf8)
      _ = try await place.store.createToken("zed", of: subject, digest: digest, .init())
    }
    #expect(try await place.store.tokens().map(\.subject) == [anna, bert, socket])
    #expect(try await place.store.tokens().first?.digest == [1])
  }

  @Test func `one that is deleted is gone, and another's can't be`() async throws {
    let place = try TemporaryStore()
    _ = try await place.store.createToken("zed", of: anna, digest: [1], .init())
    let foreign = try await code { try await place.store.deleteToken("zed", of: bert) }
    #expect(foreign == .notFound)
    #expect(try await place.store.tokens().count == 1)
    try await place.store.deleteToken("zed", of: anna)
    #expect(try await place.store.tokens().isEmpty)
    #expect(try await code { try await place.store.deleteToken("zed", of: anna) } == .notFound)
  }

  @Test func `one takes the place of another`() async throws {
    let place = try TemporaryStore()
    for digest: UInt8 in [1, 2] {
      _ = try await place.store.replaceToken("default", of: anna, digest: [digest], .init())
    }
    #expect(try await place.store.tokens().map(\.digest) == [[2]])
  }

  @Test func `the last use is kept, and goes forward only`() async throws {
    let place = try TemporaryStore()
    _ = try await place.store.createToken("zed", of: anna, digest: [1], .init())
    #expect(try await place.store.tokens().first?.lastUsedAt == nil)
    try await place.store.noteUse(ofTokens: [[1]: 5000, [9]: 1])
    try await place.store.noteUse(ofTokens: [[1]: 4000])
    let store = try await place.reopened()
    #expect(try await store.tokens().map(\.lastUsedAt) == [5000])
    try await store.close()
  }

  @Test func `nobody can come with a token whose row was changed behind its back`() async throws {
    let place = try TemporaryStore()
    _ = try await place.store.createToken("zed", of: anna, digest: [1], limits)
    try await place.store.close()
    var bytes = try contents(of: place.databasePath)
    let start = try #require(bytes.offset(of: #"["git.*"]"#))
    bytes[start + 2] = UInt8(ascii: "*")
    try overwrite(place.databasePath, with: bytes)
    let store = try await place.reopened()
    #expect(try await store.tokens().map(\.digest) == [[]])
    try await store.deleteToken("zed", of: anna)
    try await store.close()
  }
}
