import JSON
import Testing
import Wire

@Suite struct ChatMessagesTests {
  private func request(_ messages: String, _ members: String = "") throws -> ChatRequest {
    try ChatRequest(body: RawJSON(parsing: #"{"messages":[\#(messages)]\#(members)}"#))
  }

  private func expect(_ messages: String, _ items: String) throws {
    let input = try #require(try request(messages).params["input"])
    #expect(try input.means("[\(items)]"), "\(input.text)")
  }

  @Test func `each role becomes a message`() throws {
    try expect(
      """
      {"role":"system","content":"s"},{"role":"developer","content":"d"},
      {"role":"user","content":"u"},{"role":"assistant","content":"a"}
      """,
      """
      {"type":"message","role":"system","content":"s"},
      {"type":"message","role":"developer","content":"d"},
      {"type":"message","role":"user","content":"u"},
      {"type":"message","role":"assistant","content":"a"}
      """)
  }

  @Test func `every part of a user's message has its place`() throws {
    try expect(
      """
      {"role":"user","content":[
       {"type":"text","text":"t","prompt_cache_breakpoint":{"mode":"explicit"}},
       {"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"low"}},
       {"type":"image_url","image_url":"https://a.example/b.png"},
       {"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},
       {"type":"file","file":{"file_data":"data:application/pdf;base64,AA==","filename":"a.pdf"}},
       {"type":"file","file":{"file_id":"file_1"},"prompt_cache_breakpoint":{"mode":"explicit"}},
       {"type":"input_text","text":"as there"}]}
      """,
      """
      {"type":"message","role":"user","content":[
       {"type":"input_text","text":"t","prompt_cache_breakpoint":{"mode":"explicit"}},
       {"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"},
       {"type":"input_image","image_url":"https://a.example/b.png","detail":"auto"},
       {"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},
       {"type":"input_file","file_data":"data:application/pdf;base64,AA==","filename":"a.pdf"},
       {"type":"input_file","file_id":"file_1","prompt_cache_breakpoint":{"mode":"explicit"}},
       {"type":"input_text","text":"as there"}]}
      """)
  }

  @Test func `the assistant's calls come behind its text`() throws {
    try expect(
      """
      {"role":"assistant","content":"Let me see.","tool_calls":[
       {"id":"call_1","type":"function","function":{"name":"f","arguments":"{\\"a\\":1}"}},
       {"id":"call_2","type":"custom","custom":{"name":"g","input":"x"}}]},
      {"role":"tool","tool_call_id":"call_2","content":[{"type":"text","text":"two"}]},
      {"role":"tool","tool_call_id":"call_1","content":"one"}
      """,
      """
      {"type":"message","role":"assistant","content":"Let me see."},
      {"type":"function_call","call_id":"call_1","name":"f","arguments":"{\\"a\\":1}"},
      {"type":"custom_tool_call","call_id":"call_2","name":"g","input":"x"},
      {"type":"custom_tool_call_output","call_id":"call_2","output":[{"type":"input_text","text":"two"}]},
      {"type":"function_call_output","call_id":"call_1","output":"one"}
      """)
  }

  @Test(arguments: ["null", "\"\"", "[]"])
  func `a call needs no text beside it`(content: String) throws {
    try expect(
      """
      {"role":"assistant","content":\(content),"tool_calls":[
       {"id":"c","function":{"name":"f","arguments":""}}]},
      {"role":"tool","tool_call_id":"c","content":null}
      """,
      """
      {"type":"function_call","call_id":"c","name":"f","arguments":""},
      {"type":"function_call_output","call_id":"c","output":""}
      """)
  }

  @Test func `a refusal is a part of what was said`() throws {
    try expect(
      """
      {"role":"assistant","content":null,"refusal":"No."},
      {"role":"assistant","content":"I would","refusal":"but no."},
      {"role":"assistant","content":[{"type":"text","text":"a"},{"type":"refusal","refusal":"b"}]}
      """,
      """
      {"type":"message","role":"assistant","content":[{"type":"refusal","refusal":"No."}]},
      {"type":"message","role":"assistant","content":[
       {"type":"output_text","text":"I would"},{"type":"refusal","refusal":"but no."}]},
      {"type":"message","role":"assistant","content":[
       {"type":"output_text","text":"a"},{"type":"refusal","refusal":"b"}]}
      """)
  }

  @Test func `an answer that is empty stays one, and nothing stays nothing`() throws {
    try expect(
      #"{"role":"assistant","content":""},{"role":"assistant","content":null}"#,
      #"{"type":"message","role":"assistant","content":""}"#)
  }

  @Test func `calls of the old kind get an id that their outputs find`() throws {
    try expect(
      """
      {"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},
      {"role":"function","name":"f","content":"one"},
      {"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},
      {"role":"function","name":"f","content":"two"}
      """,
      """
      {"type":"function_call","call_id":"call_message_0","name":"f","arguments":"{}"},
      {"type":"function_call_output","call_id":"call_message_0","output":"one"},
      {"type":"function_call","call_id":"call_message_2","name":"f","arguments":"{}"},
      {"type":"function_call_output","call_id":"call_message_2","output":"two"}
      """)
  }

  @Test func `what an item has no place for is passed over and told`() throws {
    let request = try request(
      """
      {"role":"user","content":"u","name":"Ann"},{"role":"user","content":"u","name":"Ben"},
      {"role":"assistant","content":"a","reasoning_content":"Hm","annotations":[],"audio":null,
       "x\\r\\nset-cookie: a":1}
      """)
    #expect(request.ignored == ["messages.name", "messages.reasoning_content"])
    #expect(request.params["input"]?.elements.last?["reasoning_content"] == nil)
  }

  // MARK: Tools

  private func tools(_ members: String) throws -> RawJSON {
    try request(#"{"role":"user","content":"u"}"#, ",\(members)").params.removing("input", "store")
  }

  @Test func `tools stand in themselves there`() throws {
    let params = try tools(
      """
      "tools":[
       {"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},
       {"type":"function","function":{"name":"g"}},
       {"type":"custom","custom":{"name":"h","description":"d","format":{"type":"grammar",
        "grammar":{"syntax":"lark","definition":"start: \\"a\\""}}}},
       {"type":"function","name":"flat","parameters":{}},{"type":"web_search"}]
      """)
    #expect(
      try params.means(
        """
        {"tools":[
         {"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true},
         {"type":"function","name":"g","strict":false,"parameters":{"type":"object","properties":{}}},
         {"type":"custom","name":"h","description":"d",
          "format":{"type":"grammar","syntax":"lark","definition":"start: \\"a\\""}},
         {"type":"function","name":"flat","parameters":{}},{"type":"web_search"}]}
        """), "\(params.text)")
  }

  @Test func `functions are tools, of which one is called at a time`() throws {
    let params = try tools(
      #""functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"}"#)
    #expect(
      try params.means(
        """
        {"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],
         "tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false}
        """))
  }

  @Test func `who calls is told by names`() throws {
    let old = try request(
      #"{"role":"user","content":"u"}"#, #","functions":[{"name":"f"}]"#)
    #expect(old.reply.usesFunctions)
    let new = try request(
      #"{"role":"user","content":"u"}"#,
      #","tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g"}}]"#
    )
    #expect(!new.reply.usesFunctions)
    #expect(new.reply.toolNames == ["f", "g"])
  }

  @Test(arguments: [
    (#""required""#, #""required""#),
    (#"{"type":"function","function":{"name":"f"}}"#, #"{"type":"function","name":"f"}"#),
    (#"{"type":"function","name":"f"}"#, #"{"type":"function","name":"f"}"#),
    (#"{"type":"custom","custom":{"name":"f"}}"#, #"{"type":"custom","name":"f"}"#),
    (
      #"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}}"#,
      #"{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]}"#
    ),
  ])
  func `a choice of tools has both shapes`(chat: String, responses: String) throws {
    let choice = try #require(try tools(#""tool_choice":\#(chat)"#)["tool_choice"])
    #expect(try choice.means(responses))
  }

  // MARK: What the answer needs

  @Test func `stop sequences stay here`() throws {
    let stop = { (json: String) throws in
      try request(#"{"role":"user","content":"u"}"#, #","stop":\#(json)"#)
    }
    #expect(try stop(#"["a","","\n"]"#).reply.stop == ["a", "\n"])
    #expect(try stop(#""b""#).reply.stop == ["b"])
    #expect(try stop("\"\"").reply.stop.isEmpty)
    #expect(try stop(#"["a"]"#).params["stop"] == nil)
  }

  @Test func `usage and token probabilities are told to whoever asked`() throws {
    let reply = try request(
      #"{"role":"user","content":"u"}"#,
      #","stream":true,"stream_options":{"include_usage":true},"logprobs":true"#
    ).reply
    #expect(reply.isStreaming)
    #expect(reply.includesUsage)
    #expect(reply.hasLogprobs)
  }
}
