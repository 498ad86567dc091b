import JSON
import Testing
import Wire

@Suite struct ChatRequestTests {
  private func request(_ members: String) throws -> ChatRequest {
    try ChatRequest(
      body: RawJSON(parsing: #"{"messages":[{"role":"user","content":"Hi"}]\#(members)}"#))
  }

  private func items(_ messages: String) throws -> RawJSON {
    let request = try ChatRequest(body: RawJSON(parsing: #"{"messages":[\#(messages)]}"#))
    return try #require(request.params["input"])
  }

  private func refused(_ body: String) throws -> String? {
    let error = try #require(throws: RPCError.self) {
      try ChatRequest(body: RawJSON(parsing: body))
    }
    #expect(error.code == .invalidParams)
    return error.details.first { $0.key == "param" }?.value.string
  }

  @Test func `a small request becomes one that is not stored`() throws {
    let request = try request(#","model":"gpt-5.4""#)
    #expect(
      try request.params.means(
        """
        {"model":"gpt-5.4","store":false,
         "input":[{"type":"message","role":"user","content":"Hi"}]}
        """))
    #expect(request.ignored.isEmpty)
    #expect(request.reply.model == "gpt-5.4")
    #expect(!request.reply.isStreaming)
  }

  @Test(arguments: [
    (#""max_tokens":20"#, #""max_output_tokens":20"#),
    (#""max_tokens":20,"max_completion_tokens":30"#, #""max_output_tokens":30"#),
    (#""reasoning_effort":"low""#, #""reasoning":{"effort":"low"}"#),
    (
      #""reasoning":{"summary":"auto"},"reasoning_effort":"low""#,
      #""reasoning":{"summary":"auto","effort":"low"}"#
    ),
    (#""verbosity":"high""#, #""text":{"verbosity":"high"}"#),
    (#""response_format":{"type":"json_object"}"#, #""text":{"format":{"type":"json_object"}}"#),
    (
      #""response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"},"strict":true}},"verbosity":"low""#,
      #""text":{"format":{"type":"json_schema","name":"a","schema":{"type":"object"},"strict":true},"verbosity":"low"}"#
    ),
    (
      #""logprobs":true,"top_logprobs":3"#,
      #""top_logprobs":3,"include":["message.output_text.logprobs"]"#
    ),
    (
      #""logprobs":true,"include":["reasoning.encrypted_content"]"#,
      #""include":["reasoning.encrypted_content","message.output_text.logprobs"]"#
    ),
    (
      #""stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}"#,
      #""stream":true,"stream_options":{"include_obfuscation":false}"#
    ),
    (#""stream":true,"stream_options":{"include_usage":true}"#, #""stream":true"#),
    (#""frequency_penalty":0.5,"presence_penalty":0"#, #""frequency_penalty":0.5"#),
    (
      #""web_search_options":{"search_context_size":"low","user_location":{"type":"approximate","approximate":{"city":"Bonn"}}}"#,
      #""tools":[{"type":"web_search","search_context_size":"low","user_location":{"type":"approximate","city":"Bonn"}}]"#
    ),
  ])
  func `what has another name there is translated`(chat: String, responses: String) throws {
    let params = try request(",\(chat)").params.removing("input", "store")
    #expect(try params.means("{\(responses)}"), "\(params.text)")
  }

  @Test func `what both know and what neither knows goes on as it is`() throws {
    let members = #"""
      "temperature":0.50,"top_p":1e0,"user":"u","safety_identifier":"s","prompt_cache_key":"k",
      "prompt_cache_retention":"24h","prompt_cache_options":{"mode":"explicit"},"moderation":{"model":"m"},
      "service_tier":"flex","metadata":{"a":"b"},"parallel_tool_calls":false,"top_k":40,
      "chat_template_kwargs":{"a":[1]},"halley":{"cache":"off"},"previous_response_id":"resp_1"
      """#
    let params = try request(",\(members)").params
    #expect(try params.removing("input", "store").means("{\(members)}"))
    #expect(params["temperature"]?.text == "0.50")
    #expect(params["top_p"]?.text == "1e0")
  }

  @Test func `what says nothing passes`() throws {
    let request = try request(
      """
      ,"model":null,"n":1,"stop":null,"seed":null,"logit_bias":{},"modalities":["text"],"audio":null,
      "prediction":null,"functions":[],"function_call":"none","presence_penalty":0.0,
      "frequency_penalty":0,"top_logprobs":0,"logprobs":false,"response_format":null,
      "stream_options":null,"metadata":null,"max_tokens":null,"web_search_options":null
      """)
    #expect(
      try request.params.means(
        #"{"store":false,"input":[{"type":"message","role":"user","content":"Hi"}]}"#))
    #expect(request.ignored.isEmpty)
  }

  @Test func `what can't change the answer is passed over and told`() throws {
    let request = try request(#","seed":7,"logit_bias":{"50256":-100}"#)
    #expect(request.ignored == ["seed", "logit_bias"])
    #expect(request.params["seed"] == nil)
    #expect(request.params["logit_bias"] == nil)
  }

  @Test(arguments: [
    (#""n":2"#, "n"), (#""n":1.5"#, "n"), (#""n":"1""#, "n"),
    (#""audio":{"voice":"a","format":"wav"}"#, "audio"),
    (#""modalities":["text","audio"]"#, "modalities[1]"),
    (#""prediction":{"type":"content","content":"x"}"#, "prediction"),
    (#""background":true"#, "background"), (#""input":"x""#, "input"),
    (#""stop":["a","b","c","d","e"]"#, "stop"), (#""stop":[1]"#, "stop[0]"),
    (#""stream_options":{"include_usage":true}"#, "stream_options"),
    (#""stream":true,"stream_options":{"include_usage":1}"#, "stream_options.include_usage"),
    (#""top_logprobs":3"#, "top_logprobs"), (#""max_tokens":0"#, "max_tokens"),
    (#""temperature":3"#, "temperature"), (#""verbosity":"loud""#, "verbosity"),
    (
      #""response_format":{"type":"json_schema","json_schema":{"name":"a"}}"#,
      "response_format.json_schema.schema"
    ),
    (#""response_format":"json""#, "response_format"),
    (#""tools":[{"type":"function","function":{"name":"a b"}}]"#, "tools[0].function.name"),
    (#""tools":[{"type":"function"}]"#, "tools[0].name"),
    (#""tools":[{"type":"custom","custom":{}}]"#, "tools[0].custom.name"),
    (#""tools":{}"#, "tools"), (#""functions":[{"name":1}]"#, "functions[0].name"),
    (#""tool_choice":"any""#, "tool_choice"),
    (#""tool_choice":{"type":"function","function":{}}"#, "tool_choice.function.name"),
    (#""tool_choice":{"type":"function","function":"f"}"#, "tool_choice.function"),
    (
      #""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"x","tools":[]}}"#,
      "tool_choice.allowed_tools.mode"
    ),
    (#""function_call":"required""#, "function_call"),
    (
      #""functions":[{"name":"a"}],"tools":[{"type":"function","function":{"name":"b"}}]"#,
      "functions"
    ),
    (#""halley":{"cache":"on"}"#, "halley.cache"), (#""seed":"x""#, "seed"),
  ])
  func `what is wrong is refused by its name`(members: String, param: String) throws {
    #expect(
      try refused(#"{"messages":[{"role":"user","content":"Hi"}],\#(members)}"#) == param)
  }

  @Test(arguments: [
    ("[]", "messages"), ("null", "messages"), ("[1]", "messages[0]"),
    (#"[{"content":"x"}]"#, "messages[0].role"),
    (#"[{"role":"robot","content":"x"}]"#, "messages[0].role"),
    (#"[{"role":"user"}]"#, "messages[0].content"),
    (#"[{"role":"user","content":7}]"#, "messages[0].content"),
    (#"[{"role":"user","content":[{"text":"x"}]}]"#, "messages[0].content[0].type"),
    (
      #"[{"role":"user","content":"x"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":7}]}]"#,
      "messages[1].content[1].image_url"
    ),
    (
      #"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u","detail":"much"}}]}]"#,
      "messages[0].content[0].image_url.detail"
    ),
    (#"[{"role":"user","content":[{"type":"file","file":{}}]}]"#, "messages[0].content[0].file"),
    (
      #"[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"x"}}]}]"#,
      "messages[0].content[0].input_audio.format"
    ),
    (#"[{"role":"tool","content":"x"}]"#, "messages[0].tool_call_id"),
    (#"[{"role":"function","content":"x","name":"f"}]"#, "messages[0].name"),
    (
      #"[{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f","arguments":"{}"}}]}]"#,
      "messages[0].tool_calls[0].id"
    ),
    (
      #"[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":{}}}]}]"#,
      "messages[0].tool_calls[0].function.arguments"
    ),
    (
      #"[{"role":"assistant","tool_calls":[{"id":"c","type":"odd"}]}]"#,
      "messages[0].tool_calls[0].type"
    ),
    (#"[{"role":"assistant","content":null,"audio":{"id":"a"}}]"#, "messages[0].audio"),
  ])
  func `a message that is wrong is refused by its place`(messages: String, param: String) throws {
    #expect(try refused(#"{"messages":\#(messages)}"#) == param)
  }

  @Test func `no value in any place makes a request that the daemon refuses by another name`()
    throws
  {
    let whole = try RawJSON(parsing: Self.whole)
    let wrong = [
      "null", "true", "0", "-1.5", "\"\"", #""x""#, "[]", "[1]", #"["x"]"#, "{}", #"{"type":"x"}"#,
    ]
    var passed = 0
    for body in whole.variants(wrong.map { RawJSON($0) }) {
      guard let request = try? ChatRequest(body: body) else { continue }
      passed += 1
      do {
        _ = try CreateRequest(params: request.params)
      } catch {
        Issue.record("\(error.message) for \(body.text)")
      }
    }
    #expect(passed > 100)
  }

  private static let whole = #"""
    {"model":"m","messages":[
      {"role":"system","content":"s","name":"n"},{"role":"developer","content":[{"type":"text","text":"d"}]},
      {"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"u","detail":"low"}},
       {"type":"input_audio","input_audio":{"data":"d","format":"wav"}},{"type":"file","file":{"file_id":"f","filename":"n"}},
       {"type":"input_text","text":"x"}]},
      {"role":"assistant","content":"a","refusal":"r","tool_calls":[
        {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},
        {"id":"c2","type":"custom","custom":{"name":"g","input":"i"}}],"function_call":{"name":"h","arguments":"{}"}},
      {"role":"tool","tool_call_id":"c1","content":"o"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"p"}]},
      {"role":"function","name":"h","content":"q"},{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"refusal","refusal":"r"}]}],
     "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},
       {"type":"custom","custom":{"name":"g","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"d"}}}},
       {"type":"function","name":"flat"},{"type":"web_search"}],
     "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}},
     "response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{},"strict":false}},
     "web_search_options":{"search_context_size":"low","user_location":{"type":"approximate","approximate":{"city":"c"}}},
     "stop":["x"],"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":true},"logprobs":true,
     "top_logprobs":2,"n":1,"seed":1,"logit_bias":{"1":2},"modalities":["text"],"metadata":{"a":"b"},"max_tokens":9,
     "max_completion_tokens":8,"reasoning_effort":"low","verbosity":"low","temperature":1,"presence_penalty":1,
     "store":true,"halley":{"tools":["a"]},"service_tier":"auto","user":"u","function_call":"auto"}
    """#
}
