import JSON
import Store
import Testing

/// What takes long, in steps between others' commits.
@Suite struct LongWorkTests {
  /// Rows that a step changes at most. Its budget is 128; what the search index writes, and rows that
  /// go with others, come on top.
  private static let mostRows = 700

  let temporary: TemporaryStore
  var store: Store { temporary.store }
  private let anna = Principal.user(1000)

  init() throws {
    temporary = try TemporaryStore()
  }

  private func isOnDisk(_ word: String) throws -> Bool {
    try ["", "-wal"].contains { suffix in
      try contents(of: temporary.databasePath + suffix).offset(of: word) != nil
    }
  }

  /// A conversation of many turns.
  private func makeConversation(_ turns: Int, _ text: String = "marigold") async throws -> String {
    let conversation = try await store.createConversation(as: anna, name: text)
    for number in 0..<turns {
      try await store.say("\(text) \(number)", "re", after: .conversation(conversation.id))
    }
    return conversation.id
  }

  private func expectShortSteps(_ work: () async throws -> Void) async throws {
    let before = try await store.statistics().counters
    try await work()
    let after = try await store.statistics().counters
    #expect(after.steps > before.steps + 3)
    #expect(after.largestStep <= Self.mostRows, "\(after.largestStep) rows in one step")
  }

  private func expectNothingLeft() async throws {
    let statistics = try await store.statistics()
    #expect(statistics.conversations == 0 && statistics.responses == 0 && statistics.items == 0)
    #expect(try !isOnDisk("marigold"))
    let file = try SQLiteFile(temporary.databasePath)
    #expect(try file.column("SELECT count(*) FROM turns") == ["0"])
    #expect(try file.column("SELECT count(*) FROM erasures") == ["0"])
  }

  @Test func `a long conversation is deleted in short steps`() async throws {
    let id = try await makeConversation(300)
    _ = try await store.search(SearchRequest(query: "marigold"), as: anna)
    try await expectShortSteps { try await store.deleteConversation(id, as: anna) }
    try await expectNothingLeft()
  }

  @Test func `a turn of many items is deleted in short steps`() async throws {
    let items = (0..<2000).map { message("marigold \($0)") }
    let conversation = try await store.createConversation(as: anna, items: items)
    _ = try await store.search(SearchRequest(query: "marigold"), as: anna)
    try await expectShortSteps { try await store.deleteConversation(conversation.id, as: anna) }
    try await expectNothingLeft()
  }

  @Test func `a response with a long log is deleted in short steps`() async throws {
    let response = NewResponse(
      as: anna, id: "resp_long", input: (0..<1000).map { message("marigold \($0)") })
    let handle = try await store.start(response)
    let event = Array(String(repeating: "marigold ", count: 20_000).utf8)[...]
    for number in 0..<30 { try await store.appendEvents([event], from: Int64(number), to: handle) }
    _ = try await store.finishResponse(handle, .completed)
    try await expectShortSteps { try await store.deleteResponse("resp_long", as: anna) }
    try await expectNothingLeft()
  }

  @Test func `many conversations and responses expire in short steps`() async throws {
    for number in 0..<40 {
      let id = try await makeConversation(4, "marigold\(number)")
      _ = try await store.forkConversation(id, as: anna)
      try await store.say("marigold", "alone")
    }
    temporary.clock.advance(by: 10_000)
    try await expectShortSteps {
      let expiry = try await store.expire(RetentionPolicy(maximumAge: .seconds(5)))
      #expect(expiry.conversations == 80 && expiry.responses == 40)
    }
    try await expectNothingLeft()
  }

  @Test func `event logs expire in short steps, whole`() async throws {
    var handles: [ResponseHandle] = []
    for _ in 0..<300 {
      let handle = try await store.start(NewResponse(as: anna, input: []))
      for number in 0..<3 { try await store.appendEvents([[1]], from: Int64(number), to: handle) }
      _ = try await store.finishResponse(handle, .completed)
      handles.append(handle)
    }
    let running = try await store.start(NewResponse(as: anna, input: []))
    try await store.appendEvents([[1]], from: 0, to: running)
    temporary.clock.advance(by: 86_400_001)
    let late = try await store.start(NewResponse(as: anna, input: []))
    try await store.appendEvents([[1]], from: 0, to: late)
    _ = try await store.finishResponse(late, .completed)
    try await expectShortSteps {
      let expiry = try await store.expire(RetentionPolicy())
      #expect(expiry.eventLogs == 300)
    }
    for handle in handles {
      #expect(try await store.events(of: handle, after: -1).isEmpty)
    }
    #expect(try await store.events(of: running, after: -1).count == 1)
    #expect(try await store.events(of: late, after: -1).count == 1)
  }

  @Test func `a store that shrinks and deletions beside it come to one end`() async throws {
    var ids: [String] = []
    for number in 0..<30 { ids.append(try await makeConversation(6, "marigold\(number)")) }
    for id in ids { _ = try await store.forkConversation(id, as: anna) }
    let store = store
    try await withThrowingTaskGroup { group in
      group.addTask { _ = try await store.expire(RetentionPolicy(maximumBytes: 1)) }
      for id in ids {
        group.addTask {
          let code = try await code { try await store.deleteConversation(id, as: .user(1000)) }
          #expect(code == nil || code == .notFound)
        }
      }
      try await group.waitForAll()
    }
    try await expectNothingLeft()
  }

  // MARK: Gone at once

  /// Hides a conversation, and closes the store before a sweep can have come far.
  private func hidden(_ id: String) async throws -> Store {
    try await store.deleteConversation(id, as: anna, patience: .zero)
    return store
  }

  /// A conversation of which everything that leads to it is kept: ids, scope, cache, a key.
  private func makeGarden(_ turns: Int) async throws -> String {
    let conversation = try await store.createConversation(as: anna, name: "garden")
    for number in 0..<turns {
      var response = NewResponse(
        as: anna, id: "resp_\(number)", parent: .conversation(conversation.id),
        input: [message("marigold \(number)", id: "msg_\(number)")])
      response.scope = "terminal"
      response.idempotency = NewResponse.Idempotency(key: "key_\(number)", bodyHash: [1])
      let handle = try await store.start(response)
      let output = [answer("re")]
      _ = try await store.finishResponse(
        handle,
        ResponseEnding(
          status: .completed, object: object(response.id, output), output: output,
          continuesConversation: true))
      _ = try await store.cache(handle, as: [UInt8(truncatingIfNeeded: number)], parts: [])
    }
    _ = try await store.search(SearchRequest(query: "marigold"), as: anna)
    return conversation.id
  }

  @Test func `what is deleted is seen by nobody from the first step on`() async throws {
    let id = try await makeGarden(400)
    let last = "resp_399"
    let store = try await hidden(id)
    let codes = [
      try await code { _ = try await store.conversation(id, as: anna) },
      try await code { _ = try await store.response("resp_0", as: anna) },
      try await code { _ = try await store.response(last, as: anna) },
      try await code { _ = try await store.context(ofResponse: last, as: anna) },
      try await code { _ = try await store.item("msg_399", as: anna) },
      try await code { _ = try await store.say("more", "re", after: .response(last)) },
      try await code { try await store.deleteResponse(last, as: anna) },
      try await code { try await store.deleteConversation(id, as: anna) },
    ]
    #expect(codes.allSatisfy { $0 == .notFound }, "\(codes)")
    #expect(try await store.conversation(named: "garden", as: anna) == nil)
    #expect(try await store.conversations(as: anna, PageRequest()).elements.isEmpty)
    #expect(try await store.search(SearchRequest(query: "marigold"), as: anna).isEmpty)
    #expect(try await store.lastResponse(ofScope: "terminal", as: anna) == nil)
    #expect(try await store.cachedResponse([0], of: .user(1000), since: 0) == nil)
    var again = NewResponse(as: anna, input: [])
    again.idempotency = NewResponse.Idempotency(key: "key_399", bodyHash: [2])
    _ = try await store.start(again)
    _ = try await store.createConversation(as: anna, name: "garden")
    try await store.sweep()
    #expect(try !isOnDisk("marigold"))
  }

  @Test func `what a fork shares is seen while its source is being deleted`() async throws {
    let source = try await makeConversation(200)
    let items = try await store.conversationItems(source, as: anna, PageRequest(limit: 100))
    let middle = try #require(items.elements.last)
    let fork = try await store.forkConversation(source, as: anna, at: middle.id)
    let before = try await store.texts(ofConversation: fork.id)
    let last = try await store.say("then", "re", after: .conversation(fork.id))
    let store = try await hidden(source)
    #expect(try await store.texts(ofConversation: fork.id) == before + ["then", "re"])
    #expect(try await store.item(middle.id, as: anna).id == middle.id)
    #expect(try await store.texts(ofResponse: last) == before + ["then", "re"])
    try await store.sweep()
    #expect(try await store.texts(ofConversation: fork.id) == before + ["then", "re"])
    let hits = try await store.search(SearchRequest(query: "marigold", limit: 100), as: anna)
    #expect(!hits.isEmpty && hits.allSatisfy { $0.conversationID == fork.id })
    try await store.deleteConversation(fork.id, as: anna)
    try await expectNothingLeft()
  }

  @Test func `a deletion that was cut off ends with the next start`() async throws {
    let id = try await makeConversation(300)
    try await store.say("marigold", "alone")
    let handle = try await store.start(NewResponse(as: anna, id: "resp_x", input: []))
    _ = try await store.finishResponse(handle, .completed)
    try await store.deleteResponse("resp_x", as: anna, patience: .zero)
    _ = try await hidden(id)
    let reopened = try await temporary.reopened()
    #expect(try await code { _ = try await reopened.conversation(id, as: anna) } == .notFound)
    _ = try await reopened.expire(RetentionPolicy())
    let statistics = try await reopened.statistics()
    #expect(statistics.conversations == 0 && statistics.responses == 1 && statistics.items == 2)
    try await reopened.close()
  }

  @Test func `closing ends a deletion and refuses who waits for it`() async throws {
    let id = try await makeConversation(200)
    let store = store
    let deletion = Task { try await store.deleteConversation(id, as: .user(1000)) }
    while try await code({ _ = try await store.conversation(id, as: anna) }) == nil {}
    try await store.close()
    // It was closed while it waited, or had ended just before.
    let outcome = try await code { try await deletion.value }
    #expect(outcome == nil || outcome == .closed)
    #expect(try await code { try await store.sweep() } == .closed)
  }

  @Test func `somebody who reads the log holds up a deletion and no commit`() async throws {
    let id = try await makeConversation(5)
    let other = try SQLiteFile(temporary.databasePath)
    try other.run("BEGIN")
    #expect(try other.column("SELECT count(*) FROM turns") == ["5"])
    try await store.deleteConversation(id, as: anna, patience: .zero)
    let store = store
    let sweep = Task { try await store.sweep() }
    #expect(try await code { _ = try await store.conversation(id, as: anna) } == .notFound)
    for number in 0..<20 { try await store.say("others \(number)", "go on") }
    #expect(try isOnDisk("marigold"))
    try other.run("ROLLBACK")
    try await sweep.value
    #expect(try !isOnDisk("marigold"))
  }
}
