import JSON
import Service
import Testing

@Suite struct UpstreamEventTests {
  private func event(_ text: String) throws(JSONError) -> UpstreamEvent {
    try UpstreamEvent(data: Array(text.utf8)[...])
  }

  @Test(arguments: [
    ("response.created", UpstreamEvent.Kind.created), ("response.queued", .pending),
    ("response.in_progress", .pending), ("response.completed", .completed),
    ("response.incomplete", .incomplete), ("response.failed", .failed), ("error", .error),
    ("response.output_text.delta", .output), ("acme:thing", .output),
  ])
  func `a type tells the kind`(type: String, kind: UpstreamEvent.Kind) throws {
    #expect(try event(#"{"sequence_number":7,"type":"\#(type)"}"#).kind == kind)
  }

  @Test func `only the last events of a response are terminal`() throws {
    #expect(try event(#"{"type":"response.incomplete"}"#).isTerminal)
    #expect(try !event(#"{"type":"response.created"}"#).isTerminal)
    #expect(try !event(#"{"type":"error"}"#).isTerminal)
  }

  @Test func `an error without a type is an error, a null one is not`() throws {
    #expect(try event(#"{"error":{"message":"no"}}"#).kind == .error)
    #expect(try event(#"{"error":null}"#).kind == .output)
  }

  @Test func `the bytes stay as they came`() throws {
    let text = #"{ "type" : "x:y", "n":1E400, "a":"\u0041\/", "dup":1, "dup":2, "s":"\ud83d" }"#
    #expect(try Array(event(text).bytes) == Array(text.utf8))
  }

  @Test func `line ends between several data lines become spaces`() throws {
    let found = try event("{\"type\":\n\"x:y\"}")
    #expect(Array(found.bytes) == Array("{\"type\": \"x:y\"}".utf8))
  }

  @Test(arguments: [("5", 5 as Int64?), ("1.0", nil), ("-1", nil), ("\"5\"", nil), ("0", 0)])
  func `a sequence number is a plain row of digits`(text: String, number: Int64?) throws {
    #expect(try event(#"{"type":"x:y","sequence_number":\#(text)}"#).sequenceNumber == number)
  }

  @Test(arguments: ["[]", "1", "\"x\"", "{", "", "{\"a\":1}}"])
  func `what is no object is refused`(text: String) {
    #expect(throws: JSONError.self) { try event(text) }
  }

  @Test func `a type deeper in the event is not its type`() throws {
    let found = try event(#"{"item":{"type":"response.completed"},"type":"x:y"}"#)
    #expect(found.kind == .output)
  }
}
