import JSON
import TestSupport
import Testing

/// Turns of which a part is missing, and how their conversations go on.
@Suite struct StateHalfTurnTests {
  private let stage: StateStage
  private var client: SocketClient { stage.client }

  init() throws {
    stage = try StateStage()
  }

  private static let message =
    #"{"id":"msg_s1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Seen wombat.","annotations":[]}]}"#

  private static let itemEvents = [
    #"{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_s1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
    #"{"type":"response.output_text.delta","item_id":"msg_s1","output_index":0,"content_index":0,"delta":"Seen wombat."}"#,
    #"{"type":"response.output_item.done","output_index":0,"item":\#(message)}"#,
  ]

  private static let bareEvents = [
    #"{"type":"response.output_text.delta","delta":"Seen "}"#,
    #"{"type":"response.output_text.delta","delta":"wombat."}"#,
  ]

  /// What the terminal event says of its output, and of its status.
  private static let endings = [
    #""status":"completed","output":[]"#, #""status":"completed","output":null"#,
    #""status":"completed""#, #""status":"completed","output":{}"#,
    #""status":"in_progress","output":[]"#, #""object":"response""#,
  ]

  // MARK: Answers that the terminal event leaves out

  @Test(arguments: [itemEvents, bareEvents], endings)
  func `what was seen done is the answer`(_ events: [String], _ ending: String) throws {
    try stage.write("turn", events, ending)
    let answer = try client.say(
      "one", #""metadata":{"script":"turn"},"stream":true,"conversation":"c""#)
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(answer.text == "Seen wombat.")
    #expect(answer.result?["output"]?.elements.first?["status"]?.string == "completed")
    #expect(try client.retrieve(answer.id).result == answer.stored)
    let hits = try client.call(1, "conversations.search", #"{"query":"wombat"}"#)
    #expect(hits.result?["data"]?.elements.isEmpty == false)
    _ = try client.say("two", #""previous_response_id":"\#(answer.id)""#)
    #expect(try stage.lastInput() == ["one", "Seen wombat.", "two"])
  }

  @Test func `the terminal event is handed on as it came`() throws {
    try stage.write("turn", Self.itemEvents, Self.endings[0])
    let answer = try client.say(
      "one", #""metadata":{"script":"turn"},"stream":true,"store":false"#)
    #expect(answer.events.last?["response"]?["output"]?.text == "[]")
    #expect(answer.text == "Seen wombat.")
  }

  @Test func `what was seen done is the answer from the cache too`() throws {
    let stage = try StateStage(rest: "[cache]\nenabled = true")
    try stage.write("turn", Self.itemEvents, Self.endings[0])
    let request = #""metadata":{"script":"turn"}"#
    _ = try stage.client.say("one", request)
    #expect(try stage.repeated("one", request).text == "Seen wombat.")
  }

  @Test func `a call that the terminal event leaves out is the client's to answer`() throws {
    let call =
      #"{"id":"fc_1","type":"function_call","call_id":"c1","name":"f","arguments":"{}","status":"completed"}"#
    try stage.write(
      "turn", [#"{"type":"response.output_item.done","output_index":0,"item":\#(call)}"#],
      Self.endings[0])
    let answer = try client.say("one", #""metadata":{"script":"turn"}"#)
    let next = try client.call(
      1, "responses.create",
      #"{"input":[{"type":"function_call_output","call_id":"c1","output":"o"}],"previous_response_id":"\#(answer.id)"}"#
    )
    #expect(next.status == "completed", "\(next.message.text)")
  }

  // MARK: Half calls

  private static let weather = #""tools":[{"type":"function","name":"weather","parameters":{}}]"#

  private func call(_ members: String = "") throws -> Answer {
    try client.say("call weather {}", Self.weather + (members.isEmpty ? "" : ",\(members)"))
  }

  private func sentTypes() throws -> [String?] {
    try stage.lastBody()["input"]?.elements.map { $0["type"]?.string } ?? []
  }

  @Test func `a call that nobody answered is left out and the chain goes on`() throws {
    let made = try call()
    let answer = try client.say("never mind", #""previous_response_id":"\#(made.id)""#)
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(try sentTypes() == ["message", "message"])
    #expect(answer.result?["halley"]?["left_out"]?.integer == 1)
    // It can still be answered where it was made.
    let id = try #require(
      made.result?["output"]?.elements.first { $0["type"]?.string == "function_call" }?["call_id"]?
        .string)
    let late = try client.call(
      1, "responses.create",
      #"{"input":[{"type":"function_call_output","call_id":"\#(id)","output":"sunny"}],"previous_response_id":"\#(made.id)",\#(Self.weather)}"#
    )
    #expect(late.status == "completed")
    #expect(try sentTypes() == ["message", "function_call", "function_call_output"])
    #expect(late.result?["halley"]?["left_out"] == nil)
  }

  @Test(arguments: ["function_call", "function_call_output"])
  func `one deleted item does not lock a conversation`(_ deleted: String) throws {
    let made = try call(#""conversation":"c""#)
    let id = try #require(
      made.result?["output"]?.elements.first { $0["type"]?.string == "function_call" }?["call_id"]?
        .string)
    _ = try client.call(
      1, "responses.create",
      #"{"input":[{"type":"function_call_output","call_id":"\#(id)","output":"sunny"}],"conversation":"c",\#(Self.weather)}"#
    )
    let item = try #require(
      try client.items(of: "c").first { $0["type"]?.string == deleted }?["id"]?.string)
    _ = try client.call(
      1, "conversations.items.delete", #"{"conversation":"c","item_id":"\#(item)"}"#)
    let answer = try client.say("go on", #""conversation":"c""#)
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(try sentTypes() == ["message", "message", "message"])
  }

  @Test func `a call cut by the limit of tokens is left out`() throws {
    let cut =
      #"{"id":"fc_1","type":"function_call","call_id":"c1","name":"f","arguments":"{\"a","status":"incomplete"}"#
    try stage.write(
      "turn", [#"{"type":"response.output_item.done","output_index":0,"item":\#(cut)}"#],
      #""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[\#(cut)]"#,
      type: "response.incomplete")
    let made = try client.say("one", #""metadata":{"script":"turn"},"conversation":"c""#)
    #expect(made.status == "incomplete")
    let answer = try client.say("two", #""conversation":"c""#)
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(try stage.lastInput() == ["one", "two"])
  }

  // MARK: Half a thought

  @Test func `reasoning without what it led to is not sent`() throws {
    let thought = #"{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"SECRET"}"#
    try stage.write(
      "turn", [#"{"type":"response.output_item.done","output_index":0,"item":\#(thought)}"#],
      #""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[\#(thought)]"#,
      type: "response.incomplete")
    let made = try client.say("one", #""model":"o3","metadata":{"script":"turn"}"#)
    let answer = try client.say("two", #""model":"o3","previous_response_id":"\#(made.id)""#)
    #expect(answer.status == "completed")
    #expect(try stage.lastInput() == ["one", "two"])
    #expect(try !stage.lastBody().text.contains("SECRET"))
  }
}

extension StateStage {
  /// Leaves a stream for requests whose metadata names it: created, these events, the end.
  ///
  /// - Parameter ending: members of the last response object beside its id and model.
  func write(
    _ name: String, _ events: [String], _ ending: String, type: String = "response.completed",
    on other: Simulator? = nil
  ) throws {
    let id = "resp_\(name)"
    let created =
      #"{"type":"response.created","response":{"id":"\#(id)","object":"response","status":"in_progress","model":"m","output":[]}}"#
    let end = #"{"type":"\#(type)","response":{"id":"\#(id)","model":"m",\#(ending)}}"#
    let text = ([created] + events + [end]).map { "data: \($0)\n\n" }.joined()
    try (other ?? simulator).writeScript(name, Array(text.utf8))
  }

  /// Leaves a stream of a turn with these output items.
  func write(_ name: String, items: [String], on other: Simulator? = nil) throws {
    let events = items.enumerated().map { index, item in
      #"{"type":"response.output_item.done","output_index":\#(index),"item":\#(item)}"#
    }
    try write(
      name, events, #""status":"completed","output":[\#(items.joined(separator: ","))]"#, on: other)
  }

  /// Asks until the answer comes from the cache, and returns it.
  func repeated(_ input: String, _ members: String) throws -> Answer {
    var answer = try client.say(input, members)
    try Wait.until("the answer in the cache") {
      if answer.result?["halley"]?["cache"]?.string == "hit" { return true }
      answer = try client.say(input, members)
      return false
    }
    return answer
  }
}
