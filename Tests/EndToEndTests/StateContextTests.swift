import JSON
import TestSupport
import Testing

@Suite struct StateContextTests {
  private let stage: StateStage
  private var client: SocketClient { stage.client }

  init() throws {
    stage = try StateStage()
  }

  @Test func `a chain sends all that was said before, in its order`() throws {
    let first = try client.say("one", answer: "ONE")
    let second = try client.say("two", answer: "TWO", #""previous_response_id":"\#(first.id)""#)
    let third = try client.say("three", #""previous_response_id":"\#(second.id)""#)
    #expect(third.status == "completed")
    #expect(try stage.lastInput() == ["one", "ONE", "two", "TWO", "three"])
    let body = try stage.lastBody()
    #expect(body["previous_response_id"] == nil)
    #expect(body["store"]?.boolean == false)
  }

  @Test func `two responses may go on from the same one`() throws {
    let root = try client.say("root", answer: "ROOT")
    let left = try client.say("left", answer: "LEFT", #""previous_response_id":"\#(root.id)""#)
    _ = try client.say("right", #""previous_response_id":"\#(root.id)""#)
    #expect(try stage.lastInput() == ["root", "ROOT", "right"])
    _ = try client.say("on", #""previous_response_id":"\#(left.id)""#)
    #expect(try stage.lastInput() == ["root", "ROOT", "left", "LEFT", "on"])
  }

  @Test func `a chain outlives the daemon`() throws {
    let first = try client.say("one", answer: "ONE")
    try stage.daemon.kill()
    let daemon = try stage.restarted()
    _ = try daemon.connect().say("two", #""previous_response_id":"\#(first.id)""#)
    #expect(try stage.lastInput() == ["one", "ONE", "two"])
  }

  @Test func `instructions are not inherited`() throws {
    let first = try client.say("one", #""instructions":"Speak like a pirate.""#)
    #expect(try stage.lastBody()["instructions"]?.string == "Speak like a pirate.")
    _ = try client.say("two", #""previous_response_id":"\#(first.id)""#)
    #expect(try stage.lastBody()["instructions"] == nil)
    #expect(try stage.lastBody().text.contains("pirate") == false)
  }

  @Test func `what the daemon changes on the way says what the client asked`() throws {
    let first = try client.say("one")
    #expect(first.result?["store"]?.boolean == true)
    let second = try client.say("two", #""previous_response_id":"\#(first.id)""#)
    #expect(second.result?["previous_response_id"]?.string == first.id)
    #expect(second.result?["store"]?.boolean == true)
    let third = try client.say("three", #""conversation":"echo""#)
    let conversation = try client.call(1, "conversations.retrieve", #"{"conversation":"echo"}"#)
    #expect(third.result?["conversation"]?["id"] == conversation.result?["id"])
    #expect(try stage.lastBody()["conversation"] == nil)
    #expect(third.result?["halley"]?["conversation"]?["name"]?.string == "echo")
    let stored = try client.retrieve(second.id).result
    #expect(stored == second.stored)
  }

  /// Members that go on from a response, an item or a conversation of these ids.
  private func references(_ response: String, _ item: String, _ conversation: String) -> [String] {
    [
      #""input":"x","previous_response_id":"\#(response)""#,
      #""input":"x","conversation":"\#(conversation)""#,
      #""input":"x","conversation":{"id":"\#(conversation)"}"#,
      #""input":[{"type":"item_reference","id":"\#(item)"}]"#, #""input":[{"id":"\#(item)"}]"#,
    ]
  }

  /// An upstream whose simulator has answered the id would know it.
  @Test(arguments: ["replay", "upstream"])
  func `an id that is not there is not found, and no upstream is asked for it`(
    state: String
  ) throws {
    let stage = try StateStage(upstream: "state = \"\(state)\"")
    let client = stage.client
    let response = try client.say("one", #""conversation":"gone""#)
    let item = try #require(response.result?["output"]?.elements.first?["id"]?.string)
    let conversation = try #require(response.result?["conversation"]?["id"]?.string)
    _ = try client.call(1, "conversations.delete", #"{"conversation":"\#(conversation)"}"#)
    let creates = try stage.simulator.count("creates")
    let deleted = references(response.id, item, conversation)
    let unknown = references("resp_elsewhere", "msg_elsewhere", "conv_elsewhere")
    for (deleted, unknown) in zip(deleted, unknown) {
      for more in ["", #","store":false"#, #","stream":true"#, #","background":true"#] {
        for method in ["responses.create", "cache.explain", "responses.input_tokens.count"] {
          let answers = try [deleted, unknown].map { try client.call(1, method, "{\($0)\(more)}") }
          #expect(answers[0].errorCode == "not_found", "\(method) \(deleted) \(more)")
          #expect(answers[0].message.text == answers[1].message.text)
        }
      }
    }
    #expect(try stage.simulator.count("creates") == creates)
  }

  // MARK: Function calls

  private static let weather = #""tools":[{"type":"function","name":"weather","parameters":{}}]"#

  private func call() throws -> (response: Answer, id: String) {
    let answer = try client.say("call weather {}", Self.weather)
    let call = try #require(
      answer.result?["output"]?.elements.first { $0["type"]?.string == "function_call" })
    return (answer, try #require(call["call_id"]?.string))
  }

  private func output(_ id: String) -> String {
    #"{"type":"function_call_output","call_id":"\#(id)","output":"sunny"}"#
  }

  @Test func `a function call is answered in the next response`() throws {
    let (response, id) = try call()
    let answer = try client.call(
      1, "responses.create",
      #"{"input":[\#(output(id))],"previous_response_id":"\#(response.id)",\#(Self.weather)}"#)
    #expect(answer.status == "completed")
    #expect(answer.text.contains("sunny"))
    let sent = try #require(try stage.lastBody()["input"]?.elements)
    #expect(
      sent.map { $0["type"]?.string } == ["message", "function_call", "function_call_output"])
    #expect(sent[1]["call_id"]?.string == id)
    #expect(sent[1]["id"] == nil)
  }

  @Test func `an output without its call is refused with its place`() throws {
    let answer = try client.call(
      1, "responses.create", #"{"input":[{"role":"user","content":"x"},\#(output("call_9"))]}"#)
    #expect(answer.errorCode == "invalid_params")
    #expect(answer.param == "input[1].call_id")
    #expect(answer.message.text.contains("call_9"))
    #expect(try stage.simulator.count("creates") == 0)
  }

  @Test func `a call in the input without its output is refused with its place`() throws {
    let answer = try client.call(
      1, "responses.create",
      #"{"input":[{"type":"function_call","call_id":"call_3","name":"f","arguments":"{}"}]}"#)
    #expect(answer.errorCode == "invalid_params")
    #expect(answer.param == "input[0].call_id")
  }

  // MARK: References

  @Test func `a reference is replaced by the stored item`() throws {
    let first = try client.say("one", answer: "The stored answer.")
    let item = try #require(first.result?["output"]?.elements.first?["id"]?.string)
    let answer = try client.call(
      1, "responses.create",
      #"{"input":[{"type":"item_reference","id":"\#(item)"},{"role":"user","content":"go on"}]}"#)
    #expect(answer.status == "completed")
    #expect(try stage.lastInput() == ["The stored answer.", "go on"])
  }

  @Test func `a reference is replaced in a request that leaves nothing, too`() throws {
    let first = try client.say("one", answer: "The stored answer.")
    let item = try #require(first.result?["output"]?.elements.first?["id"]?.string)
    let answer = try client.call(
      1, "responses.create", #"{"input":[{"id":"\#(item)"}],"store":false}"#)
    #expect(answer.status == "completed")
    #expect(try stage.lastInput() == ["The stored answer."])
  }

  // MARK: Scopes

  @Test func `continue goes on from the last response of a scope`() throws {
    let scope = #""halley":{"continue":true,"scope":"tty1"}"#
    _ = try client.say("one", answer: "ONE", scope)
    _ = try client.say("other", answer: "OTHER", #""halley":{"continue":true,"scope":"tty2"}"#)
    _ = try client.say("two", scope)
    #expect(try stage.lastInput() == ["one", "ONE", "two"])
  }

  @Test func `a scope continues what was cancelled in mid-answer`() throws {
    let scope = #""halley":{"continue":true,"scope":"tty1"}"#
    _ = try client.say("one", answer: "ONE", scope)
    try client.request(
      7, "responses.create",
      #"{"input":"lost","stream":true,"metadata":{"endless":"deltas","event_delay_ms":"2"},\#(scope)}"#
    )
    try client.awaitText(7)
    _ = try client.call(8, "$/cancelRequest", #"{"id":7}"#)
    let cut = try client.answer(7)
    #expect(cut.status == "cancelled")
    _ = try client.say("two", scope)
    #expect(try stage.lastInput() == ["one", "ONE", "lost", cut.text, "two"])
  }

  @Test func `continue goes on in the conversation that the scope was last in`() throws {
    _ = try client.say("one", answer: "ONE", #""conversation":"x","halley":{"scope":"tty1"}"#)
    _ = try client.say("meanwhile", answer: "MEANWHILE", #""conversation":"x""#)
    let scope = #""halley":{"continue":true,"scope":"tty1"}"#
    let second = try client.say("two", answer: "TWO", scope)
    #expect(second.halley?["conversation"]?["name"]?.string == "x")
    #expect(try stage.lastInput() == ["one", "ONE", "meanwhile", "MEANWHILE", "two"])
    _ = try client.say("three", answer: "THREE", scope)
    #expect(
      try client.texts(of: "x")
        == ["one", "ONE", "meanwhile", "MEANWHILE", "two", "TWO", "three", "THREE"])
  }
}
