package import JSON
internal import Wire

/// An answer with items of several kinds, and the events that it comes in.
package enum StreamSample {
  /// The final response object.
  package static let object = RawJSON(checked: Array(text.utf8)[...])

  /// The events in their order, the terminal one last.
  package static let events = ResponseReplay.events(of: object)

  /// The streams that differ from the sample in one place of one event.
  ///
  /// - Parameter isCut: whether the stream ends with that event.
  package static func mutants(isCut: Bool) -> [[RawJSON]] {
    (isCut ? events.dropLast() : events).indices.flatMap { index in
      Mutation.mutants(of: events[index]).map { mutant in
        events[..<index] + [mutant] + (isCut ? [] : events[(index + 1)...])
      }
    }
  }

  /// The body of a stream.
  package static func body(_ events: [RawJSON]) -> [UInt8] {
    events.flatMap { Array("data: ".utf8) + $0.bytes + Array("\n\n".utf8) }
  }

  private static let text = """
    {"id":"resp_sample","object":"response","created_at":1790000000,"status":"completed",\
    "completed_at":1790000009,"error":null,"model":"m","output":[\
    {"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"thought"}],\
    "encrypted_content":"xyz"},\
    {"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[\
    {"type":"output_text","text":"said","annotations":[],"logprobs":[]},\
    {"type":"refusal","refusal":"not said"}]},\
    {"id":"fc_1","type":"function_call","status":"completed","call_id":"call_1","name":"f",\
    "arguments":"{}"}],\
    "usage":{"input_tokens":7,"input_tokens_details":{"cached_tokens":2},"output_tokens":5,\
    "output_tokens_details":{"reasoning_tokens":1},"total_tokens":12}}
    """
}
