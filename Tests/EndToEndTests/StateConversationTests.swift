import Glibc
import JSON
import TestSupport
import Testing

@Suite struct StateConversationTests {
  private let stage: StateStage
  private var client: SocketClient { stage.client }

  init() throws {
    stage = try StateStage()
  }

  private func data(_ method: String, _ params: String) throws -> [RawJSON] {
    let answer = try client.call(1, method, params)
    return try #require(answer.result?["data"]?.elements, "\(answer.message.text)")
  }

  // MARK: Many clients

  @Test func `a conversation goes through clients, models, upstreams, a fork and a search`() throws
  {
    let second = try Simulator()
    let stage = try StateStage(
      rest: "[upstreams.second]\nbase_url = \"\(second.baseURL)\"\nmodels = [\"other-*\"]")
    let clients = try (0..<5).map { _ in try stage.daemon.connect() }
    _ = try clients[0].say("begin here", answer: "FIRST", #""conversation":"shared/talk""#)
    try clients[4].request(9, "conversations.watch", #"{"conversation":"shared/talk"}"#)
    try clients[4].settle()
    let other = #""model":"other-model","conversation":"shared/talk","stream":true"#
    let next = try clients[1].say("go on there", answer: "SECOND quokka", other)
    #expect(next.result?["halley"]?["upstream"]?.string == "second")
    let sent = try #require(try second.bodies().last)
    #expect(sent["model"]?.string == "other-model")
    #expect(
      sent["input"]?.elements.map(RawJSON.said) == ["begin here", "FIRST", "go on there"])
    let fork = try clients[2].call(
      1, "conversations.fork", #"{"conversation":"shared/talk","name":"branch"}"#)
    #expect(fork.result?["name"]?.string == "branch")
    _ = try clients[2].say("aside", answer: "BRANCHED", #""conversation":"branch""#)
    #expect(
      try clients[2].texts(of: "branch")
        == ["begin here", "FIRST", "go on there", "SECOND quokka", "aside", "BRANCHED"])
    #expect(
      try clients[0].texts(of: "shared/talk")
        == ["begin here", "FIRST", "go on there", "SECOND quokka"])
    let hits = try clients[3].call(1, "conversations.search", #"{"query":"quokka"}"#)
    let hit = try #require(hits.result?["data"]?.elements.first)
    #expect(hit["role"]?.string == "assistant")
    #expect(hit["response_id"]?.string == next.id)
    #expect(hit["snippet"]?.string?.contains("quokka") == true)
    try expectWatched(next, by: clients[4])
  }

  @Test func `who watches a conversation is told of its end`() throws {
    let watcher = try stage.daemon.connect()
    _ = try stage.client.say("before", #""conversation":"ends""#)
    try watcher.request(9, "conversations.watch", #"{"conversation":"ends"}"#)
    try watcher.settle()
    _ = try stage.client.say("during", #""conversation":"ends""#)
    _ = try stage.client.call(1, "conversations.delete", #"{"conversation":"ends"}"#)
    let watched = try watcher.answer(9)
    #expect(watched.errorCode == "not_found")
    #expect(watched.eventTypes.last == "conversation.response.ended")
  }

  /// Expects what a watcher has to see of one turn, in its order.
  private func expectWatched(_ turn: Answer, by client: SocketClient) throws {
    _ = try client.event(9) { $0["type"]?.string == "conversation.response.ended" }
    _ = try client.call(10, "$/cancelRequest", #"{"id":9}"#)
    let watched = try client.answer(9)
    #expect(watched.errorCode == "cancelled")
    let types = watched.eventTypes
    #expect(types.first == "conversation.response.started")
    #expect(types.suffix(2) == ["conversation.items.added", "conversation.response.ended"])
    let started = try #require(watched.events.first)
    #expect(started["conversation"]?["name"]?.string == "shared/talk")
    #expect(started["input"]?.string == "go on there")
    #expect(watched.events.filter { $0["sequence_number"] != nil } == turn.events)
    let added = watched.events.suffix(2).first?["items"]?.elements.map(RawJSON.said)
    #expect(added == ["SECOND quokka"])
    #expect(watched.events.last?["response_id"]?.string == turn.id)
    #expect(watched.events.last?["status"]?.string == "completed")
  }

  @Test func `a watcher that comes in the middle sees the answer from its beginning`() throws {
    let asking = try stage.daemon.connect()
    try asking.request(
      1, "responses.create",
      #"{"input":"hi","conversation":"live","stream":true,"metadata":{"words":"60","rate":"200"}}"#
    )
    try asking.awaitText(1)
    try client.request(9, "conversations.watch", #"{"conversation":"live"}"#)
    _ = try client.event(9) { $0["type"]?.string == "conversation.response.ended" }
    let turn = try asking.answer(1)
    _ = try client.call(10, "$/cancelRequest", #"{"id":9}"#)
    let watched = try client.answer(9)
    #expect(watched.events.filter { $0["sequence_number"] != nil } == turn.events)
  }

  @Test func `watchers hear of items that are added`() throws {
    _ = try client.call(1, "conversations.create", #"{"name":"log"}"#)
    try client.request(9, "conversations.watch", #"{"conversation":"log"}"#)
    try client.settle()
    let other = try stage.daemon.connect()
    _ = try other.call(
      1, "conversations.items.create",
      #"{"conversation":"log","items":[{"role":"user","content":"noted"}]}"#)
    let event = try client.event(9) { _ in true }
    #expect(event["type"]?.string == "conversation.items.added")
    #expect(event["items"]?.elements.map(RawJSON.said) == ["noted"])
  }

  // MARK: Busy

  private static let slow =
    #""conversation":"busy","metadata":{"words":"40","rate":"200"},"stream":true"#

  @Test func `turns of one conversation go one after the other as they came`() throws {
    let clients = try (0..<6).map { _ in try stage.daemon.connect() }
    try clients[0].startSaying(1, "turn 0", Self.slow)
    try clients[0].awaitText(1)
    for (index, client) in clients.enumerated().dropFirst() {
      try client.startSaying(1, "turn \(index)", #""conversation":"busy""#)
      try client.settle()
    }
    for client in clients { #expect(try client.answer(1).status == "completed") }
    let asked = try client.items(of: "busy").filter { $0["role"]?.string == "user" }
    #expect(asked.map(RawJSON.said) == (0..<6).map { "turn \($0)" })
    #expect(try client.items(of: "busy").count == 12)
  }

  @Test func `a turn that will not wait is refused as busy`() throws {
    let other = try stage.daemon.connect()
    try other.startSaying(1, "first", Self.slow)
    try other.awaitText(1)
    let refused = try client.say(
      "second", #""conversation":"busy","halley":{"on_busy":"reject"}"#)
    #expect(refused.errorCode == "busy")
    #expect(refused.errorNumber == -32002)
    #expect(try other.answer(1).status == "completed")
    let free = try client.say("third", #""conversation":"busy","halley":{"on_busy":"reject"}"#)
    #expect(free.status == "completed")
    #expect(try client.items(of: "busy").count == 4)
  }

  @Test func `a turn that is cancelled while it waits lets the next one go`() throws {
    let other = try stage.daemon.connect()
    try other.startSaying(1, "first", Self.slow)
    try other.awaitText(1)
    try client.startSaying(2, "waiting", #""conversation":"busy""#)
    try client.startSaying(3, "next", #""conversation":"busy""#)
    _ = try client.call(4, "$/cancelRequest", #"{"id":2}"#)
    #expect(try client.answer(2).errorNumber == -32800)
    #expect(try client.answer(3).status == "completed")
    let asked = try client.items(of: "busy").filter { $0["role"]?.string == "user" }
    #expect(asked.map(RawJSON.said) == ["first", "next"])
  }

  @Test func `a turn that failed leaves nothing in the conversation`() throws {
    _ = try client.say("good", answer: "GOOD", #""conversation":"c""#)
    let bad = try client.say("bad", #""conversation":"c","metadata":{"status":"400"}"#)
    #expect(bad.errorCode == "upstream_http")
    #expect(try client.texts(of: "c") == ["good", "GOOD"])
    _ = try client.say("on", #""conversation":"c""#)
    #expect(try stage.lastInput() == ["good", "GOOD", "on"])
  }

  // MARK: Names and metadata

  @Test func `a name is created on its first use, and its id says the same conversation`() throws {
    _ = try client.say("one", answer: "ONE", #""conversation":"by/name@x""#)
    let named = try client.call(1, "conversations.retrieve", #"{"conversation":"by/name@x"}"#)
    let id = try #require(named.result?["id"]?.string)
    #expect(id.hasPrefix("conv_"))
    #expect(named.result?["object"]?.string == "conversation")
    _ = try client.say("two", #""conversation":{"id":"\#(id)"}"#)
    #expect(try stage.lastInput() == ["one", "ONE", "two"])
  }

  @Test func `a conversation and a previous response are refused together`() throws {
    let answer = try client.say("x", #""conversation":"a","previous_response_id":"resp_1""#)
    #expect(answer.errorCode == "invalid_params")
    #expect(answer.param == "conversation")
  }

  @Test func `a name that is taken is a conflict`() throws {
    _ = try client.call(1, "conversations.create", #"{"name":"taken"}"#)
    _ = try client.call(1, "conversations.create", #"{"name":"free"}"#)
    let calls = [
      ("conversations.create", #"{"name":"taken"}"#),
      ("conversations.update", #"{"conversation":"free","name":"taken"}"#),
      ("conversations.fork", #"{"conversation":"free","name":"taken"}"#),
    ]
    for (method, params) in calls {
      #expect(try client.call(1, method, params).errorCode == "conflict", "\(method)")
    }
  }

  @Test func `renaming frees the old name and keeps the items`() throws {
    _ = try client.say("one", answer: "ONE", #""conversation":"old""#)
    let renamed = try client.call(
      1, "conversations.update", #"{"conversation":"old","name":"new","metadata":{"k":"v"}}"#)
    #expect(renamed.result?["name"]?.string == "new")
    #expect(renamed.result?["metadata"]?["k"]?.string == "v")
    #expect(try client.texts(of: "new") == ["one", "ONE"])
    let old = try client.call(1, "conversations.retrieve", #"{"conversation":"old"}"#)
    #expect(old.errorCode == "not_found")
  }

  @Test func `metadata has the API's bounds`() throws {
    let long = String(repeating: "x", count: 513)
    let many = (0..<17).map { #""k\#($0)":"v""# }.joined(separator: ",")
    for bad in [#"{"k":1}"#, #"{"k":"\#(long)"}"#, "{\(many)}", #""text""#] {
      let answer = try client.call(1, "conversations.create", #"{"metadata":\#(bad)}"#)
      #expect(answer.errorCode == "invalid_params")
      #expect(answer.param?.hasPrefix("metadata") == true)
    }
  }

  @Test func `a create that comes just as its conversation becomes free has its turn`() throws {
    let other = try stage.daemon.connect()
    for round in 0..<120 {
      let conversation = #""conversation":"race\#(round)","stream":true"#
      try client.startSaying(1, "one", answer: "ONE", conversation)
      try client.awaitText(1)
      // The end of the first comes at another moment of the second's arrival each time.
      poll(nil, 0, Int32(round % 4))
      try other.startSaying(1, "two", answer: "TWO", conversation)
      #expect(try client.answer(1).status == "completed")
      #expect(try other.answer(1).status == "completed")
    }
  }

  // MARK: Forks

  @Test func `a fork shares all up to a response or an item`() throws {
    let first = try client.say("one", answer: "ONE", #""conversation":"trunk""#)
    _ = try client.say("two", answer: "TWO", #""conversation":"trunk""#)
    let items = try client.items(of: "trunk")
    let points = [
      (first.id, ["one", "ONE"]), (items[2]["id"]?.string ?? "", ["one", "ONE", "two"]),
      (items[0]["id"]?.string ?? "", ["one"]),
    ]
    for (number, point) in points.enumerated() {
      let name = "fork\(number)"
      let answer = try client.call(
        1, "conversations.fork",
        #"{"conversation":"trunk","at":"\#(point.0)","name":"\#(name)"}"#)
      #expect(answer.result?["object"]?.string == "conversation", "\(answer.message.text)")
      #expect(try client.texts(of: name) == point.1)
    }
    let none = try client.call(
      1, "conversations.fork", #"{"conversation":"trunk","at":"resp_none"}"#)
    #expect(none.errorCode == "not_found")
  }
}
