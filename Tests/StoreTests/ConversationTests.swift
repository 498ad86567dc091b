import JSON
import Store
import Testing

@Suite struct ConversationTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  @Test func `a conversation goes on from turn to turn`() async throws {
    let conversation = try await store.createConversation(as: .user(1000))
    #expect(conversation.id.hasPrefix("conv_"))
    try await store.say("1", "one", after: .conversation(conversation.id))
    try await store.say("2", "two", after: .conversation(conversation.id))
    #expect(try await store.texts(ofConversation: conversation.id) == ["1", "one", "2", "two"])
  }

  @Test func `previous responses form a tree`() async throws {
    let root = try await store.say("1", "one")
    let left = try await store.say("2", "two", after: .response(root))
    let right = try await store.say("3", "three", after: .response(root))
    #expect(try await store.texts(ofResponse: left) == ["1", "one", "2", "two"])
    #expect(try await store.texts(ofResponse: right) == ["1", "one", "3", "three"])
  }

  @Test func `a context tells which upstream made what`() async throws {
    var response = NewResponse(as: .user(1000), id: "resp_a", input: [message("1")])
    response.upstream = "local"
    response.model = "small"
    response.keyIdentity = "k1"
    let handle = try await store.start(response)
    _ = try await store.finishResponse(handle, .completed)
    let turn = try #require(
      try await store.context(ofResponse: "resp_a", as: .user(1000)).turns.first)
    let origin = try #require(turn.response)
    #expect(origin.responseID == "resp_a")
    #expect(origin.upstream == "local")
    #expect(origin.model == "small")
    #expect(origin.keyIdentity == "k1")
  }

  @Test func `a turn that failed is no part of the conversation`() async throws {
    let conversation = try await store.createConversation(as: .user(1000))
    let failing = NewResponse(
      as: .user(1000), id: "resp_f", parent: .conversation(conversation.id), input: [message("bad")]
    )
    let handle = try await store.start(failing)
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(status: .failed, object: nil, output: [], continuesConversation: false))
    try await store.say("1", "one", after: .conversation(conversation.id))
    #expect(try await store.texts(ofConversation: conversation.id) == ["1", "one"])
    #expect(try await store.texts(ofResponse: "resp_f") == ["bad"])
  }

  @Test func `items added while a response runs stay before it`() async throws {
    let conversation = try await store.createConversation(as: .user(1000))
    let running = NewResponse(
      as: .user(1000), parent: .conversation(conversation.id), input: [message("asked")])
    let handle = try await store.start(running)
    _ = try await store.createItems([message("noted")], in: conversation.id, as: .user(1000))
    _ = try await store.finishResponse(handle, .completed)
    #expect(try await store.texts(ofConversation: conversation.id) == ["noted", "asked"])
  }

  // MARK: Names and metadata

  @Test func `a name is opened, and made on its first use`() async throws {
    async let first = store.openConversation(named: "work", as: .user(1000))
    async let second = store.openConversation(named: "work", as: .user(1000))
    let ids = try await [first.id, second.id]
    #expect(Set(ids).count == 1)
    #expect(try await store.openConversation(named: "work", as: .user(1001)).id != ids[0])
    #expect(try await store.conversation(named: "work", as: .user(1000))?.id == ids[0])
  }

  @Test func `a name is given once`() async throws {
    _ = try await store.createConversation(as: .user(1000), name: "work")
    let other = try await store.createConversation(as: .user(1000))
    #expect(
      try await code { _ = try await store.createConversation(as: .user(1000), name: "work") }
        == .conflict)
    let rename = ConversationUpdate(name: .name("work"))
    #expect(
      try await code { _ = try await store.updateConversation(other.id, as: .user(1000), rename) }
        == .conflict)
  }

  @Test func `name and metadata change apart from each other`() async throws {
    let made = try await store.createConversation(as: .user(1000), name: "a")
    let metadata = RawJSON.object { $0.member("k", "v") }
    _ = try await store.updateConversation(
      made.id, as: .user(1000), ConversationUpdate(metadata: metadata))
    var found = try await store.updateConversation(
      made.id, as: .user(1000), ConversationUpdate(name: .name("b")))
    #expect(found.name == "b")
    #expect(found.metadata == metadata)
    found = try await store.updateConversation(
      made.id, as: .user(1000), ConversationUpdate(name: ConversationUpdate.Name.none))
    #expect(found.name == nil)
  }

  @Test func `another user's conversation is answered as an absent one`() async throws {
    let made = try await store.createConversation(
      as: .user(1000), items: [message("mine", id: "msg_1")])
    let store = store
    for id in [made.id, "conv_absent"] {
      let page = PageRequest()
      let refusals = [
        try await refusal { _ = try await store.conversation(id, as: .user(1)) },
        try await refusal { _ = try await store.context(ofConversation: id, as: .user(1)) },
        try await refusal { _ = try await store.conversationItems(id, as: .user(1), page) },
        try await refusal { _ = try await store.conversationItem("msg_1", in: id, as: .user(1)) },
        try await refusal { _ = try await store.createItems([], in: id, as: .user(1)) },
        try await refusal { _ = try await store.deleteItem("msg_1", from: id, as: .user(1)) },
        try await refusal { _ = try await store.forkConversation(id, as: .user(1)) },
        try await refusal { try await store.deleteConversation(id, as: .user(1)) },
        try await refusal {
          _ = try await store.updateConversation(id, as: .user(1), ConversationUpdate())
        },
        try await refusal {
          _ = try await store.search(SearchRequest(query: "mine", conversation: id), as: .user(1))
        },
        try await refusal {
          _ = try await store.conversations(as: .user(1), PageRequest(after: id))
        },
        try await refusal {
          _ = try await store.start(NewResponse(as: .user(1), parent: .conversation(id), input: []))
        },
      ]
      #expect(Set(refusals) == ["find the conversation: no conversation \"\(id)\""])
    }
    #expect(
      try await refusal { _ = try await store.item("msg_1", as: .user(1)) }
        == "find the item: no item \"msg_1\"")
  }

  // MARK: Lists

  @Test func `conversations are listed by last use, page by page`() async throws {
    var ids: [String] = []
    for _ in 0..<5 {
      temporary.clock.advance(by: 1000)
      ids.append(try await store.createConversation(as: .user(1000)).id)
    }
    _ = try await store.createConversation(as: .user(1001))
    temporary.clock.advance(by: 1000)
    try await store.say("1", "one", after: .conversation(ids[0]))
    let expected = [ids[0], ids[4], ids[3], ids[2], ids[1]]
    let first = try await store.conversations(as: .user(1000), PageRequest(limit: 3))
    #expect(first.elements.map(\.id) == Array(expected[..<3]))
    #expect(first.hasMore)
    let rest = try await store.conversations(
      as: .user(1000), PageRequest(limit: 3, after: expected[2]))
    #expect(rest.elements.map(\.id) == Array(expected[3...]))
    #expect(!rest.hasMore)
    let ascending = try await store.conversations(as: .user(1000), PageRequest(order: .ascending))
    #expect(ascending.elements.map(\.id) == expected.reversed())
  }

  @Test(arguments: [PageRequest.Order.ascending, .descending], 1...7)
  func `paging through items meets each once`(
    order: PageRequest.Order, limit: Int
  ) async throws {
    let conversation = try await store.createConversation(as: .user(1000))
    for number in 0..<3 {
      try await store.say("\(number)", "re \(number)", after: .conversation(conversation.id))
    }
    var found: [String?] = []
    var page = PageRequest(limit: limit, order: order)
    while true {
      let part = try await store.conversationItems(conversation.id, as: .user(1000), page)
      #expect(part.elements.count <= limit)
      found += part.elements.map { text(of: $0.json) }
      guard part.hasMore else { break }
      page.after = part.elements.last?.id
    }
    let expected = ["0", "re 0", "1", "re 1", "2", "re 2"]
    #expect(found == (order == .ascending ? expected : expected.reversed()))
  }

  @Test func `a limit is brought into the range of the API`() {
    #expect(PageRequest(limit: 0).limit == 1)
    #expect(PageRequest(limit: 1000).limit == 100)
    #expect(PageRequest().limit == 20)
  }

  @Test func `an id that is not in the list can't be paged from`() async throws {
    let first = try await store.createConversation(
      as: .user(1000), items: [message("a", id: "msg_a")])
    let second = try await store.createConversation(
      as: .user(1000), items: [message("b", id: "msg_b")])
    #expect(first.id != second.id)
    for after in ["msg_a", "msg_absent"] {
      let code = try await code {
        _ = try await store.conversationItems(second.id, as: .user(1000), PageRequest(after: after))
      }
      #expect(code == .notFound)
    }
  }

  @Test func `input items are what was inherited and sent, without the output`() async throws {
    let first = try await store.say("1", "one")
    let second = try await store.say("2", "two", after: .response(first))
    let page = try await store.inputItems(ofResponse: second, as: .user(1000), PageRequest())
    #expect(page.elements.map { text(of: $0.json) } == ["2", "one", "1"])
  }

  @Test func `an item id that is taken is replaced in lists only`() async throws {
    let conversation = try await store.createConversation(
      as: .user(1000), items: [message("a", id: "msg_1"), message("b", id: "msg_1")])
    let page = try await store.conversationItems(
      conversation.id, as: .user(1000), PageRequest(order: .ascending))
    #expect(page.elements[0].id == "msg_1")
    #expect(page.elements[1].id != "msg_1")
    #expect(page.elements[1].listed["id"]?.string == page.elements[1].id)
    #expect(page.elements[1].json == message("b", id: "msg_1"))
  }

  @Test func `a listed message has id, type, status and parts`() async throws {
    let bare = RawJSON.object { writer in
      writer.member("role", "user")
      writer.member("content", "hi \"you\"")
    }
    let items = try await store.createItems(
      [bare], in: store.createConversation(as: .user(1000)).id, as: .user(1000))
    let item = try #require(items.first)
    #expect(item.id.hasPrefix("msg_") && item.id.utf8.count == 36)
    #expect(
      item.listed.text == #"{"role":"user","content":[{"type":"input_text","text":"hi \"you\""}],"#
        + #""type":"message","id":"\#(item.id)","status":"completed"}"#)
  }

  // MARK: Forks

  @Test func `a fork shares the past and goes its own way`() async throws {
    let source = try await store.createConversation(as: .user(1000), name: "main")
    let first = try await store.say("1", "one", after: .conversation(source.id))
    try await store.say("2", "two", after: .conversation(source.id))
    let items = try await store.statistics().items
    let fork = try await store.forkConversation(source.id, as: .user(1000), at: first, name: "side")
    #expect(try await store.statistics().items == items)
    try await store.say("3", "three", after: .conversation(fork.id))
    #expect(try await store.texts(ofConversation: source.id) == ["1", "one", "2", "two"])
    #expect(try await store.texts(ofConversation: fork.id) == ["1", "one", "3", "three"])
  }

  @Test func `a fork at an item ends with it`() async throws {
    let source = try await store.createConversation(
      as: .user(1000), items: ["a", "b", "c"].map { message($0, id: "msg_\($0)") })
    let fork = try await store.forkConversation(source.id, as: .user(1000), at: "msg_b")
    let response = try await store.say("d", "e", after: .conversation(fork.id))
    #expect(try await store.texts(ofConversation: fork.id) == ["a", "b", "d", "e"])
    #expect(try await store.texts(ofConversation: source.id) == ["a", "b", "c"])
    #expect(try await store.texts(ofResponse: response) == ["a", "b", "d", "e"])
    let chained = try await store.say("f", "g", after: .response(response))
    #expect(try await store.texts(ofResponse: chained) == ["a", "b", "d", "e", "f", "g"])
  }

  @Test func `a fork at what is not in the conversation is refused`() async throws {
    let source = try await store.createConversation(as: .user(1000), items: [message("a")])
    let other = try await store.say("1", "one")
    for at in [other, "resp_absent"] {
      #expect(
        try await code { _ = try await store.forkConversation(source.id, as: .user(1000), at: at) }
          == .notFound)
    }
  }
}
