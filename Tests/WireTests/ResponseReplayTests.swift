import JSON
import Testing
import Wire

@Suite struct ResponseReplayTests {
  private static let pieces: [String] = [
    #"{"id":"resp_1","object":"response","status":"completed","output":["#,
    #"{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}]},"#,
    #"{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":["#,
    #"{"type":"output_text","text":"Hi","annotations":[]},"#,
    #"{"type":"refusal","refusal":"No"}]},"#,
    #"{"id":"fc_1","type":"function_call","call_id":"c","name":"f","arguments":"{}"}],"#,
    #""usage":{"input_tokens":1},"big":1E400}"#,
  ]
  private let response = RawJSON(checked: Array(pieces.joined().utf8)[...])

  private var types: [String] {
    ResponseReplay.events(of: response).compactMap { $0["type"]?.string }
  }

  @Test func `the order is the API's`() {
    #expect(
      types == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
        "response.output_item.done", "response.output_item.added",
        "response.content_part.added", "response.output_text.delta", "response.output_text.done",
        "response.content_part.done", "response.content_part.added", "response.refusal.delta",
        "response.refusal.done", "response.content_part.done", "response.output_item.done",
        "response.output_item.added", "response.function_call_arguments.delta",
        "response.function_call_arguments.done", "response.output_item.done",
        "response.completed",
      ])
  }

  @Test func `sequence numbers start at zero and have no gap`() {
    let numbers = ResponseReplay.events(of: response).compactMap { $0["sequence_number"]?.integer }
    #expect(numbers == Array(0..<Int64(types.count)))
  }

  @Test func `the terminal event holds the response as it is`() {
    #expect(ResponseReplay.events(of: response).last?["response"] == response)
  }

  @Test func `what has begun is empty and in progress`() throws {
    let begun = try #require(ResponseReplay.events(of: response).first?["response"])
    #expect(begun["status"]?.string == "in_progress")
    #expect(begun["output"]?.text == "[]")
    #expect(begun["usage"]?.isNull == true)
    #expect(begun["big"]?.text == "1E400")
  }

  @Test func `the assembled text of a replay is the text of the response`() throws {
    var assembler = ResponseAssembler()
    for event in ResponseReplay.events(of: response).dropLast() { assembler.add(event) }
    let assembled = try #require(assembler.assemble(status: "incomplete"))
    #expect(assembled["output"] == response["output"])
  }

  @Test(arguments: [
    ("completed", "response.completed"), ("incomplete", "response.incomplete"),
    ("cancelled", "response.incomplete"), ("failed", "response.failed"),
  ])
  func `the status names the terminal event`(status: String, type: String) {
    #expect(ResponseReplay.terminalType(status: status) == type)
  }
}
