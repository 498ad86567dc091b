import JSON
import Testing
import Wire

@Suite struct ResponseAssemblerTests {
  private func assemble(_ events: String..., status: String = "cancelled") -> RawJSON? {
    var assembler = ResponseAssembler()
    for event in events { assembler.add(RawJSON(checked: Array(event.utf8)[...])) }
    return assembler.assemble(status: status)
  }

  private let created =
    #"{"type":"response.created","response":{"id":"resp_1","status":"in_progress","output":[],"n":1.50}}"#
  private let added =
    #"{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#
  private let part =
    #"{"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#

  private func delta(_ text: String) -> String {
    #"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"\#(text)"}"#
  }

  @Test func `nothing comes of a stream without a response`() {
    #expect(assemble(delta("x")) == nil)
  }

  @Test func `text that came stands in an incomplete item`() throws {
    let response = try #require(assemble(created, added, part, delta("Hel"), delta("lo")))
    #expect(response["status"]?.string == "cancelled")
    #expect(response["n"]?.text == "1.50")
    let item = try #require(response["output"]?.elements.first)
    #expect(item["status"]?.string == "incomplete")
    #expect(item["content"]?.elements.first?["text"]?.string == "Hello")
  }

  @Test func `an item that ended stands as it came`() throws {
    let done =
      #"{"type":"response.output_item.done","output_index":0,"item":{"id":"msg_1","type":"message","odd":1E400}}"#
    let response = try #require(assemble(created, added, part, delta("x"), done))
    #expect(
      response["output"]?.elements.map(\.text) == [#"{"id":"msg_1","type":"message","odd":1E400}"#])
  }

  @Test func `arguments of an unfinished call are kept`() throws {
    let call =
      #"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""}}"#
    let arguments =
      #"{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{\"a\""}"#
    let response = try #require(assemble(created, call, arguments))
    #expect(response["output"]?.elements.first?["arguments"]?.string == "{\"a\"")
  }

  @Test func `events without indices belong to the first item`() throws {
    let bare = #"{"type":"response.output_text.delta","delta":"Hi"}"#
    let response = try #require(assemble(created, bare, status: "incomplete"))
    let item = try #require(response["output"]?.elements.first)
    #expect(item["content"]?.elements.first?["text"]?.string == "Hi")
  }

  @Test func `unknown events change nothing`() throws {
    let odd = #"{"type":"acme:thing","output_index":0,"item":{"a":1}}"#
    #expect(assemble(created, odd)?["output"]?.text == "[]")
  }

  @Test(arguments: ["1", "null", "\"x\"", "[]", "true"])
  func `members of a wrong type are left out, and what was known stays`(wrong: String) throws {
    let response = #"{"type":"response.in_progress","response":\#(wrong)}"#
    let item = #"{"type":"response.output_item.added","output_index":1,"item":\#(wrong)}"#
    let done = #"{"type":"response.output_item.done","output_index":0,"item":\#(wrong)}"#
    let content =
      #"{"type":"response.content_part.done","output_index":0,"content_index":0,"part":\#(wrong)}"#
    let found = try #require(
      assemble(created, response, added, part, delta("Hello"), item, content, done))
    #expect(found["id"]?.string == "resp_1")
    let output = try #require(found["output"]?.elements)
    #expect(output.count == 1)
    #expect(output.first?["content"]?.elements.first?["text"]?.string == "Hello")
    #expect(
      assemble(#"{"type":"response.created","response":\#(wrong)}"#, added, delta("Hello")) == nil)
  }

  @Test(arguments: ["\"0\"", "0.5", "[]", "true"])
  func `an event with an index that is none belongs to no item`(wrong: String) throws {
    let odd = #"{"type":"response.output_text.delta","output_index":\#(wrong),"delta":"x"}"#
    let part = #"{"type":"response.output_text.delta","content_index":\#(wrong),"delta":"x"}"#
    let found = try #require(assemble(created, added, delta("Hello"), odd, part))
    let output = try #require(found["output"]?.elements)
    #expect(output.count == 1)
    #expect(output.first?["content"]?.elements.map { $0["text"]?.string } == ["Hello"])
  }

  // MARK: A response that ended well

  private func output(_ events: String..., isComplete: Bool = true) -> [RawJSON] {
    var assembler = ResponseAssembler()
    for event in events { assembler.add(RawJSON(checked: Array(event.utf8)[...])) }
    return assembler.output(isComplete: isComplete).elements
  }

  @Test func `nothing is missing from what ended well`() {
    let items = output(created, added, part, delta("Hel"), delta("lo"))
    #expect(items.first?["status"]?.string == "completed")
    #expect(items.first?["content"]?.elements.first?["text"]?.string == "Hello")
  }

  @Test func `bare deltas become a message with the id that they name`() {
    let bare = #"{"type":"response.output_text.delta","item_id":"msg_7","delta":"Hi"}"#
    let items = output(bare)
    #expect(items.count == 1)
    #expect(items.first?["id"]?.string == "msg_7")
    #expect(items.first?["role"]?.string == "assistant")
    #expect(items.first?["status"]?.string == "completed")
    #expect(items.first?["content"]?.elements.first?["text"]?.string == "Hi")
  }

  @Test func `texts and arguments that come whole stand for their deltas`() {
    let text =
      #"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"Whole."}"#
    #expect(
      output(added, delta("Wh"), text).first?["content"]?.elements.first?["text"]?.string
        == "Whole.")
    let call =
      #"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""}}"#
    let arguments =
      #"{"type":"response.function_call_arguments.done","output_index":1,"arguments":"{}"}"#
    let made = output(call, arguments).first
    #expect(made?["arguments"]?.string == "{}")
    #expect(made?["status"]?.string == "completed")
  }

  @Test func `reasoning that was cut off has no secret`() {
    let reasoning =
      #"{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"half"}}"#
    for isComplete in [true, false] {
      let item = output(reasoning, isComplete: isComplete).first
      #expect(item?["encrypted_content"] == nil)
      #expect(item?["status"]?.string == "incomplete")
    }
  }
}
