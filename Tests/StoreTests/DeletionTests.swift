import JSON
import Store
import Testing

@Suite struct DeletionTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  /// Whether a word stands in any of the database's files.
  private func isOnDisk(_ word: String) throws -> Bool {
    try ["", "-wal", "-shm"].contains { suffix in
      let path = temporary.databasePath + suffix
      return try contents(of: path).offset(of: word) != nil
    }
  }

  private func makeConversation(_ texts: String...) async throws -> String {
    let conversation = try await store.createConversation(as: .user(1000))
    for text in texts { try await store.say(text, "re", after: .conversation(conversation.id)) }
    return conversation.id
  }

  @Test func `a deleted response leaves no word of its text in the files`() async throws {
    let handle = try await store.start(
      NewResponse(as: .user(1000), id: "resp_a", input: [message("marigold asked")]))
    try await store.appendEvents([Array("marigold event".utf8)[...]], from: 0, to: handle)
    let output = [answer("marigold answered \(String(repeating: "long ", count: 5000))")]
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: object("resp_a", output), output: output,
        continuesConversation: true))
    #expect(try await store.search(SearchRequest(query: "marigold"), as: .user(1000)).count == 2)
    #expect(try isOnDisk("marigold"))
    try await store.deleteResponse("resp_a", as: .user(1000))
    #expect(try !isOnDisk("marigold"))
    #expect(try await store.search(SearchRequest(query: "marigold"), as: .user(1000)).isEmpty)
    #expect(try await store.statistics().items == 0)
    #expect(try await code { _ = try await store.response("resp_a", as: .user(1000)) } == .notFound)
    #expect(
      try await code { try await store.deleteResponse("resp_a", as: .user(1000)) } == .notFound)
  }

  @Test func `one deleted response among others leaves the others to be found`() async throws {
    let kept = try await store.say("keep this tulip", "re")
    let gone = try await store.say("lose this marigold", "re")
    #expect(try await store.search(SearchRequest(query: "this"), as: .user(1000)).count == 2)
    try await store.deleteResponse(gone, as: .user(1000))
    #expect(try !isOnDisk("marigold"))
    let hits = try await store.search(SearchRequest(query: "this"), as: .user(1000))
    #expect(hits.map(\.responseID) == [kept])
  }

  @Test func `what others say after a deleted response keeps its context`() async throws {
    let first = try await store.say("1", "one")
    let second = try await store.say("2", "two", after: .response(first))
    try await store.deleteResponse(first, as: .user(1000))
    #expect(try await store.texts(ofResponse: second) == ["1", "one", "2", "two"])
    try await store.deleteResponse(second, as: .user(1000))
    #expect(try await store.statistics().items == 0)
  }

  @Test func `items that were added go with the turn that failed after them`() async throws {
    let id = try await makeConversation("first")
    _ = try await store.createItems([message("marigold added")], in: id, as: .user(1000))
    let handle = try await store.start(
      NewResponse(as: .user(1000), id: "resp_f", parent: .conversation(id), input: [message("x")]))
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(status: .failed, object: nil, output: [], continuesConversation: false))
    try await store.deleteConversation(id, as: .user(1000))
    #expect(try !isOnDisk("marigold"))
    #expect(try await store.statistics().items == 0)
  }

  @Test func `a deleted conversation takes its responses along`() async throws {
    let id = try await makeConversation("marigold", "second")
    let failing = NewResponse(
      as: .user(1000), id: "resp_f", parent: .conversation(id), input: [message("marigold failed")])
    let handle = try await store.start(failing)
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(status: .failed, object: nil, output: [], continuesConversation: false))
    try await store.deleteConversation(id, as: .user(1000))
    #expect(try !isOnDisk("marigold"))
    let statistics = try await store.statistics()
    #expect(statistics.responses == 0 && statistics.items == 0 && statistics.conversations == 0)
    #expect(try await code { _ = try await store.conversation(id, as: .user(1000)) } == .notFound)
  }

  @Test func `a fork keeps what it shares with a deleted conversation`() async throws {
    let source = try await makeConversation("shared", "marigold")
    let page = PageRequest(limit: 1, order: .ascending)
    let first = try await store.conversationItems(source, as: .user(1000), page)
    let shared = try #require(first.elements.first)
    #expect(text(of: shared.json) == "shared")
    let hits = try await store.search(SearchRequest(query: "shared"), as: .user(1000))
    let fork = try await store.forkConversation(
      source, as: .user(1000), at: try #require(hits.first?.responseID))
    try await store.deleteConversation(source, as: .user(1000))
    #expect(try !isOnDisk("marigold"))
    #expect(try await store.texts(ofConversation: fork.id) == ["shared", "re"])
    let found = try await store.search(SearchRequest(query: "shared"), as: .user(1000))
    #expect(found.map(\.conversationID) == [fork.id])
    try await store.deleteConversation(fork.id, as: .user(1000))
    #expect(try await store.statistics().items == 0)
  }

  @Test func `a response that chains out of a deleted conversation keeps its context`() async throws
  {
    let source = try await store.createConversation(as: .user(1000))
    let inside = try await store.say("1", "one", after: .conversation(source.id))
    let outside = try await store.say("2", "two", after: .response(inside))
    try await store.deleteConversation(source.id, as: .user(1000))
    #expect(try await code { _ = try await store.response(inside, as: .user(1000)) } == .notFound)
    #expect(try await store.texts(ofResponse: outside) == ["1", "one", "2", "two"])
  }

  @Test func `an item deleted from a conversation is gone from the disk`() async throws {
    let conversation = try await store.createConversation(
      as: .user(1000), items: [message("marigold", id: "msg_1"), message("rest")])
    _ = try await store.deleteItem("msg_1", from: conversation.id, as: .user(1000))
    #expect(try await store.texts(ofConversation: conversation.id) == ["rest"])
    #expect(try !isOnDisk("marigold"))
  }

  @Test func `an output item is deleted from its response too`() async throws {
    let conversation = try await store.createConversation(as: .user(1000))
    let id = try await store.say("1", "marigold", after: .conversation(conversation.id))
    let items = try await store.conversationItems(conversation.id, as: .user(1000), PageRequest())
    let output = try #require(items.elements.first { $0.isOutput })
    _ = try await store.deleteItem(output.id, from: conversation.id, as: .user(1000))
    #expect(try await store.response(id, as: .user(1000)).object == object(id, []))
    #expect(try !isOnDisk("marigold"))
  }

  @Test func `an item that a fork shares disappears from one of them only`() async throws {
    let source = try await store.createConversation(
      as: .user(1000), items: [message("a tulip", id: "msg_1"), message("b")])
    let fork = try await store.forkConversation(source.id, as: .user(1000))
    _ = try await store.deleteItem("msg_1", from: source.id, as: .user(1000))
    let store = store
    #expect(try await store.texts(ofConversation: source.id) == ["b"])
    #expect(try await store.texts(ofConversation: fork.id) == ["a tulip", "b"])
    let inSource = SearchRequest(query: "tulip", conversation: source.id)
    #expect(try await store.search(inSource, as: .user(1000)).isEmpty)
    let hits = try await store.search(SearchRequest(query: "tulip"), as: .user(1000))
    #expect(hits.map(\.conversationID) == [fork.id])
    #expect(
      try await code { _ = try await store.deleteItem("msg_1", from: source.id, as: .user(1000)) }
        == .notFound)
    #expect(
      try await code {
        _ = try await store.conversationItem("msg_1", in: source.id, as: .user(1000))
      }
        == .notFound)
  }

  @Test func `many deletions at once all erase their text`() async throws {
    var ids: [String] = []
    for number in 0..<20 { ids.append(try await store.say("marigold \(number)", "re")) }
    _ = try await store.search(SearchRequest(query: "marigold"), as: .user(1000))
    let store = store
    try await withThrowingTaskGroup { group in
      for id in ids { group.addTask { try await store.deleteResponse(id, as: .user(1000)) } }
      try await group.waitForAll()
    }
    #expect(try !isOnDisk("marigold"))
  }

  // MARK: Retention

  @Test func `old conversations and responses expire`() async throws {
    let old = try await makeConversation("marigold")
    let alone = try await store.say("marigold alone", "re")
    temporary.clock.advance(by: 10_000)
    let new = try await makeConversation("fresh")
    let expiry = try await store.expire(RetentionPolicy(maximumAge: .seconds(5)))
    #expect(expiry.conversations == 1 && expiry.responses == 1)
    #expect(try await code { _ = try await store.conversation(old, as: .user(1000)) } == .notFound)
    #expect(try await code { _ = try await store.response(alone, as: .user(1000)) } == .notFound)
    #expect(try await store.texts(ofConversation: new) == ["fresh", "re"])
    #expect(try !isOnDisk("marigold"))
  }

  @Test func `a running response does not expire`() async throws {
    _ = try await store.start(NewResponse(as: .user(1000), id: "resp_a", input: []))
    temporary.clock.advance(by: 10_000)
    let expiry = try await store.expire(RetentionPolicy(maximumAge: .seconds(5)))
    #expect(expiry.responses == 0)
    #expect(try await store.response("resp_a", as: .user(1000)).status == .inProgress)
  }

  @Test func `the oldest go when the store is too large`() async throws {
    let old = try await store.say("old \(String(repeating: "x", count: 400_000))", "re")
    temporary.clock.advance(by: 1000)
    for _ in 0..<40 { try await store.say("small", "re") }
    temporary.clock.advance(by: 1000)
    let new = try await store.say("new \(String(repeating: "y", count: 400_000))", "re")
    let before = try await store.statistics()
    _ = try await store.expire(RetentionPolicy(maximumBytes: 900_000))
    let after = try await store.statistics()
    #expect(after.databaseBytes <= 900_000)
    #expect(after.databaseBytes < before.databaseBytes + before.logBytes)
    #expect(try await code { _ = try await store.response(old, as: .user(1000)) } == .notFound)
    #expect(try await store.response(new, as: .user(1000)).status == .completed)
  }

  @Test func `events expire before their response does`() async throws {
    let handle = try await store.start(
      NewResponse(as: .user(1000), id: "resp_a", input: [message("asked")]))
    try await store.appendEvents([[1]], from: 0, to: handle)
    temporary.clock.advance(by: 100_000_000)
    #expect(try await store.expire(RetentionPolicy()).eventLogs == 0)
    _ = try await store.finishResponse(handle, .completed)
    temporary.clock.advance(by: 86_400_001)
    #expect(try await store.expire(RetentionPolicy()).eventLogs == 1)
    #expect(try await store.events(of: handle, after: -1).isEmpty)
    #expect(try await store.texts(ofResponse: "resp_a") == ["asked"])
  }
}
