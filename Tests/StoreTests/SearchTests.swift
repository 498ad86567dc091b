import JSON
import Store
import Testing

@Suite struct SearchTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  private func search(
    _ query: String, in conversation: String? = nil, as principal: Principal = .user(1000)
  ) async throws -> [SearchHit] {
    var request = SearchRequest(query: query, conversation: conversation)
    request.marks = ("[", "]")
    return try await store.search(request, as: principal)
  }

  @Test func `what was said is found with where it was said`() async throws {
    let conversation = try await store.createConversation(as: .user(1000), name: "garden")
    let id = try await store.say(
      "Which flower is blue?", "The cornflower is.", after: .conversation(conversation.id))
    let hits = try await search("FLOWER blue")
    let hit = try #require(hits.first)
    #expect(hits.count == 1)
    #expect(hit.conversationID == conversation.id)
    #expect(hit.conversationName == "garden")
    #expect(hit.responseID == id)
    #expect(hit.role == "user")
    #expect(hit.snippet == "Which [flower] is [blue]?")
    #expect(hit.createdAt == temporary.clock.read())
    #expect(hit.score > 0)
    let item = try await store.conversationItem(hit.itemID, in: conversation.id, as: .user(1000))
    #expect(text(of: item.json) == "Which flower is blue?")
  }

  @Test func `better matches come first`() async throws {
    try await store.say("tulip and a lot of other words that say nothing of the kind", "re")
    let best = try await store.say("tulip tulip tulip", "re")
    let hits = try await search("tulip")
    #expect(hits.first?.responseID == best)
    #expect(hits[0].score > hits[1].score)
  }

  @Test func `words of other users are neither found nor counted`() async throws {
    try await store.say("tulip one", "re", as: .user(1))
    let alone = try await search("tulip", as: .user(1))
    for _ in 0..<5 { try await store.say("tulip two", "re", as: .user(2)) }
    let beside = try await search("tulip", as: .user(1))
    #expect(beside.map(\.snippet) == ["[tulip] one"])
    #expect(beside.map(\.score) == alone.map(\.score))
    #expect(try await search("tulip", as: .user(3)).isEmpty)
  }

  @Test func `a search in a conversation includes what it shares as a fork`() async throws {
    let source = try await store.createConversation(
      as: .user(1000), items: [message("tulip before", id: "msg_1")])
    let fork = try await store.forkConversation(source.id, as: .user(1000))
    _ = try await store.createItems([message("tulip behind")], in: source.id, as: .user(1000))
    try await store.say("tulip elsewhere", "re")
    let inFork = try await search("tulip", in: fork.id)
    #expect(inFork.map(\.snippet) == ["[tulip] before"])
    #expect(inFork.map(\.conversationID) == [fork.id])
    let inSource = try await search("tulip", in: source.id)
    #expect(Set(inSource.map(\.snippet)) == ["[tulip] before", "[tulip] behind"])
  }

  @Test func `a response that runs is found once it has ended`() async throws {
    let handle = try await store.start(NewResponse(as: .user(1000), input: [message("tulip")]))
    #expect(try await search("tulip").isEmpty)
    _ = try await store.finishResponse(handle, .completed)
    #expect(try await search("tulip").count == 1)
  }

  @Test func `only words are indexed, not attachments`() async throws {
    let item = try RawJSON(
      parsing: """
        {"role":"user","content":[{"type":"input_text","text":"a picture"},
        {"type":"input_image","image_url":"data:image/png;base64,tulip"}]}
        """)
    _ = try await store.createConversation(as: .user(1000), items: [item])
    #expect(try await search("picture").count == 1)
    #expect(try await search("tulip").isEmpty)
  }

  @Test func `turns that waited for the index are found after a start`() async throws {
    try await store.say("tulip", "re")
    let store = try await temporary.reopened()
    #expect(try await store.search(SearchRequest(query: "tulip"), as: .user(1000)).count == 1)
  }

  @Test(arguments: [
    "\"", "\"\"", "tulip\"", "\"tulip", "tulip AND", "NOT", "(tulip", "tulip)", "text:tulip",
    "tulip*", "*", "^tulip", "tulip NEAR(", "-tulip", "{text}:tulip", "tulip\0x", "'", ";--", "💐",
    "a + b", "tulip OR", "\u{FEFF}", "\"tulip* \0 x\" y\"",
  ])
  func `nothing that is typed is an error`(query: String) async throws {
    try await store.say("tulip", "re")
    _ = try await search(query)
  }

  @Test(arguments: [
    ("two words", #""two" AND "words""#), ("\"two words\" more", #""two words" AND "more""#),
    ("beg*", #""beg" *"#), ("a AND b", #""a" AND "and" AND "b""#), ("  ", nil), ("&& !", nil),
    ("x:y", #""x y""#), ("\"open ended", #""open ended""#),
    ("getName*", #"("getname" * OR "get name" *)"#),
  ])
  func `a query is words, phrases and beginnings`(query: String, expression: String?) {
    #expect(SearchQuery.expression(query) == expression)
  }

  @Test func `phrases, beginnings and accents are understood`() async throws {
    try await store.say("the naïve gardener plants", "re")
    #expect(try await search("\"naive gardener\"").count == 1)
    #expect(try await search("\"gardener naive\"").isEmpty)
    #expect(try await search("garde*").count == 1)
    #expect(try await search("garde").isEmpty)
    #expect(try await search("plants naive").count == 1)
    #expect(try await search("plants rose").isEmpty)
  }

  @Test func `a conversation is searched alone, whatever others say of it`() async throws {
    let small = try await store.createConversation(as: .user(1000), items: [message("tulip here")])
    for number in 0..<600 { try await store.say("tulip \(number)", "re") }
    let hits = try await search("tulip", in: small.id)
    #expect(hits.map(\.snippet) == ["[tulip] here"])
    // What was deleted from a fork is found where it was said, and not in the fork.
    let fork = try await store.forkConversation(small.id, as: .user(1000))
    _ = try await store.deleteItem(hits[0].itemID, from: fork.id, as: .user(1000))
    #expect(try await search("tulip", in: fork.id).isEmpty)
    #expect(try await search("tulip", in: small.id).count == 1)
  }

  @Test func `what a fork keeps of a deleted conversation is found, and erased with the fork`()
    async throws
  {
    let source = try await store.createConversation(
      as: .user(1000), items: [message("marigold")])
    #expect(try await search("marigold", in: source.id).count == 1)
    let fork = try await store.forkConversation(source.id, as: .user(1000))
    try await store.deleteConversation(source.id, as: .user(1000))
    #expect(try await search("marigold", in: fork.id).map(\.conversationID) == [fork.id])
    try await store.deleteConversation(fork.id, as: .user(1000))
    #expect(try await search("marigold").isEmpty)
    try await store.close()
    #expect(try contents(of: temporary.databasePath).offset(of: "marigold") == nil)
  }
}
