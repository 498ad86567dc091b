import JSON
import TestSupport
import Testing

@Suite struct ProtocolErrorTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
  }

  /// Sends one line and returns the error that answers it; the connection must go on after it.
  private func refusal(_ line: String) throws -> RawJSON {
    let client = try daemon.connect()
    try client.send(line)
    let message = try #require(try client.message())
    #expect(message["jsonrpc"]?.string == "2.0")
    #expect(try client.call(99, "daemon.ping").result?.text == "{}")
    return message
  }

  private func expect(
    _ message: RawJSON, _ number: Int64, _ code: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(message["error"]?["code"]?.integer == number, sourceLocation: sourceLocation)
    #expect(message["error"]?["data"]?["code"]?.string == code, sourceLocation: sourceLocation)
    #expect(message["error"]?["data"]?["retryable"]?.boolean == false)
    #expect(message["error"]?["message"]?.string?.isEmpty == false, sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    "nonsense", "{", "{}}", #"{"id":1,}"#, #"{"id":01}"#, #"{'id':1}"#, #"{"id":1 "method":"x"}"#,
    #"{"id":1,"id":2,"method":"daemon.ping"}"#, #"{"id":1,"method":"\ud800"}"#,
    #"{"id":1,"method":"\x"}"#, "{\"id\":1,\"method\":\"\u{1}\"}",
    "\u{FEFF}{\"id\":1,\"method\":\"daemon.ping\"}", "NaN", #"{"id":1,"a":+1}"#,
  ])
  func `what is not strict JSON is a parse error with its place`(_ line: String) throws {
    let message = try refusal(line)
    expect(message, -32700, "parse_error")
    #expect(message["id"]?.isNull == true)
    #expect(message["error"]?["data"]?["offset"]?.integer != nil)
  }

  @Test func `bytes that are no UTF-8 are a parse error`() throws {
    let client = try daemon.connect()
    try client.send(Array("{\"id\":1,\"method\":\"".utf8) + [0xC3, 0x28] + Array("\"}\n".utf8))
    let message = try #require(try client.message())
    expect(message, -32700, "parse_error")
    #expect(message["error"]?["data"]?["offset"]?.integer == 18)
  }

  @Test(arguments: [
    "[]", #"[{"id":1,"method":"daemon.ping"}]"#, "1", #""x""#, "null", "{}",
    #"{"id":null,"method":"daemon.ping"}"#, #"{"id":1.5,"method":"daemon.ping"}"#,
    #"{"id":[1],"method":"daemon.ping"}"#, #"{"id":9223372036854775808,"method":"daemon.ping"}"#,
    #"{"id":true,"method":"daemon.ping"}"#, #"{"id":1e0,"method":"daemon.ping"}"#,
    #"{"id":"\#(String(repeating: "x", count: 129))","method":"daemon.ping"}"#,
  ])
  func `what is no request is refused without an id`(_ line: String) throws {
    let message = try refusal(line)
    expect(message, -32600, "invalid_request")
    #expect(message["id"]?.isNull == true)
  }

  @Test(arguments: [
    #"{"id":7}"#, #"{"id":7,"method":1}"#, #"{"id":7,"method":"daemon.ping","params":[]}"#,
    #"{"id":7,"method":"daemon.ping","params":"x"}"#,
    #"{"jsonrpc":"1.0","id":7,"method":"daemon.ping"}"#,
    #"{"jsonrpc":2.0,"id":7,"method":"daemon.ping"}"#,
  ])
  func `what is wrong with a request is answered to its id`(_ line: String) throws {
    let message = try refusal(line)
    expect(message, -32600, "invalid_request")
    #expect(message["id"]?.integer == 7)
  }

  @Test(arguments: [
    "-9223372036854775808", "9223372036854775807", "0", "-0",
    #""\#(String(repeating: "x", count: 128))""#, #""""#,
  ])
  func `ids within the limits are echoed`(_ id: String) throws {
    let client = try daemon.connect()
    try client.send(#"{"id":\#(id),"method":"daemon.ping"}"#)
    #expect(try client.message()?["id"]?.text == id)
  }

  @Test func `an id that is in flight is refused and its request goes on`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, ["words": "20", "rate": "50"])
    try client.awaitText(1)
    try client.request(1, "daemon.ping")
    let refusal = try client.answer(1)
    #expect(refusal.errorNumber == -32600)
    #expect(refusal.errorCode == "invalid_request")
    #expect(try client.answer(1).status == "completed")
  }

  @Test func `an unknown method is answered with the nearest known one`() throws {
    let message = try refusal(#"{"id":1,"method":"response.create"}"#)
    expect(message, -32601, "method_not_found")
    #expect(message["id"]?.integer == 1)
    #expect(message["error"]?["data"]?["did_you_mean"]?.string == "responses.create")
  }

  @Test func `a method unlike any other is answered without a guess`() throws {
    let message = try refusal(#"{"id":1,"method":"make.coffee.now"}"#)
    expect(message, -32601, "method_not_found")
    #expect(message["error"]?["data"]?["did_you_mean"] == nil)
  }

  @Test func `notifications are never answered`() throws {
    let client = try daemon.connect()
    try client.send(#"{"method":"nobody.knows"}"#)
    try client.send(#"{"method":"daemon.ping"}"#)
    try client.send(#"{"method":"$/cancelRequest"}"#)
    try client.request(1, "daemon.ping")
    #expect(try client.message()?["id"]?.integer == 1)
  }

  @Test func `the answer to a request that was never sent is ignored`() throws {
    let client = try daemon.connect()
    try client.send(#"{"id":"s:1","result":{"decision":"allow"}}"#)
    try client.request(1, "daemon.ping")
    #expect(try client.message()?["id"]?.integer == 1)
  }

  @Test(arguments: [
    (#""temperature":2.5"#, "temperature"), (#""temperature":"hot""#, "temperature"),
    (#""top_p":1.1"#, "top_p"), (#""top_logprobs":21"#, "top_logprobs"),
    (#""top_logprobs":-1"#, "top_logprobs"), (#""max_output_tokens":0"#, "max_output_tokens"),
    (#""safety_identifier":"\#(String(repeating: "s", count: 129))""#, "safety_identifier"),
    (#""metadata":{"\#(String(repeating: "k", count: 65))":"v"}"#, "metadata"),
    (#""metadata":{"k":"\#(String(repeating: "v", count: 513))"}"#, "metadata.k"),
    (#""metadata":{"k":1}"#, "metadata.k"), (#""metadata":[]"#, "metadata"),
    (
      "\"metadata\":{" + (1...17).map { "\"k\($0)\":\"v\"" }.joined(separator: ",") + "}",
      "metadata"
    ),
    (#""stream_options":{"include_obfuscation":true}"#, "stream_options"),
    (#""stream":"yes""#, "stream"), (#""instructions":1"#, "instructions"),
    (#""tools":{}"#, "tools"), (#""parallel_tool_calls":1"#, "parallel_tool_calls"),
    (#""truncation":"never""#, "truncation"), (#""halley":{"upstreem":"x"}"#, "halley.upstreem"),
    (#""max_tool_calls":-1"#, "max_tool_calls"),
    (
      #""tools":[{"type":"function","name":"\#(String(repeating: "f", count: 129))"}]"#,
      "tools[0].name"
    ),
    (#""tools":[{"type":"function","name":"a b"}]"#, "tools[0].name"),
    (#""tools":[{"type":"function","name":"f","async":1}]"#, "tools[0].async"),
    (#""background_options":"2h""#, "background_options"),
    (#""halley":[]"#, "halley"), (#""halley":{"cache":"never"}"#, "halley.cache"),
    (#""halley":{"timeout_s":"1"}"#, "halley.timeout_s"),
    (#""halley":{"on_disconnect":"wait"}"#, "halley.on_disconnect"),
    (
      #""halley":{"idempotency_key":"\#(String(repeating: "k", count: 129))"}"#,
      "halley.idempotency_key"
    ),
  ])
  func `a parameter out of range is refused before the network`(_ member: String, _ param: String)
    throws
  {
    let answer = try daemon.connect().call(
      1, "responses.create", #"{"model":"gpt-5.4","input":"Hi",\#(member)}"#)
    #expect(answer.errorNumber == -32602)
    #expect(answer.errorCode == "invalid_params")
    #expect(answer.param?.hasPrefix(param) == true, "\(answer.message.text)")
    #expect(try simulator.count("creates") == 0)
  }

  /// What the API has gained, and what sources differ on.
  @Test(arguments: [
    #""safety_identifier":"\#(String(repeating: "s", count: 128))""#,
    #""max_tool_calls":0"#, #""max_output_tokens":20.0"#, #""frequency_penalty":3"#,
    #""tools":[{"type":"function","name":"a.b-\#(String(repeating: "f", count: 124))"}]"#,
    #""tools":[{"type":"function","name":"f","async":true},{"type":"custom","name":"c","async":true}]"#,
    #""tools":[{"type":"image_generation","partial_images":4}]"#,
    #""tools":[{"type":"file_search","vector_store_ids":["v"],"max_num_results":51}]"#,
    #""tools":[{"type":"mcp","server_label":"m","tunnel_id":"t"}]"#,
    #""background":true,"background_options":{"completion_window":"2h","continuation_id":null}"#,
    #""prompt_cache_options":{"mode":"explicit","ttl":"12h","comparison_response_id":"r"}"#,
    #""moderation":{"model":"m","policy":{"input":{"mode":"block"}}}"#,
    #""image":{"context_compression":"auto"},"access_programs":{"cyber":true}"#,
    #""reasoning":{"mode":"pro","context":"all_turns","effort":"max"},"service_tier":"ultrafast""#,
    #""context_management":[]"#,
    #""context_management":[{"type":"compaction","compact_threshold":1}]"#,
    #""input":[{"type":"function_call_output","call_id":null,"name":"f","namespace":"n","output":"x"},{"role":"user","content":"Hi"}]"#,
    #""input":[{"type":"custom_tool_call_output","name":"c","output":"x"},{"role":"user","content":"Hi"}]"#,
    #""input":[{"role":"user","content":"Hi"},{"type":"configuration_update","reasoning":{"effort":"low"},"text":{"format":{"type":"text"}}}]"#,
    #""input":[{"role":"user","content":"Hi"},{"type":"compaction_trigger"}]"#,
    #""input":[{"role":"user","content":"Hi"},{"type":"additional_tools","tools":[]},{"type":"program_output","call_id":"p","result":1}]"#,
  ])
  func `what one source alone forbids is the upstream's to refuse`(_ members: String) throws {
    let input = members.hasPrefix(#""input""#) ? "" : #""input":"Hi","#
    let answer = try daemon.connect().call(
      1, "responses.create", #"{"model":"gpt-5.4",\#(input)\#(members)}"#)
    #expect(answer.error == nil, "\(answer.message.text)")
  }

  @Test func `conversation together with previous_response_id is refused`() throws {
    let answer = try daemon.connect().call(
      1, "responses.create",
      #"{"input":"Hi","conversation":"conv_1","previous_response_id":"resp_1"}"#)
    #expect(answer.errorCode == "invalid_params")
    #expect(answer.param == "conversation" || answer.param == "previous_response_id")
    #expect(try simulator.count("creates") == 0)
  }

  @Test(
    arguments: [
      (
        #"{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"https://x","detail":"huge"}]}"#,
        "input[0].content[1].detail"
      ),
      (#"{"type":"function_call_output","output":"x"}"#, "input[0]"),
      (
        #"{"type":"configuration_update","text":{"format":{"type":"json_schema"}}}"#,
        "input[0].text.format.name"
      ),
    ])
  func `a mistake deep in the input is named by its path`(_ item: String, _ path: String) throws {
    let answer = try daemon.connect().call(1, "responses.create", #"{"input":[\#(item)]}"#)
    #expect(answer.errorCode == "invalid_params")
    #expect(answer.param == path)
  }

  @Test func `an unknown member of halley is answered with the nearest known one`() throws {
    let answer = try daemon.connect().call(
      1, "responses.create", #"{"input":"Hi","halley":{"upstraem":"x"}}"#)
    #expect(answer.param == "halley.upstraem")
    #expect(answer.message.text.contains("upstream"))
  }

  @Test func `an unknown member of a method's params is refused`() throws {
    let client = try daemon.connect()
    for method in ["daemon.ping", "daemon.status", "daemon.reload", "models.list"] {
      let answer = try client.call(1, method, #"{"x":1}"#)
      #expect(answer.errorCode == "invalid_params", "\(method)")
      #expect(answer.param == "x", "\(method)")
    }
  }

  @Test func `an unknown upstream is a configuration error`() throws {
    let answer = try daemon.connect().call(
      1, "responses.create", #"{"input":"Hi","halley":{"upstream":"simulater"}}"#)
    #expect(answer.errorNumber == -32030)
    #expect(answer.errorCode == "config")
    #expect(answer.errorData?["hint"]?.string?.isEmpty == false)
    #expect(answer.message.text.contains("simulator"))
  }

  @Test func `an unknown profile is a configuration error`() throws {
    let answer = try daemon.connect().call(
      1, "responses.create", #"{"input":"Hi","halley":{"profile":"none"}}"#)
    #expect(answer.errorNumber == -32030)
    #expect(answer.errorData?["hint"]?.string?.isEmpty == false)
  }
}
