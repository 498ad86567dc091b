import JSON
import Testing
import Wire

@Suite struct ChatStreamTests {
  private let created =
    #"{"type":"response.created","response":{"id":"resp_1","created_at":5,"model":"m"}}"#

  private func delta(_ text: String) -> String {
    #"{"type":"response.output_text.delta","delta":\#(RawJSON.string(text).text)}"#
  }

  private func completed(_ members: String = "") -> String {
    #"{"type":"response.completed","response":{"id":"resp_1","status":"completed"\#(members)}}"#
  }

  @Test func `a text comes delta by delta`() throws {
    let chat = ChatReader.read([created, delta("Hel"), delta("lo"), completed()])
    #expect(chat.chunks.count == 4)
    #expect(
      try chat.chunks[0].means(
        """
        {"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"m",
         "choices":[{"index":0,"delta":{"role":"assistant","content":""},
         "logprobs":null,"finish_reason":null}]}
        """))
    #expect(
      try chat.chunks[1].means(
        """
        {"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"m",
         "choices":[{"index":0,"delta":{"content":"Hel"},
         "logprobs":null,"finish_reason":null}]}
        """))
    #expect(
      try chat.chunks[3].means(
        """
        {"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"m",
         "service_tier":"default",
         "choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
        """))
    #expect(chat.content == "Hello")
    #expect(chat.isFinished)
  }

  @Test func `nothing is said before something came`() {
    #expect(ChatReader.read([created]).chunks.isEmpty)
  }

  @Test func `the usage is last, and only for those who asked`() throws {
    let usage =
      #","usage":{"input_tokens":3,"output_tokens":4,"input_tokens_details":{"cached_tokens":1},"output_tokens_details":{"reasoning_tokens":2}}"#
    #expect(ChatReader.read([created, delta("x"), completed(usage)]).usage == nil)
    let chat = ChatReader.read([created, delta("x"), completed(usage)]) { $0.includesUsage = true }
    #expect(chat.chunks.dropLast().allSatisfy { $0["usage"]?.isNull == true })
    #expect(chat.chunks.last?["choices"]?.text == "[]")
    let told = try #require(chat.usage)
    #expect(
      try told.means(
        """
        {"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,
         "prompt_tokens_details":{"cached_tokens":1,"cache_write_tokens":0},
         "completion_tokens_details":{"reasoning_tokens":2}}
        """))
  }

  @Test(arguments: [
    (#"{"reason":"max_output_tokens"}"#, "length"),
    (#"{"reason":"content_filter"}"#, "content_filter"),
    (#"{"reason":"max_tool_calls"}"#, "length"), ("null", "length"), (#"{"reason":7}"#, "length"),
  ])
  func `what is incomplete says why, and has its usage`(details: String, reason: String) {
    let chat = ChatReader.read([
      created, delta("x"),
      #"{"type":"response.incomplete","response":{"id":"resp_1","status":"incomplete","incomplete_details":\#(details),"usage":{"input_tokens":1,"output_tokens":1}}}"#,
    ]) { $0.includesUsage = true }
    #expect(chat.finishReason == reason)
    #expect(chat.usage?["total_tokens"]?.integer == 2)
    #expect(chat.content == "x")
    #expect(chat.isFinished)
  }

  @Test(arguments: [
    #"{"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"why"}}}"#,
    #"{"type":"error","code":"server_error","message":"why","param":null}"#,
    #"{"type":"error","error":{"type":"server_error","code":"server_error","message":"why"}}"#,
  ])
  func `a failure is an error and the end`(event: String) {
    for events in [[created, event], [created, delta("x"), event, completed()], [event]] {
      let chat = ChatReader.read(events)
      #expect(chat.error?["message"]?.string == "why")
      #expect(chat.error?["code"]?.string == "server_error")
      #expect(chat.finishReason == nil)
      #expect(chat.isFinished)
    }
  }

  @Test func `who ends a stream from outside ends it once`() {
    var stream = ChatStream(ChatReplyOptions(), StreamSamples.defaults)
    var reader = ChatReader()
    stream.take(RawJSON(delta("x"))) { reader.take($0) }
    stream.finish(RawJSON(#"{"status":"completed"}"#)) { reader.take($0) }
    stream.fail(APIError(500, code: nil, "late")) { reader.take($0) }
    #expect(reader.finishReason == "stop")
    #expect(reader.error == nil)
    #expect(stream.isFinished)
  }

  // MARK: Everything

  @Test func `all that a response says is in the chunks`() {
    let chat = ChatReader.read(StreamSamples.rich.events) { $0.toolNames = ["h"] }
    #expect(chat.content == "Say é \"it\"")
    #expect(chat.refusal == "No.")
    #expect(chat.reasoning == "First\n\nThen")
    #expect(chat.calls == ["call_1 custom h in"])
    #expect(chat.finishReason == "tool_calls")
    #expect(
      chat.annotations.map(\.text) == [
        #"{"type":"url_citation","url_citation":{"url":"u","title":"t","start_index":0,"end_index":3}}"#
      ])
    #expect(!chat.chunks.contains { $0.text.contains("obfuscation") })
  }

  @Test(arguments: StreamSamples.all)
  func `an end alone says as much as the whole stream`(sample: StreamSamples.Sample) {
    let events = sample.events
    let whole = ChatReader.read(events) { $0.toolNames = ["f", "g", "h"] }
    let end = ChatReader.read([events[events.count - 1]]) { $0.toolNames = ["f", "g", "h"] }
    #expect(end.content == whole.content)
    #expect(end.refusal == whole.refusal)
    #expect(end.reasoning == whole.reasoning)
    #expect(end.calls == whole.calls)
    #expect(end.annotations == whole.annotations)
    #expect(end.finishReason == whole.finishReason)
  }

  @Test func `parallel calls have indices of their own`() {
    let chat = ChatReader.read(StreamSamples.sparseCalls.events) { $0.toolNames = ["f", "g"] }
    #expect(chat.reasoning == "Hm, two.")
    #expect(chat.calls == [#"fc_a function f {"a":1}"#, #"fc_b function g {"b":2}"#])
    #expect(chat.finishReason == "tool_calls")
    let deltas = chat.chunks.filter { $0.text.contains("tool_calls") }.dropLast()
    #expect(deltas.count == 6)
    #expect(
      deltas.first?["choices"]?.elements.first?["delta"]?.text
        == #"{"tool_calls":[{"index":0,"id":"fc_a","type":"function","function":{"name":"f","arguments":""}}]}"#
    )
    #expect(
      deltas.last?["choices"]?.elements.first?["delta"]?.text
        == #"{"tool_calls":[{"index":1,"function":{"arguments":":2}"}}]}"#)
  }

  @Test func `a call of a tool that nobody has is told at the end`() {
    let chat = ChatReader.read(StreamSamples.sparseCalls.events) { $0.toolNames = ["g"] }
    #expect(chat.calls == [#"fc_b function g {"b":2}"#, #"fc_a function f {"a":1}"#])
    #expect(chat.finishReason == "tool_calls")
  }

  @Test func `a client of functions gets one call`() {
    let chat = ChatReader.read(StreamSamples.sparseCalls.events) {
      $0.toolNames = ["f", "g"]
      $0.usesFunctions = true
    }
    #expect(chat.function == ("f", #"{"a":1}"#))
    #expect(chat.calls.isEmpty)
    #expect(chat.finishReason == "function_call")
  }

  @Test func `calls that the daemon makes are its own`() {
    let call =
      #"{"id":"fc_1","type":"function_call","call_id":"c","name":"files__read","arguments":"{}","status":"completed"}"#
    let output = #"{"id":"o_1","type":"function_call_output","call_id":"c","output":"1"}"#
    let message =
      #"{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"One.","annotations":[]}]}"#
    let events = [
      created,
      #"{"type":"response.output_item.added","output_index":0,"item":{"id":"fc_1","type":"function_call","call_id":"c","name":"files__read","arguments":""}}"#,
      #"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"fc_1","delta":"{}"}"#,
      #"{"type":"response.output_item.done","output_index":0,"item":\#(call)}"#,
      #"{"type":"response.output_item.added","output_index":1,"item":\#(output)}"#,
      #"{"type":"response.output_item.done","output_index":1,"item":\#(output)}"#,
      #"{"type":"response.output_item.done","output_index":2,"item":\#(message)}"#,
      completed(#","output":[\#(call),\#(output),\#(message)]"#),
    ]
    for events in [events, [events[events.count - 1]]] {
      let chat = ChatReader.read(events) { $0.toolNames = ["mine"] }
      #expect(chat.content == "One.")
      #expect(chat.calls.isEmpty)
      #expect(chat.finishReason == "stop")
    }
  }

  @Test func `the probabilities of tokens are told to those who asked`() {
    let event =
      #"{"type":"response.output_text.delta","delta":"Hi","logprobs":[{"token":"Hi","logprob":-0.5}]}"#
    #expect(ChatReader.read([created, event, completed()]).tokens.isEmpty)
    let chat = ChatReader.read([created, event, completed()]) { $0.hasLogprobs = true }
    #expect(chat.tokens == ["Hi"])
    #expect(
      chat.chunks[1]["choices"]?.elements.first?["logprobs"]?.text
        == #"{"content":[{"token":"Hi","logprob":-0.5,"bytes":null,"top_logprobs":[]}],"refusal":null}"#
    )
  }

  // MARK: Stop sequences

  private func stopped(_ stop: [String], _ texts: String...) -> ChatReader {
    ChatReader.read([created] + texts.map { delta($0) } + [completed()]) { $0.stop = stop }
  }

  @Test func `a stop sequence ends the stream before the response ends`() {
    let chat = ChatReader.read([created, delta("one\nST"), delta("OP two")]) { $0.stop = ["STOP"] }
    #expect(chat.content == "one\n")
    #expect(chat.finishReason == "stop")
    #expect(chat.isFinished)
  }

  @Test func `what only looked like one is told`() {
    #expect(stopped(["STOP"], "ST", "AND", " ST").content == "STAND ST")
    #expect(stopped(["aab"], "aa", "aa", "b", "c").content == "aa")
    #expect(stopped(["é"], "è", "È").content == "èÈ")
    #expect(stopped(["\"\n"], "say \"", "x\"", "\n", "y").content == "say \"x")
  }

  @Test func `calls behind a stop sequence are not told`() {
    let call =
      #"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}"#
    let chat = ChatReader.read([created, delta("a STOP"), call, completed()]) {
      $0.stop = ["STOP"]
      $0.toolNames = ["f"]
    }
    #expect(chat.content == "a ")
    #expect(chat.calls.isEmpty)
    #expect(chat.finishReason == "stop")
  }

  @Test func `tokens go with their text`() {
    let events = ["one", " ST", "OP", " two"].map {
      #"{"type":"response.output_text.delta","delta":"\#($0)","logprobs":[{"token":"\#($0)","logprob":-1}]}"#
    }
    let cut = ChatReader.read([created] + events + [completed()]) {
      $0.hasLogprobs = true
      $0.stop = ["STOP"]
    }
    #expect(cut.content == "one ")
    #expect(cut.tokens == ["one"])
    let whole = ChatReader.read([created] + events + [completed()]) {
      $0.hasLogprobs = true
      $0.stop = ["STOPPED"]
    }
    #expect(whole.content == "one STOP two")
    #expect(whole.tokens == ["one", " ST", "OP", " two"])
  }

  // MARK: Damage

  @Test(arguments: StreamSamples.all)
  func `no value in any place keeps a stream from ending`(sample: StreamSamples.Sample) {
    let events = sample.events
    let wrong = ["null", "7", "-1", #""x""#, "[]", "{}", "[{}]"].map { RawJSON($0) }
    for index in events.indices.dropLast() {
      for variant in RawJSON(events[index]).variants(wrong).everyFifth(from: index) {
        var damaged = events
        damaged[index] = variant.text
        let chat = ChatReader.read(damaged) { $0.toolNames = ["f", "g", "h"] }
        #expect(chat.isFinished)
        #expect(chat.finishReason != nil || chat.error != nil)
      }
    }
  }
}
