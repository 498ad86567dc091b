import JSON
import Store
import Testing

/// Who sees which rows.
@Suite struct PrincipalTests {
  private let temporary: TemporaryStore
  private var store: Store { temporary.store }
  private let anna = Principal.user(1000)
  private let editor = Principal(.user(1000), token: "editor")
  private let other = Principal(.user(1000), token: "other")
  private let shared = Principal(.user(1000), token: "shared", isShared: true)
  private let page = PageRequest()

  init() throws {
    temporary = try TemporaryStore()
  }

  private func subject(_ name: String) throws -> Principal {
    Principal(try #require(Subject(name)))
  }

  @Test func `a subject that is no user of this system has rows of its own`() async throws {
    let (socket, realm) = (try subject("socket:ci"), try subject("anna@EXAMPLE.ORG"))
    let mine = try await store.say("mine", "re", as: socket)
    let hers = try await store.say("hers", "re", as: realm)
    #expect(try await store.texts(ofResponse: mine, as: socket) == ["mine", "re"])
    #expect(try await store.texts(ofResponse: hers, as: realm) == ["hers", "re"])
    for (id, principal) in [(mine, realm), (hers, socket), (mine, anna), (hers, anna)] {
      #expect(
        try await code { _ = try await store.response(id, as: principal) } == .notFound)
    }
    let reopened = try await temporary.reopened()
    #expect(try await reopened.texts(ofResponse: mine, as: socket) == ["mine", "re"])
    #expect(try await reopened.search(SearchRequest(query: "mine"), as: socket).count == 1)
    #expect(try await reopened.search(SearchRequest(query: "mine"), as: realm).isEmpty)
    try await reopened.close()
  }

  @Test func `who has nothing finds nothing`() async throws {
    let nobody = try subject("socket:nobody")
    #expect(try await store.conversations(as: nobody, page).elements.isEmpty)
    #expect(try await store.search(SearchRequest(query: "a"), as: nobody).isEmpty)
    #expect(try await store.lastResponse(ofScope: "tty", as: nobody) == nil)
    #expect(try await code { try await store.deleteResponse("resp_a", as: nobody) } == .notFound)
    #expect(try await store.cacheContents(of: nobody.subject).entries == 0)
  }

  @Test func `a token sees what it made, its user sees all`() async throws {
    let ids = try await [anna, editor, other, shared].asyncMap { try await said($0) }
    for (principal, seen) in [
      (anna, ids), (shared, ids), (editor, [ids[1]]), (other, [ids[2]]),
    ] {
      for id in ids {
        let found = try await code { _ = try await store.response(id, as: principal) } == nil
        #expect(found == seen.contains(id))
      }
      let listed = try await store.conversations(as: principal, page).elements
      #expect(listed.count == seen.count)
      let hits = try await store.search(SearchRequest(query: "tulip"), as: principal)
      #expect(Set(hits.compactMap(\.responseID)) == Set(seen))
      let last = try await store.lastResponse(ofScope: "tty", as: principal)
      #expect(last == ids[[anna, editor, other, shared].firstIndex(of: principal) ?? 0])
    }
  }

  /// Says something in a conversation and a scope, and returns the response's id.
  private func said(_ principal: Principal) async throws -> String {
    let conversation = try await store.createConversation(as: principal)
    return try await store.say(
      "tulip", "re", as: principal, after: .conversation(conversation.id), scope: "tty")
  }

  @Test func `another token's row looks like none`() async throws {
    let conversation = try await store.createConversation(
      as: editor, name: "mine", items: [message("tulip", id: "msg_1")])
    let id = try await store.say("q", "re", as: editor, after: .conversation(conversation.id))
    let absent = "conv_absent"
    let outcomes = try await [conversation.id, absent].asyncMap { conversation in
      try await [
        refusal { _ = try await store.conversation(conversation, as: other) },
        refusal { _ = try await store.context(ofConversation: conversation, as: other) },
        refusal { _ = try await store.conversationItems(conversation, as: other, page) },
        refusal { _ = try await store.createItems([], in: conversation, as: other) },
        refusal { _ = try await store.forkConversation(conversation, as: other) },
        refusal { try await store.deleteConversation(conversation, as: other) },
        refusal {
          _ = try await store.updateConversation(conversation, as: other, ConversationUpdate())
        },
        refusal {
          let new = NewResponse(as: other, parent: .conversation(conversation), input: [])
          _ = try await store.start(new)
        },
      ].map { $0?.replacing(conversation, with: "") }
    }
    #expect(outcomes[0] == outcomes[1] && !outcomes[0].contains(nil))
    for body in [
      { _ = try await store.item("msg_1", as: other) },
      { _ = try await store.context(ofResponse: id, as: other) },
      { _ = try await store.inputItems(ofResponse: id, as: other, page) },
      { try await store.addMetadata(.emptyObject, toResponse: id, as: other) },
      { try await store.setLastResponse(ofScope: "tty", to: id, as: other) },
      { try await store.deleteResponse(id, as: other) },
      { _ = try await store.start(NewResponse(as: other, parent: .response(id), input: [])) },
    ] as [() async throws -> Void] {
      #expect(try await code(body) == .notFound)
    }
    #expect(try await store.conversation(named: "mine", as: other) == nil)
    #expect(try await store.item("msg_1", as: editor).id == "msg_1")
    #expect(try await store.texts(ofResponse: id, as: editor).count == 3)
  }

  @Test func `names and keys are their subject's, whatever the token`() async throws {
    _ = try await store.createConversation(as: anna, name: "garden")
    #expect(
      try await code { _ = try await store.openConversation(named: "garden", as: editor) }
        == .conflict)
    var new = NewResponse(as: anna, id: "resp_a", input: [])
    new.idempotency = .init(key: "k", bodyHash: [1])
    _ = try await store.start(new)
    new = NewResponse(as: editor, id: "resp_b", input: [])
    new.idempotency = .init(key: "k", bodyHash: [1])
    #expect(try await refusal { _ = try await store.start(new) }?.contains("token") == true)
    new = NewResponse(as: shared, id: "resp_c", input: [])
    new.idempotency = .init(key: "k", bodyHash: [1])
    guard case .existing(let existing) = try await store.beginResponse(new) else {
      throw TestFailure("it was begun again")
    }
    #expect(existing.id == "resp_a")
  }

  @Test func `what a fork of its user keeps tells a token nothing of the fork`() async throws {
    let source = try await store.createConversation(as: editor)
    let id = try await store.say("tulip", "re", as: editor, after: .conversation(source.id))
    _ = try await store.forkConversation(source.id, as: anna, name: "private")
    try await store.deleteConversation(source.id, as: editor)
    let hits = try await store.search(SearchRequest(query: "tulip"), as: editor)
    #expect(hits.map(\.responseID) == [id] && hits.map(\.conversationID) == [nil])
    let seen = try await store.search(SearchRequest(query: "tulip"), as: anna)
    #expect(seen.map(\.conversationName) == ["private"])
  }

  @Test func `an interrupted response tells who made it`() async throws {
    let socket = try subject("socket:ci")
    for (number, principal) in [anna, editor, socket].enumerated() {
      _ = try await store.start(NewResponse(as: principal, id: "resp_\(number)", input: []))
    }
    let found = try await store.interruptedResponses().map { try $0.get() }
    let makers = try await found.asyncMap { try await store.principal(of: $0) }
    #expect(makers == [anna, editor, socket])
  }

  @Test func `a flipped token is no other token`() async throws {
    let request = SearchRequest(query: "tulip")
    _ = try await store.say("tulip", "re", as: editor)
    #expect(try await store.search(request, as: editor).count == 1)
    try await store.close()
    var bytes = try contents(of: temporary.databasePath)
    let place = try #require(bytes.offset(of: "editor"))
    bytes[place] = UInt8(ascii: "E")
    try overwrite(temporary.databasePath, with: bytes)
    let reopened = try Store.open(
      StoreConfiguration(
        directory: "\(temporary.directory)/state", clock: temporary.clock.read))
    let flipped = Principal(.user(1000), token: "Editor")
    #expect(try await reopened.search(request, as: flipped).isEmpty)
    try await reopened.close()
  }
}

extension Array {
  fileprivate func asyncMap<Value>(
    _ transform: (Element) async throws -> Value
  ) async rethrows -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await transform(element)) }
    return values
  }
}
