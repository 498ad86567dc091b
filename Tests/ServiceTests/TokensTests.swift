import EventLoop
import Foundation
import Service
import Store
import Testing
import TestSupport
import Wire

/// Tokens in memory, before a store of its own.
@Suite(.onLoop) struct TokensTests {
  @EventLoop
  private final class Place {
    let directory: String
    let store: Store
    let tokens: Tokens
    private final class Count {
      var changes = 0
    }

    private let count: Count
    var changes: Int { count.changes }

    init() async throws {
      directory = "/tmp/halley-tokens-\(UInt64.random(in: 0 ... .max))"
      let store = try Store.open(StoreConfiguration(directory: directory))
      self.store = store
      let count = Count()
      self.count = count
      tokens = Tokens(onChange: { count.changes += 1 }) { () async throws(RPCError) in store }
      try await tokens.use(store)
    }

    deinit {
      do {
        try FileManager.default.removeItem(atPath: directory)
      } catch {
        Issue.record("\(directory) was not removed: \(error)")
      }
    }

    /// The same after a restart of the daemon.
    func restarted() async throws -> Tokens {
      let store = store
      let tokens = Tokens { () async throws(RPCError) in store }
      try await tokens.use(store)
      return tokens
    }

    var file: TokenFile { TokenFile(beside: "\(directory)/halley.sock") }
  }

  private let user = Subject.user(1000)

  private func limits(_ change: (inout StoredToken.Limits) -> Void) -> StoredToken.Limits {
    var limits = StoredToken.Limits()
    change(&limits)
    return limits
  }

  @Test @EventLoop func `who comes with a token is its user's, under its name`() async throws {
    let place = try await Place()
    let own = try await place.tokens.create("zed", of: user, .init())
    #expect(own.hasPrefix("halley-") && own.utf8.count == 50)
    let caller = try #require(place.tokens.caller(bearer: own))
    #expect(caller.userID == 1000 && caller.name == "zed" && caller.role == .token)
    #expect(!caller.isOperator)
    #expect(caller.principal == Principal(user, token: "zed"))
    let shared = try await place.tokens.create("all", of: user, limits { $0.view = .shared })
    #expect(
      place.tokens.caller(bearer: shared)?.principal
        == Principal(user, token: "all", isShared: true))
    let isolated = try await place.tokens.create("box", of: user, limits { $0.view = .isolated })
    #expect(
      place.tokens.caller(bearer: isolated)?.principal.subject.name == "token:box@uid:1000")
    let reader = try await place.tokens.create("look", of: user, limits { $0.isReadOnly = true })
    #expect(place.tokens.caller(bearer: reader)?.role == .readOnlyToken)
  }

  @Test @EventLoop func `what is no token is nobody's`() async throws {
    let place = try await Place()
    let token = try await place.tokens.create("zed", of: user, .init())
    for text in ["", "halley-", String(token.dropLast()), token + "a", token.uppercased()] {
      #expect(place.tokens.caller(bearer: text) == nil)
    }
  }

  @Test @EventLoop func `a token is known after a restart, and not once it is revoked`()
    async throws
  {
    let place = try await Place()
    let token = try await place.tokens.create("zed", of: user, .init())
    let restarted = try await place.restarted()
    #expect(restarted.caller(bearer: token)?.name == "zed")
    try await restarted.revoke("zed", of: user)
    #expect(restarted.caller(bearer: token) == nil)
    #expect(try await place.restarted().caller(bearer: token) == nil)
    let unknown = try await #require(throws: RPCError.self) {
      try await restarted.revoke("zed", of: user)
    }
    #expect(unknown.code == .notFound)
  }

  @Test @EventLoop func `where the service makes no token, users may have its name`() async throws {
    let place = try await Place()
    let store = place.store
    let tokens = Tokens(makesFirst: false) { () async throws(RPCError) in store }
    try await tokens.use(store)
    let token = try await tokens.create("default", of: user, .init())
    #expect(tokens.caller(bearer: token)?.name == "default")
  }

  @Test @EventLoop func `a name is taken once, and one is the service's own`() async throws {
    let place = try await Place()
    _ = try await place.tokens.create("zed", of: user, .init())
    for name in ["zed", "default"] {
      let error = try await #require(throws: RPCError.self) {
        try await place.tokens.create(name, of: user, .init())
      }
      #expect(error.code == .conflict)
    }
    _ = try await place.tokens.create("zed", of: .user(1001), .init())
    #expect(place.tokens.tokens(of: user).map(\.name) == ["zed"])
  }

  @Test @EventLoop func `the last use is told at once, and is on disk soon`() async throws {
    let place = try await Place()
    let token = try await place.tokens.create("zed", of: user, .init())
    #expect(place.tokens.tokens(of: user).first?.lastUsedAt == nil)
    _ = place.tokens.caller(bearer: token)
    let used = try #require(place.tokens.tokens(of: user).first?.lastUsedAt)
    let end = ContinuousClock.now + .seconds(30)
    while try await place.store.tokens().first?.lastUsedAt == nil {
      try #require(ContinuousClock.now < end)
      await EventLoop.sleep(for: .milliseconds(2))
    }
    #expect(try await place.store.tokens().first?.lastUsedAt == used)
  }

  // MARK: The first

  @Test @EventLoop func `the first token is in a file of its user alone, and stays`() async throws {
    let place = try await Place()
    try await place.tokens.provideFirst(of: user, in: place.file)
    let token = try #require(place.file.read())
    #expect(place.file.path == "\(place.directory)/http-token")
    let attributes = try FileManager.default.attributesOfItem(atPath: place.file.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(place.tokens.caller(bearer: token)?.name == "default")
    let restarted = try await place.restarted()
    try await restarted.provideFirst(of: user, in: place.file)
    #expect(place.file.read() == token)
    #expect(restarted.caller(bearer: token) != nil)
  }

  @Test(arguments: [nil, 0o644, 0o620, -1] as [Int?])
  @EventLoop
  func `a file that is gone or that others could reach brings another secret`(
    mode: Int?
  ) async throws {
    let place = try await Place()
    try await place.tokens.provideFirst(of: user, in: place.file)
    let token = try #require(place.file.read())
    let manager = FileManager.default
    if let mode, mode > 0 {
      try manager.setAttributes([.posixPermissions: mode], ofItemAtPath: place.file.path)
    } else {
      try manager.removeItem(atPath: place.file.path)
    }
    if mode == -1 {
      try "\(token)\n".write(toFile: place.file.path + ".x", atomically: false, encoding: .utf8)
      try manager.createSymbolicLink(
        atPath: place.file.path, withDestinationPath: place.file.path + ".x")
    }
    try await place.tokens.provideFirst(of: user, in: place.file)
    let other = try #require(place.file.read())
    #expect(other != token)
    #expect(place.tokens.caller(bearer: token) == nil)
    #expect(place.tokens.caller(bearer: other)?.name == "default")
    #expect(place.tokens.tokens(of: user).count == 1)
    if mode == -1 {
      #expect(try String(contentsOfFile: place.file.path + ".x", encoding: .utf8) == "\(token)\n")
    }
  }
}
