import JSON
import Testing
import Wire

@Suite struct ChatCompletionTests {
  private func completion(
    _ response: String, _ change: (inout ChatReplyOptions) -> Void = { _ in }
  ) throws -> RawJSON {
    var options = ChatReplyOptions()
    options.model = "asked"
    change(&options)
    return try ChatCompletion.object(of: RawJSON(response), options, StreamSamples.defaults)
  }

  private func message(
    _ output: String, _ change: (inout ChatReplyOptions) -> Void = { _ in }
  ) throws -> RawJSON {
    let chat = try completion(#"{"status":"completed","output":[\#(output)]}"#, change)
    return try #require(chat["choices"]?.elements.first?["message"])
  }

  private func text(_ text: String) -> String {
    #"{"type":"message","content":[{"type":"output_text","text":\#(RawJSON.string(text).text)}]}"#
  }

  @Test func `a response becomes a completion`() throws {
    let chat = try completion(
      """
      {"id":"resp_7","object":"response","created_at":1.7e9,"model":"gpt-5.4","status":"completed",
       "service_tier":"flex","metadata":{"a":"b"},"output":[
       {"type":"reasoning","summary":[{"type":"summary_text","text":"First"},
        {"type":"summary_text","text":"Then"}]},
       {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[
        {"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":2},
        {"type":"file_path","file_id":"f","index":0}]}]}],
       "usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7,
        "input_tokens_details":{"cached_tokens":1,"cache_write_tokens":2},
        "output_tokens_details":{"reasoning_tokens":2}}}
      """)
    #expect(
      try chat.means(
        """
        {"id":"chatcmpl-7","object":"chat.completion","created":1700000000,"model":"gpt-5.4",
         "choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,
          "reasoning_content":"First\\n\\nThen","annotations":[{"type":"url_citation","url_citation":
          {"url":"u","title":"t","start_index":0,"end_index":2}}]},
          "logprobs":null,"finish_reason":"stop"}],
         "usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,
          "prompt_tokens_details":{"cached_tokens":1,"cache_write_tokens":2},
          "completion_tokens_details":{"reasoning_tokens":2}},
         "service_tier":"flex","metadata":{"a":"b"}}
        """), "\(chat.text)")
  }

  @Test func `a sparse response is taken for what it says`() throws {
    let chat = try completion("{}")
    #expect(
      try chat.means(
        """
        {"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"asked",
         "choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":null,
          "annotations":[]},"logprobs":null,"finish_reason":"stop"}]}
        """), "\(chat.text)")
  }

  @Test func `calls need no text`() throws {
    let calls = """
      {"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"},
      {"type":"custom_tool_call","id":"ctc_1","call_id":"d","name":"g","input":"x"}
      """
    #expect(
      try message(calls).means(
        """
        {"role":"assistant","content":null,"refusal":null,"annotations":[],"tool_calls":[
         {"id":"c","type":"function","function":{"name":"f","arguments":"{}"}},
         {"id":"d","type":"custom","custom":{"name":"g","input":"x"}}]}
        """))
    #expect(try message(calls + "," + text("Hi"))["content"]?.string == "Hi")
    #expect(
      try message(calls) { $0.usesFunctions = true }.means(
        """
        {"role":"assistant","content":null,"refusal":null,"annotations":[],
         "function_call":{"name":"f","arguments":"{}"}}
        """))
    let chat = try completion(#"{"output":[\#(calls)]}"#)
    #expect(chat["choices"]?.elements.first?["finish_reason"]?.string == "tool_calls")
  }

  @Test func `calls that were answered are the daemon's`() throws {
    let message = try message(
      """
      {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
      {"type":"function_call_output","call_id":"c","output":"1"},\(text("One."))
      """)
    #expect(message["tool_calls"] == nil)
    #expect(message["content"]?.string == "One.")
  }

  @Test func `a refusal is told as one`() throws {
    let message = try message(
      #"{"type":"message","content":[{"type":"refusal","refusal":"No."}]}"#)
    #expect(message["refusal"]?.string == "No.")
    #expect(message["content"]?.isNull == true)
  }

  @Test(arguments: [
    (#""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}"#, "length"),
    (#""status":"incomplete","incomplete_details":{"reason":"content_filter"}"#, "content_filter"),
    (#""status":"cancelled""#, "length"), (#""status":"completed""#, "stop"),
    (#""status":7"#, "stop"),
  ])
  func `how it ended is told`(status: String, reason: String) throws {
    let chat = try completion("{\(status)}")
    #expect(chat["choices"]?.elements.first?["finish_reason"]?.string == reason)
  }

  @Test func `a response that failed is an error`() throws {
    let error = try #require(throws: APIError.self) {
      try completion(#"{"status":"failed","error":{"code":"rate_limit_exceeded","message":"why"}}"#)
    }
    #expect(error.status == 429)
    #expect(error.message == "why")
  }

  @Test func `a text is cut at the first stop sequence`() throws {
    let output =
      "\(text("one ST")),\(text("OP two")),"
      + #"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#
    let chat = try completion(#"{"output":[\#(output)],"usage":{"input_tokens":1}}"#) {
      $0.stop = ["STOP", "two"]
    }
    let choice = try #require(chat["choices"]?.elements.first)
    #expect(choice["message"]?["content"]?.string == "one ")
    #expect(choice["message"]?["tool_calls"] == nil)
    #expect(choice["finish_reason"]?.string == "stop")
    #expect(chat["usage"]?["prompt_tokens"]?.integer == 1)
  }

  @Test func `a text that only begins like a stop sequence is whole`() throws {
    #expect(try message(text("one ST")) { $0.stop = ["STOP"] }["content"]?.string == "one ST")
  }

  @Test func `the probabilities of tokens are told to those who asked`() throws {
    let output =
      #"{"type":"message","content":[{"type":"output_text","text":"Hi","logprobs":[{"token":"Hi","logprob":-1,"bytes":[72,105],"top_logprobs":[]}]}]}"#
    let chat = try completion(#"{"output":[\#(output)]}"#) { $0.hasLogprobs = true }
    #expect(
      chat["choices"]?.elements.first?["logprobs"]?.text
        == #"{"content":[{"token":"Hi","logprob":-1,"bytes":[72,105],"top_logprobs":[]}],"refusal":null}"#
    )
  }

  @Test func `no value in any place keeps a completion from being one`() throws {
    let whole =
      RawJSON(StreamSamples.rich.events[StreamSamples.rich.events.count - 1])["response"] ?? .null
    let wrong = ["null", "7", "-1", #""x""#, "[]", "{}", "[{}]", "1e999"].map { RawJSON($0) }
    for variant in whole.variants(wrong).everyFifth(from: 0) {
      let chat = try completion(variant.text)
      #expect((try? RawJSON(parsing: chat.text)) != nil)
    }
  }
}
