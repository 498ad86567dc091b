import JSON
import Service
import Testing

@Suite struct CacheCopyTests {
  private static let seconds: Int64 = 1_790_000_000

  private static let original = """
    {"id":"resp_aaaa","object":"response","created_at":1700000000,"status":"completed",\
    "completed_at":1700000009,"metadata":{"a":"b"},"model":"m","output":[\
    {"id":"rs_secret","type":"reasoning","summary":[],"encrypted_content":"xyz"},\
    {"id":"msg_bbbb","type":"message","status":"completed","role":"assistant","content":[\
    {"type":"output_text","text":"resp_aaaa said msg_bbbb at 1700000000 \\u00e9","annotations":[]}]},\
    {"id":"fc_cccc","type":"function_call","call_id":"call_1","name":"f","arguments":"{}"}],\
    "store":true,"temperature":1.0,"usage":{"input_tokens":1}}
    """

  private func original() throws -> RawJSON { try RawJSON(parsing: Self.original) }

  private static let echoes = [
    FreshCopy.Echo("metadata", .emptyObject), FreshCopy.Echo("store", .boolean(false)),
    FreshCopy.Echo("user", .null), FreshCopy.Echo("previous_response_id", .string("resp_before")),
  ]

  /// Fresh answers by both ways that make them.
  private func copies() throws -> [RawJSON] {
    let original = try original()
    let template = AnswerTemplate(original, echoes: Self.echoes)
    return [
      FreshCopy(of: original, echoes: Self.echoes, at: Self.seconds).object,
      template.answer(at: Self.seconds).object, template.answer(at: Self.seconds).object,
    ]
  }

  @Test func `a copy has ids of its own, spelled as the original's`() throws {
    var ids: Set<String> = []
    for copy in try copies() {
      let output = try #require(copy["output"]?.elements)
      let own = try [copy, output[1], output[2]].map { try #require($0["id"]?.string) }
      #expect(own[0].hasPrefix("resp_") && own[1].hasPrefix("msg_") && own[2].hasPrefix("fc_"))
      #expect(own.allSatisfy { $0.utf8.count >= 32 })
      ids.formUnion(own)
    }
    #expect(ids.count == 9)
  }

  @Test func `a copy is of the present and repeats its own request`() throws {
    for copy in try copies() {
      #expect(copy["created_at"]?.integer == Self.seconds)
      #expect(copy["completed_at"]?.integer == Self.seconds)
      #expect(copy["metadata"] == .emptyObject)
      #expect(copy["store"]?.boolean == false)
      #expect(copy["previous_response_id"]?.string == "resp_before")
      #expect(copy["user"] == nil)
    }
  }

  @Test func `the rest of a copy is the original, byte for byte`() throws {
    let original = try original()
    for copy in try copies() {
      for key in ["object", "status", "model", "temperature", "usage"] {
        #expect(copy[key] == original[key])
      }
      let items = try #require(copy["output"]?.elements)
      let old = try #require(original["output"]?.elements)
      #expect(items[0] == old[0])
      #expect(items[1]["content"] == old[1]["content"])
      #expect(items[2].removing("id") == old[2].removing("id"))
    }
  }

  @Test func `the events of a copy are one legal sequence about it`() throws {
    let template = AnswerTemplate(try original(), echoes: Self.echoes)
    for _ in 0..<3 {
      let answer = template.answer(at: Self.seconds)
      let events = try answer.events.map { try RawJSON(parsing: $0) }
      #expect(events.map { $0["sequence_number"]?.integer } == events.indices.map { Int64($0) })
      #expect(events.first?["type"]?.string == "response.created")
      #expect(events.last?["type"]?.string == "response.completed")
      #expect(events.last?["response"] == answer.object)
      #expect(events.first?["response"]?["id"]?.string == answer.id)
      #expect(events.first?["response"]?["created_at"]?.integer == Self.seconds)
      let items = try #require(answer.object["output"]?.elements)
      for event in events {
        guard let id = event["item_id"], let index = event["output_index"]?.integer else {
          continue
        }
        #expect(id == items[Int(index)]["id"])
      }
    }
  }

  @Test func `an upstream that spells times as fractions gets them so`() throws {
    let original = try RawJSON(parsing: #"{"id":"x","created_at":1.5,"output":[]}"#)
    let copy = AnswerTemplate(original, echoes: []).answer(at: Self.seconds)
    #expect(copy.object["created_at"]?.text == "\(Self.seconds).0")
  }

  @Test func `an answer without an id gets one`() throws {
    let original = try RawJSON(parsing: #"{"created_at":1,"output":[{"type":"message"}]}"#)
    let copy = AnswerTemplate(original, echoes: []).answer(at: Self.seconds)
    #expect(copy.object["id"]?.string == copy.id)
    #expect(copy.id.hasPrefix("resp_"))
  }

  @Test(arguments: ["chatcmpl-123", "_x", "a_very_long_prefix_1", ""])
  func `an id of an odd form is replaced by one of the API's`(id: String) throws {
    let original = try RawJSON(parsing: #"{"id":"\#(id)","created_at":1,"output":[]}"#)
    let copy = FreshCopy(of: original, echoes: [], at: Self.seconds)
    #expect(copy.id != id && copy.id.utf8.count >= 34)
    #expect(copy.id.hasPrefix(id == "a_very_long_prefix_1" ? "a_" : "resp_"))
  }
}
