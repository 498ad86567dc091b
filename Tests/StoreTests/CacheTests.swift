import JSON
import Store
import Testing

@Suite struct CacheTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  private static let parts: [UInt8] = [1, 2, 3]

  private func key(_ number: UInt8) -> [UInt8] { Array(repeating: number, count: 32) }

  /// Stores a response and makes it the answer to a key.
  @discardableResult
  private func keep(
    _ text: String, as number: UInt8, of subject: Subject = .user(1000),
    id: String = StoreID.response()
  ) async throws -> String {
    let handle = try await store.start(
      NewResponse(as: Principal(subject), id: id, input: [message("asked \(text)")]))
    let output = [answer(text, id: "msg_\(number)_\(id)")]
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: object(id, output), output: output,
        continuesConversation: true))
    #expect(try await store.cache(handle, as: key(number), parts: Self.parts))
    return id
  }

  private func cached(
    _ number: UInt8, of subject: Subject = .user(1000), since time: Int64 = 0
  ) async throws -> CachedResponse? {
    try await store.cachedResponse(key(number), of: subject, since: time)
  }

  @Test func `an answer is found under its key, also after a restart`() async throws {
    let id = try await keep("tulip", as: 1)
    try await expectTulip(id, in: store)
    try await expectTulip(id, in: temporary.reopened())
  }

  private func expectTulip(_ id: String, in store: Store) async throws {
    let found = try #require(try await store.cachedResponse(key(1), of: .user(1000), since: 0))
    #expect(found.id == id)
    #expect(text(of: found.object["output"]?.elements.first ?? .null) == "tulip")
    #expect(found.cachedAt == 1_700_000_000_000)
    #expect(try await store.cacheKeyPrefixes() == [0x0101_0101_0101_0101])
  }

  @Test func `another user's answer is not found`() async throws {
    try await keep("tulip", as: 1)
    #expect(try await cached(1, of: .user(1001)) == nil)
    #expect(try await store.cacheContents(of: .user(1001)).entries == 0)
    #expect(try await store.clearCache(of: .user(1001)) == 0)
    #expect(try await cached(1) != nil)
  }

  @Test func `an answer that is older than asked for is not found`() async throws {
    try await keep("tulip", as: 1)
    let now = temporary.clock.read()
    #expect(try await cached(1, since: now) != nil)
    #expect(try await cached(1, since: now + 1) == nil)
  }

  @Test func `a new answer takes the place of the old one`() async throws {
    try await keep("old", as: 1)
    temporary.clock.advance(by: 5)
    let id = try await keep("new", as: 1)
    #expect(try await cached(1)?.id == id)
    #expect(try await cached(1)?.cachedAt == 1_700_000_000_005)
    #expect(try await store.cacheContents().entries == 1)
  }

  @Test func `the answer of a deleted response is gone, also from the disk`() async throws {
    let id = try await keep("marigold", as: 1)
    try await store.deleteResponse(id, as: .user(1000))
    #expect(try await cached(1) == nil)
    #expect(try await store.cacheContents().entries == 0)
    #expect(try contents(of: temporary.databasePath).offset(of: "marigold") == nil)
    #expect(try contents(of: "\(temporary.databasePath)-wal").offset(of: "marigold") == nil)
  }

  @Test func `a response that lost an item answers nothing`() async throws {
    let conversation = try await store.createConversation(as: .user(1000))
    let handle = try await store.start(
      NewResponse(
        as: .user(1000), id: "resp_a", parent: .conversation(conversation.id), input: [message("q")]
      ))
    let output = [answer("marigold", id: "msg_a"), answer("rest", id: "msg_b")]
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: object("resp_a", output), output: output,
        continuesConversation: true))
    #expect(try await store.cache(handle, as: key(1), parts: []))
    #expect(try await cached(1) != nil)
    _ = try await store.deleteItem("msg_a", from: conversation.id, as: .user(1000))
    #expect(try await cached(1) == nil)
  }

  @Test(arguments: [ResponseStatus.incomplete, .failed, .cancelled])
  func `only a completed response becomes an answer`(status: ResponseStatus) async throws {
    let handle = try await store.start(NewResponse(as: .user(1000), id: "resp_a", input: []))
    #expect(try await !store.cache(handle, as: key(1), parts: []))
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: status, object: object("resp_a", []), output: [], continuesConversation: false))
    #expect(try await !store.cache(handle, as: key(1), parts: []))
    #expect(try await store.cacheContents().entries == 0)
  }

  @Test func `a response that keeps no text becomes no answer`() async throws {
    var response = NewResponse(as: .user(1000), id: "resp_a", input: [message("q")])
    response.isStored = false
    let handle = try await store.start(response)
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: object("resp_a", []), output: [],
        continuesConversation: false))
    #expect(try await !store.cache(handle, as: key(1), parts: []))
  }

  @Test func `what was used longest ago leaves first`() async throws {
    for number: UInt8 in 1...4 {
      try await keep("answer \(number)", as: number, id: "resp_\(number)")
      temporary.clock.advance(by: 1000)
    }
    try await store.noteCacheUse([(subject: .user(1000), key: key(1))])
    let size = try await store.cacheContents().bytes / 4
    let trim = try await store.trimCache(cachedBefore: 0, maximumBytes: size * 2)
    #expect(trim.removed == 2)
    #expect(trim.left.entries == 2 && trim.left.bytes == size * 2)
    var left: [UInt8] = []
    for number: UInt8 in 1...4 where try await cached(number) != nil { left.append(number) }
    #expect(left == [1, 4])
    #expect(try await store.response("resp_2", as: .user(1000)).status == .completed)
  }

  @Test func `a cache within its limits keeps everything`() async throws {
    try await keep("one", as: 1)
    let bytes = try await store.cacheContents().bytes
    let trim = try await store.trimCache(cachedBefore: 0, maximumBytes: bytes)
    #expect(trim.removed == 0 && trim.left.bytes == bytes)
  }

  @Test func `what is too old is removed`() async throws {
    try await keep("old", as: 1)
    temporary.clock.advance(by: 1000)
    try await keep("new", as: 2)
    let time = temporary.clock.read()
    #expect(try await store.trimCache(cachedBefore: time, maximumBytes: .max).removed == 1)
    #expect(try await cached(1) == nil)
    #expect(try await cached(2) != nil)
  }

  @Test func `clearing takes a user's answers of an age`() async throws {
    try await keep("old", as: 1)
    try await keep("another's", as: 1, of: .user(1001))
    temporary.clock.advance(by: 1000)
    try await keep("new", as: 2)
    #expect(try await store.clearCache(of: .user(1000), before: temporary.clock.read()) == 1)
    #expect(try await cached(2) != nil)
    #expect(try await store.clearCache(of: .user(1000)) == 1)
    #expect(try await cached(1, of: .user(1001)) != nil)
  }

  @Test func `entries come back with their parts, the last used first`() async throws {
    try await keep("one", as: 1)
    temporary.clock.advance(by: 1000)
    try await keep("two", as: 2)
    temporary.clock.advance(by: 1000)
    try await store.noteCacheUse([(subject: .user(1000), key: key(1))])
    // The write of the use is answered before it is committed; the next write carries it.
    try await keep("another's", as: 3, of: .user(1001))
    let entries = try await store.cacheParts(of: .user(1000), limit: 10)
    #expect(entries.map(\.key) == [key(1), key(2)])
    #expect(entries.allSatisfy { $0.parts == Self.parts })
    #expect(try await store.cacheParts(of: .user(1000), limit: 1).map(\.key) == [key(1)])
  }

  @Test func `a changed entry is never another key's answer`() async throws {
    try await keep("tulip", as: 0x41)
    try await store.close()
    let wanted = key(0x41)
    var bytes = try contents(of: temporary.databasePath)
    let places = (0..<bytes.count - 32).filter { Array(bytes[$0..<$0 + 32]) == wanted }
    #expect(!places.isEmpty)
    for place in places { bytes[place + 31] = 0x42 }
    try overwrite(temporary.databasePath, with: bytes)
    let store = try Store.open(
      StoreConfiguration(
        directory: "\(temporary.directory)/state", clock: temporary.clock.read))
    let changed = Array(repeating: UInt8(0x41), count: 31) + [0x42]
    #expect(
      try await code { _ = try await store.cachedResponse(changed, of: .user(1000), since: 0) }
        == .corrupt)
    try await store.close()
  }
}
