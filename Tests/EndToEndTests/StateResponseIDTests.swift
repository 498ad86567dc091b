import JSON
import TestSupport
import Testing

/// A response has one id, whatever its upstream calls it from event to event.
@Suite struct StateResponseIDTests {
  private let stage: StateStage
  private var client: SocketClient { stage.client }

  init() throws {
    stage = try StateStage(upstream: #"state = "upstream""#, rest: "[cache]\nttl = \"24h\"\n")
  }

  private static let message =
    #"{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"Hi"}]}"#

  /// Members of a create that is answered with these ids, each as JSON; nil for none.
  private func controls(
    _ created: String?, _ terminal: String?, plain: Bool = false
  ) throws -> String {
    func response(_ id: String?, _ status: String) -> String {
      let output = status == "completed" ? Self.message : ""
      let id = id.map { #""id":\#($0),"# } ?? ""
      return #"{\#(id)"object":"response","status":"\#(status)","output":[\#(output)]}"#
    }
    func event(_ type: String, _ response: String) -> String {
      "data: {\"type\":\"response.\(type)\",\"response\":\(response)}\n\n"
    }
    let body =
      plain
      ? response(terminal, "completed")
      : event("created", response(created, "in_progress"))
        + event("completed", response(terminal, "completed"))
    try stage.simulator.writeScript("ids", Array(body.utf8))
    let type = plain ? #","content_type":"application/json""# : ""
    return #""stream":\#(!plain),"metadata":{"script":"ids"\#(type)}"#
  }

  /// Expects everything that tells of a response to call it the same.
  private func expectOneID(_ answer: Answer) throws {
    let id = answer.id
    #expect(!id.isEmpty && id.utf8.count < 99, "\(answer.message.text.prefix(500))")
    for event in answer.events where event["response"] != nil {
      #expect(event["response"]?["id"]?.string == id)
    }
    #expect(try client.retrieve(id).stored == answer.stored)
    #expect(try client.replay(id).events.last?["response"]?["id"]?.string == id)
    let hit = try client.say("Hi", #""stream":true"#)
    #expect(hit.errorCode == nil && hit.id != id)
    let next = try client.say("two", #""previous_response_id":"\#(id)""#)
    #expect(next.status == "completed", "\(next.message.text.prefix(500))")
  }

  private static let odd: [String?] = [
    nil, "5", "null", #""""#, "{}", #""a\u001b[2Jb""#, #""a b""#,
    #""\#(String(repeating: "x", count: 10_000))""#,
  ]

  @Test(arguments: odd)
  func `a first event without a usable id gives the response one of its own`(_ id: String?) throws {
    for terminal in [id, #""resp_last""#] {
      let answer = try client.say("one", controls(id, terminal))
      #expect(answer.id.wholeMatch(of: #/resp_[0-9a-f]{32}/#) != nil)
      try expectOneID(answer)
    }
  }

  @Test(arguments: odd + [#""resp_other""#])
  func `the first event's id stays whatever the last one says`(_ id: String?) throws {
    let answer = try client.say("one", controls(#""resp_first""#, id))
    #expect(answer.id == "resp_first")
    try expectOneID(answer)
  }

  @Test(arguments: odd + [#""resp_whole""#])
  func `an answer of one piece has one id too`(_ id: String?) throws {
    let answer = try client.say("one", controls(nil, id, plain: true))
    #expect((answer.id == "resp_whole") == (id == #""resp_whole""#))
    try expectOneID(answer)
  }

  @Test func `a response that is not stored has one id`() throws {
    let answer = try client.say("one", #""store":false,"# + controls("null", #""resp_last""#))
    #expect(answer.events.allSatisfy { $0["response"]?["id"]?.string == answer.id })
    #expect(answer.id.hasPrefix("resp_") && answer.id != "resp_last")
  }

  @Test func `a background response keeps the id that it was acknowledged with`() throws {
    let answer = try client.say(
      "one", #""background":true,"# + controls(#""resp_first""#, #""resp_last""#))
    #expect(answer.events.allSatisfy { $0["response"]?["id"]?.string == answer.id })
    try expectOneID(answer)
  }

  @Test func `the next turn goes on from what the upstream said last`() throws {
    let first = try client.say("one", controls(#""resp_first""#, #""resp_last""#))
    #expect(first.halley?["upstream_id"]?.string == "resp_last")
    _ = try client.say("two", #""previous_response_id":"\#(first.id)","metadata":{"status":"404"}"#)
    let asked = try stage.simulator.bodies().map { $0["previous_response_id"]?.string }
    #expect(asked.contains("resp_last") && !asked.contains("resp_first"))
  }

  @Test func `an id of the daemon's own is not asked of the upstream`() throws {
    let first = try client.say("one", controls("null", "null"))
    #expect(first.halley?["upstream_id"]?.isNull == true)
    _ = try client.say("two", #""previous_response_id":"\#(first.id)""#)
    #expect(try stage.simulator.count("creates") == 2)
    #expect(try stage.lastInput() == ["one", "Hi", "two"])
  }
}
