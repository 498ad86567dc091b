import Client
import JSON
import Testing

struct AnswerStreamTests {
  private func delta(_ text: String, _ item: String = #""output_index":0"#) throws -> RawJSON {
    try RawJSON(
      parsing: #"{"type":"response.output_text.delta",\#(item),"delta":"\#(text)"}"#)
  }

  @Test func `deltas are the text`() throws {
    var stream = AnswerStream()
    #expect(try stream.receive(delta("Hel")) == [.text("Hel")])
    #expect(try stream.receive(delta(#"lo\n"#)) == [.text("lo\n")])
    #expect(stream.text == Array("Hello\n".utf8))
  }

  @Test func `a second message is set off by a blank line`() throws {
    var stream = AnswerStream()
    _ = try stream.receive(delta("a"))
    #expect(try stream.receive(delta("b", #""output_index":1"#)) == [.text("\n\nb")])
    #expect(try stream.receive(delta(#"c\n"#, #""output_index":1"#)) == [.text("c\n")])
    #expect(try stream.receive(delta("d", #""output_index":2"#)) == [.text("\nd")])
  }

  @Test func `an upstream that numbers nothing has one message`() throws {
    var stream = AnswerStream()
    _ = try stream.receive(delta("a", #""x":0"#))
    #expect(try stream.receive(delta("b", #""x":0"#)) == [.text("b")])
  }

  @Test func `what no delta told comes from the result`() throws {
    var stream = AnswerStream()
    _ = try stream.receive(delta("Hel"))
    let response = try RawJSON(parsing: FakeDaemon.response("Hello"))
    #expect(stream.finish(response) == [.text("lo")])
    #expect(stream.finish(response).isEmpty)
  }

  @Test func `a refusal is told once`() throws {
    let response = try RawJSON(
      parsing: #"{"output":[{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]}"#)
    var silent = AnswerStream()
    #expect(silent.finish(response) == [.refusal("No.")])
    var streamed = AnswerStream()
    let event = try RawJSON(parsing: #"{"type":"response.refusal.delta","delta":"No."}"#)
    #expect(streamed.receive(event) == [.refusal("No.")])
    #expect(streamed.finish(response).isEmpty)
  }

  @Test func `unknown events are passed over`() throws {
    var stream = AnswerStream()
    #expect(stream.receive(try RawJSON(parsing: #"{"type":"acme:thing","delta":"x"}"#)).isEmpty)
    #expect(stream.receive(try RawJSON(parsing: #"[1]"#)).isEmpty)
  }

  @Test func `a response without messages may hold its text itself`() throws {
    #expect(ResponseText.text(of: try RawJSON(parsing: #"{"output_text":"x"}"#)) == "x")
  }
}
