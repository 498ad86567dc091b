import JSON
import Service
import Store
import Testing
import Wire

@Suite struct RequestContextTests {
  private let before: SaidBefore

  init() throws { before = try SaidBefore() }

  private func said(_ context: RequestContext) -> [String?] {
    context.turns.flatMap(\.items).filter { !$0.isOutput }.map { $0.json["content"]?.string }
  }

  @Test func `a request that names nothing goes on from nothing`() async throws {
    try await before.say("1", [])
    let context = try await before.context(#""store":true"#)
    #expect(context.parent == .none && context.turns.isEmpty && context.conversation == nil)
  }

  @Test func `a response goes on from the one before it, and all that came before that`()
    async throws
  {
    let first = try await before.say("1", [])
    let second = try await before.say("2", [], after: .response(first))
    let context = try await before.context(#""previous_response_id":"\#(second)""#)
    #expect(context.parent == .response(second) && context.previousResponseID == second)
    #expect(said(context) == ["1", "2"])
  }

  @Test func `a name makes its conversation on its first use, and finds it again`() async throws {
    let made = try await before.context(#""conversation":"work""#)
    let conversation = try #require(made.conversation)
    try await before.say("1", [], after: .conversation(conversation.id))
    let found = try await before.context(#""conversation":"work""#)
    #expect(found.conversation?.id == conversation.id)
    #expect(found.parent == .conversation(conversation.id) && said(found) == ["1"])
  }

  @Test func `a scope goes on from its last response`() async throws {
    try await before.say("1", [], scope: "tty")
    let last = try await before.say("2", [], scope: "tty")
    let context = try await before.context(#""halley":{"scope":"tty","continue":true}"#)
    #expect(context.parent == .response(last))
  }

  @Test func `a scope whose last response was in a conversation goes on there`() async throws {
    let conversation = try await before.store.createConversation(as: SaidBefore.user)
    try await before.say("1", [], after: .conversation(conversation.id), scope: "tty")
    try await before.say("2", [], after: .conversation(conversation.id))
    let context = try await before.context(#""halley":{"scope":"tty","continue":true}"#)
    #expect(context.conversation?.id == conversation.id)
    #expect(said(context) == ["1", "2"])
  }

  @Test func `a scope without a response begins anew`() async throws {
    let context = try await before.context(#""halley":{"scope":"tty","continue":true}"#)
    #expect(context.parent == .none)
  }

  @Test(arguments: ["previous_response_id", "conversation"])
  func `an id of another user looks like one that never was`(_ parameter: String) async throws {
    let response = try await before.say("1", [])
    let conversation = try await before.store.createConversation(as: SaidBefore.user)
    let (mine, none) =
      parameter == "conversation" ? (conversation.id, "conv_none") : (response, "resp_none")
    var errors: [RPCError] = []
    for id in [mine, none] {
      let error = await #expect(throws: RPCError.self) {
        _ = try await before.context(#""\#(parameter)":"\#(id)""#, as: .user(1001))
      }
      if let error { errors.append(error) }
    }
    #expect(errors.map(\.code) == [.notFound, .notFound])
    #expect(errors.first?.json.text == errors.last?.json.text)
  }

  @Test func `nothing goes on from a response that still runs`() async throws {
    let running = try await before.say("1", [], ends: false)
    let error = await #expect(throws: RPCError.self) {
      _ = try await before.context(#""previous_response_id":"\#(running)""#)
    }
    #expect(error?.code == .invalidParams)
    #expect(error?.message.contains("is still in_progress") == true)
  }
}
