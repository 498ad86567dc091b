import JSON
import Testing
import Wire

/// Streams as upstreams send them, and what is made of them.
enum StreamSamples {
  struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let events: [String]
    var testDescription: String { name }
  }

  static let defaults = ResponseDefaults(
    id: "resp_1", createdAt: 1_700_000_000, model: "m",
    request: RawJSON(#"{"model":"asked","temperature":0.5,"instructions":"Be kind."}"#))

  static func complete(_ events: [String], startingAfter: Int? = nil) -> [RawJSON] {
    var sparse = SparseEvents(defaults, startingAfter: startingAfter)
    var completed: [RawJSON] = []
    for event in events { sparse.complete(RawJSON(event)) { event, _ in completed.append(event) } }
    return completed
  }

  static func types(_ events: [RawJSON]) -> [String] {
    events.map { $0["type"]?.string?.replacing("response.", with: "", maxReplacements: 1) ?? "" }
  }

  /// As recorded of llama.cpp's server (2026-10), but for its ids.
  static let llama = Sample(
    name: "llama",
    events: [
      #"{"type":"response.created","response":{"id":"resp_1","object":"response","status":"in_progress"}}"#,
      #"{"type":"response.in_progress","response":{"id":"resp_1","object":"response","status":"in_progress"}}"#,
      #"{"type":"response.output_item.added","item":{"content":[],"id":"msg_1","role":"assistant","status":"in_progress","type":"message"}}"#,
      #"{"type":"response.content_part.added","item_id":"msg_1","part":{"type":"output_text","text":""}}"#,
      #"{"type":"response.output_text.delta","item_id":"msg_1","delta":"I"}"#,
      #"{"type":"response.output_text.delta","item_id":"msg_1","delta":"'m glad"}"#,
      #"{"type":"response.output_text.done","item_id":"msg_1","text":"I'm glad"}"#,
      #"{"type":"response.content_part.done","item_id":"msg_1","part":{"type":"output_text","annotations":[],"logprobs":[],"text":"I'm glad"}}"#,
      #"{"type":"response.output_item.done","item":{"type":"message","status":"completed","id":"msg_1","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"I'm glad"}],"role":"assistant"}}"#,
      #"{"type":"response.completed","response":{"id":"resp_1","object":"response","created_at":1796065104,"status":"completed","model":"smol","output":[{"type":"message","status":"completed","id":"msg_1","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"I'm glad"}],"role":"assistant"}],"usage":{"input_tokens":32,"output_tokens":6,"total_tokens":38,"input_tokens_details":{"cached_tokens":0}}},"timings":{"cache_n":0}}"#,
    ])

  /// Reasoning and two calls without indices; items of calls have no ids, and events of their
  /// arguments go by the ids of the calls.
  static let sparseCalls = Sample(
    name: "sparseCalls",
    events: [
      #"{"type":"response.created","response":{"id":"resp_1"}}"#,
      #"{"type":"response.output_item.added","item":{"id":"rs_1","type":"reasoning","summary":[],"content":[]}}"#,
      #"{"type":"response.reasoning_text.delta","item_id":"rs_1","delta":"Hm, "}"#,
      #"{"type":"response.reasoning_text.delta","item_id":"rs_1","delta":"two."}"#,
      #"{"type":"response.output_item.added","item":{"type":"function_call","call_id":"fc_a","name":"f","arguments":"","status":"in_progress"}}"#,
      #"{"type":"response.output_item.added","item":{"type":"function_call","call_id":"fc_b","name":"g","arguments":"","status":"in_progress"}}"#,
      #"{"type":"response.function_call_arguments.delta","item_id":"fc_a","delta":"{\"a\""}"#,
      #"{"type":"response.function_call_arguments.delta","item_id":"fc_b","delta":"{\"b\""}"#,
      #"{"type":"response.function_call_arguments.delta","item_id":"fc_a","delta":":1}"}"#,
      #"{"type":"response.function_call_arguments.delta","item_id":"fc_b","delta":":2}"}"#,
      #"{"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[{"id":"rs_1","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"Hm, two."}]},{"type":"function_call","call_id":"fc_a","name":"f","arguments":"{\"a\":1}","status":"completed"},{"type":"function_call","call_id":"fc_b","name":"g","arguments":"{\"b\":2}","status":"completed"}],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}}"#,
    ])

  /// Summaries, a refusal beside a text, a custom call and a hosted tool, as the API sends them.
  static let rich = Sample(
    name: "rich",
    events: [
      #"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","output":[]}}"#,
      #"{"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_1","status":"in_progress","output":[]}}"#,
      #"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}"#,
      #"{"type":"response.reasoning_summary_part.added","sequence_number":3,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
      #"{"type":"response.reasoning_summary_text.delta","sequence_number":4,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"First"}"#,
      #"{"type":"response.reasoning_summary_text.done","sequence_number":5,"item_id":"rs_1","output_index":0,"summary_index":0,"text":"First"}"#,
      #"{"type":"response.reasoning_summary_part.done","sequence_number":6,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"First"}}"#,
      #"{"type":"response.reasoning_summary_part.added","sequence_number":7,"item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}}"#,
      #"{"type":"response.reasoning_summary_text.delta","sequence_number":8,"item_id":"rs_1","output_index":0,"summary_index":1,"delta":"Then"}"#,
      #"{"type":"response.reasoning_summary_text.done","sequence_number":9,"item_id":"rs_1","output_index":0,"summary_index":1,"text":"Then"}"#,
      #"{"type":"response.reasoning_summary_part.done","sequence_number":10,"item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":"Then"}}"#,
      #"{"type":"response.output_item.done","sequence_number":11,"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"First"},{"type":"summary_text","text":"Then"}]}}"#,
      #"{"type":"response.output_item.added","sequence_number":12,"output_index":1,"item":{"id":"ws_1","type":"web_search_call","status":"in_progress"}}"#,
      #"{"type":"response.web_search_call.searching","sequence_number":13,"output_index":1,"item_id":"ws_1"}"#,
      #"{"type":"response.output_item.done","sequence_number":14,"output_index":1,"item":{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}}}"#,
      #"{"type":"response.output_item.added","sequence_number":15,"output_index":2,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
      #"{"type":"response.content_part.added","sequence_number":16,"item_id":"msg_1","output_index":2,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}"#,
      #"{"type":"response.output_text.delta","sequence_number":17,"item_id":"msg_1","output_index":2,"content_index":0,"delta":"Say \u00e9","logprobs":[],"obfuscation":"x"}"#,
      #"{"type":"response.output_text.delta","sequence_number":18,"item_id":"msg_1","output_index":2,"content_index":0,"delta":" \"it\"","logprobs":[]}"#,
      #"{"type":"response.output_text.annotation.added","sequence_number":19,"item_id":"msg_1","output_index":2,"content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":3}}"#,
      #"{"type":"response.output_text.done","sequence_number":20,"item_id":"msg_1","output_index":2,"content_index":0,"text":"Say é \"it\"","logprobs":[]}"#,
      #"{"type":"response.content_part.done","sequence_number":21,"item_id":"msg_1","output_index":2,"content_index":0,"part":{"type":"output_text","annotations":[{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":3}],"logprobs":[],"text":"Say é \"it\""}}"#,
      #"{"type":"response.content_part.added","sequence_number":22,"item_id":"msg_1","output_index":2,"content_index":1,"part":{"type":"refusal","refusal":""}}"#,
      #"{"type":"response.refusal.delta","sequence_number":23,"item_id":"msg_1","output_index":2,"content_index":1,"delta":"No."}"#,
      #"{"type":"response.refusal.done","sequence_number":24,"item_id":"msg_1","output_index":2,"content_index":1,"refusal":"No."}"#,
      #"{"type":"response.content_part.done","sequence_number":25,"item_id":"msg_1","output_index":2,"content_index":1,"part":{"type":"refusal","refusal":"No."}}"#,
      #"{"type":"response.output_item.done","sequence_number":26,"output_index":2,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":3}],"logprobs":[],"text":"Say é \"it\""},{"type":"refusal","refusal":"No."}]}}"#,
      #"{"type":"response.output_item.added","sequence_number":27,"output_index":3,"item":{"id":"ctc_1","type":"custom_tool_call","status":"in_progress","call_id":"call_1","name":"h","input":""}}"#,
      #"{"type":"response.custom_tool_call_input.delta","sequence_number":28,"item_id":"ctc_1","output_index":3,"delta":"in"}"#,
      #"{"type":"response.custom_tool_call_input.done","sequence_number":29,"item_id":"ctc_1","output_index":3,"input":"in"}"#,
      #"{"type":"response.output_item.done","sequence_number":30,"output_index":3,"item":{"id":"ctc_1","type":"custom_tool_call","status":"completed","call_id":"call_1","name":"h","input":"in"}}"#,
      #"{"type":"response.completed","sequence_number":31,"response":{"id":"resp_1","status":"completed","output":[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"First"},{"type":"summary_text","text":"Then"}]},{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}},{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":3}],"logprobs":[],"text":"Say é \"it\""},{"type":"refusal","refusal":"No."}]},{"id":"ctc_1","type":"custom_tool_call","status":"completed","call_id":"call_1","name":"h","input":"in"}],"usage":{"input_tokens":10,"output_tokens":20,"total_tokens":30,"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":5}}}}"#,
    ])

  static let all = [llama, sparseCalls, rich]
}
