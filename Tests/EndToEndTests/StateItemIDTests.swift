import JSON
import TestSupport
import Testing

/// Items whose upstream gives the same ids in each response.
@Suite struct StateItemIDTests {
  private let stage: StateStage
  private var client: SocketClient { stage.client }

  init() throws {
    stage = try StateStage(rest: "[cache]\nttl = \"24h\"\n")
  }

  private static let repeated = #""metadata":{"repeat_item_ids":"1","words":"4"}"#
  private static let inConversation = #","conversation":"c""#

  private func ask(_ input: String, _ members: String = "", id: Int = 1) throws -> Answer {
    try client.call(
      id, "responses.create", #"{"input":"\#(input)",\#(Self.repeated)\#(members)}"#)
  }

  private func outputIDs(_ response: RawJSON?) -> [String] {
    response?["output"]?.elements.compactMap { $0["id"]?.string } ?? []
  }

  /// Expects every event to name the items as the result does.
  private func expectConsistent(_ answer: Answer) throws {
    let ids = Set(outputIDs(answer.result))
    #expect(ids.count == answer.result?["output"]?.elements.count)
    for event in answer.events {
      for named in [event["item"]?["id"]?.string, event["item_id"]?.string].compactMap(\.self) {
        #expect(ids.contains(named), "\(event.text)")
      }
    }
    if let terminal = answer.events.last {
      #expect(outputIDs(terminal["response"]) == outputIDs(answer.result))
    }
    #expect(try client.retrieve(answer.id).stored == answer.stored)
  }

  @Test func `an id that is free stays, and every later one of it is another`() throws {
    let stream = #","stream":true"# + Self.inConversation
    let answers = try (1...3).map { try ask("say \($0)", stream) }
    for answer in answers { try expectConsistent(answer) }
    let ids = answers.flatMap { outputIDs($0.result) }
    #expect(ids.first == "msg_1")
    #expect(Set(ids).count == 3)
    let stored = try client.items(of: "c").filter { $0["role"]?.string == "assistant" }
    #expect(stored.map { $0["id"]?.string } == ids)
    #expect(answers.allSatisfy { $0.streamedText == $0.text })
  }

  @Test func `an answer of one piece is told apart too`() throws {
    let ids = try (1...2).flatMap { try outputIDs(ask("say \($0)", Self.inConversation).result) }
    #expect(ids.first == "msg_1")
    #expect(Set(ids).count == 2)
    let stored = try client.items(of: "c").filter { $0["role"]?.string == "assistant" }
    #expect(stored.map { $0["id"]?.string } == ids)
  }

  @Test func `responses that run at the same time have no item of one id`() throws {
    for id in 1...2 {
      try client.request(
        id, "responses.create",
        #"{"input":"say \#(id)","stream":true,"metadata":{"repeat_item_ids":"1","words":"30","rate":"200"}}"#
      )
    }
    let answers = try (1...2).map { try client.answer($0) }
    for answer in answers { try expectConsistent(answer) }
    #expect(Set(answers.flatMap { outputIDs($0.result) }).count == 2)
  }

  @Test(arguments: ["", #","stream":true"#])
  func `two items of one response have two ids`(members: String) throws {
    let tools = ["a", "b"].map { #"{"type":"function","name":"\#($0)","parameters":{}}"# }
    let answer = try ask(
      "think first, call a {} call b {}", #","tools":[\#(tools.joined(separator: ","))]\#(members)"#
    )
    try #require(answer.result?["output"]?.elements.count ?? 0 > 1)
    try expectConsistent(answer)
  }

  @Test func `a turn that was cut off and a hit have the ids that their clients saw`() throws {
    _ = try ask("same")
    let hit = try ask("same", #","stream":true"# + Self.inConversation)
    #expect(hit.halley?["cache"]?.string == "hit")
    try expectConsistent(hit)
    try client.request(
      5, "responses.create",
      #"{"input":"cut","stream":true\#(Self.inConversation),"metadata":{"repeat_item_ids":"1","endless":"deltas","event_delay_ms":"2"}}"#
    )
    try client.awaitText(5)
    _ = try client.call(6, "$/cancelRequest", #"{"id":5}"#)
    let cut = try client.answer(5)
    try expectConsistent(cut)
    let stored = try client.items(of: "c").filter { $0["role"]?.string == "assistant" }
    #expect(stored.map { $0["id"]?.string } == outputIDs(hit.result) + outputIDs(cut.result))
  }

  @Test func `what is not stored keeps the ids that came`() throws {
    _ = try ask("first")
    let answer = try ask("second", #","store":false,"stream":true"#)
    #expect(outputIDs(answer.result) == ["msg_1"])
  }
}
