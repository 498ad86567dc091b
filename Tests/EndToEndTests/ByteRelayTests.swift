import JSON
import TestSupport
import Testing

@Suite struct ByteRelayTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
  }

  // MARK: From the upstream

  /// One whole answer in spellings that no encoder chooses.
  private static let odd = [
    #"{"type":"response.created","sequence_number":0,"response":{"id":"resp_odd","object":"response","status":"in_progress","output":[ ],"x":1E400}}"#,
    #"{ "sequence_number":1 , "\u0074ype":"response.x_unknown.happened","n":[-0,-0.0,1.50,1E+2,123456789012345678901234567890,0.1e-999]}"#,
    #"{"delta":"\u00e9\/\ud83e\udd84 🦄 \u2028\u0000\b\f\t","type":"response.output_text.delta","sequence_number":2,"output_index":0,"content_index":0,"item_id":"msg_1","":{"":[[],{},[{}]]}}"#,
    #"{"type":"response.output_text.delta","sequence_number":3,"delta":"half \ud83e","output_index":0,"content_index":0,"item_id":"msg_1"}"#,
    #"{"type":"acme:thing","a":1,"a":2,"sequence_number":4,"long":"\#(String(repeating: "ü", count: 40_000))"}"#,
    #"{"sequence_number":5,"response":{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"\u0041","annotations":[]}]}],"object":"response","id":"resp_odd","status":"completed","z\/":1.0,"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}},"type":"response.completed"}"#,
  ]

  private static func stream(_ events: [String]) -> [UInt8] {
    Array(events.map { "data: \($0)\n\n" }.joined().utf8)
  }

  @Test func `odd spellings, unknown members and types are relayed byte for byte`() throws {
    try simulator.writeScript("odd", Self.stream(Self.odd))
    let answer = try daemon.connect().create(1, ["script": "odd"])
    #expect(answer.events.count == Self.odd.count)
    for (event, sent) in zip(answer.events, Self.odd) { #expect(event.text == sent) }
  }

  @Test func `the result spells the response as the terminal event does`() throws {
    try simulator.writeScript("odd", Self.stream(Self.odd))
    let answer = try daemon.connect().create(1, ["script": "odd"])
    let last = try RawJSON(parsing: Self.odd[5])
    let sent = try #require(last["response"]?.text)
    let result = try #require(answer.result?.text)
    #expect(result.hasPrefix(sent.dropLast() + #","halley":{"#))
  }

  @Test func `the simulator's corpus arrives as it was sent`() throws {
    let direct = try directCorpus()
    let answer = try daemon.connect().create(1, ["corpus": "1", "duplicate_id": "resp_same"])
    #expect(answer.events.count == direct.count)
    for (event, sent) in zip(answer.events, direct) {
      #expect(withoutItemIDs(event.text) == withoutItemIDs(sent))
    }
  }

  /// The data of each event that the simulator sends for its corpus, asked without the daemon.
  private func directCorpus() throws -> [String] {
    let body = CreateParameters([
      "corpus": "1", "duplicate_id": "resp_same", "no_chunks": "1",
    ]).text
    let answer = try LoopbackConnection(simulator.address).exchange(
      "POST /v1/responses HTTP/1.1\r\nHost: \(simulator.address)\r\nConnection: close\r\n"
        + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    return answer.split(separator: "\n").filter { $0.hasPrefix("data: ") }
      .map { String($0.dropFirst(6)) }
  }

  /// The simulator makes the ids of items up.
  private func withoutItemIDs(_ text: String) -> String {
    text.replacing(#/msg_[0-9a-z]+/#, with: "msg")
  }

  @Test func `missing sequence numbers are filled in and nothing else is changed`() throws {
    let sent = Self.odd.map { event in
      event.replacing(#/"sequence_number":[0-9] ?,?/#, with: "", maxReplacements: 1)
    }
    try simulator.writeScript("unnumbered", Self.stream(sent))
    let answer = try daemon.connect().create(1, ["script": "unnumbered"])
    for (number, event) in answer.events.enumerated() {
      #expect(event["sequence_number"]?.text == "\(number)")
      #expect(event.text == sent[number].dropLast() + #","sequence_number":\#(number)}"#)
    }
    #expect(answer.events.count == sent.count)
  }

  @Test(arguments: [
    ["crlf": "1"], ["cr": "1"], ["no_event_line": "1"], ["no_space": "1"], ["split_data": "1"],
    ["comments": "1"], ["no_final_blank_line": "1"], ["done": "1"], ["drip": "1"],
    ["flush": "1"], ["chunk_per_event": "1"], ["chunk_bytes": "1"], ["chunk_bytes": "7"],
    ["no_chunks": "1"], ["crlf": "1", "split_data": "1", "comments": "1", "drip": "1"],
  ])
  func `events arrive whole however the stream is cut`(_ framing: [String: String]) throws {
    let text = "Ein Einhorn 🦄 schläft – \"tief\"."
    let answer = try daemon.connect().create(
      1, framing.merging(["text": text]) { first, _ in first })
    #expect(answer.streamedText == text)
    #expect(answer.text == text)
    #expect(answer.eventTypes.last == "response.completed")
    #expect(
      answer.events.compactMap { $0["sequence_number"]?.integer }
        == Array(0..<Int64(answer.events.count)))
  }

  @Test func `an event of many mebibytes arrives whole`() throws {
    let answer = try daemon.connect().create(1, ["huge_event": "8000000"])
    #expect(answer.eventTypes.last == "response.completed")
    let longest = answer.events.map(\.bytes.count).max()
    #expect(longest.map { $0 > 8_000_000 } == true)
  }

  @Test func `a response without an id is given one`() throws {
    let answer = try daemon.connect().create(1, ["no_id": "1"])
    let id = try #require(answer.result?["id"]?.string)
    #expect(id.wholeMatch(of: #/resp_[0-9a-f]{32}/#) != nil)
    let ids = answer.events.compactMap { $0["response"]?["id"]?.string }
    #expect(ids.count == 3)
    #expect(ids.allSatisfy { $0 == id })
  }

  @Test func `an id that is taken is replaced and named as the upstream's`() throws {
    let client = try daemon.connect()
    let first = try client.create(1, ["duplicate_id": "resp_twice"])
    #expect(first.result?["id"]?.string == "resp_twice")
    let second = try client.create(2, ["duplicate_id": "resp_twice", "words": "9"])
    let id = try #require(second.result?["id"]?.string)
    #expect(id.wholeMatch(of: #/resp_[0-9a-f]{32}/#) != nil)
    #expect(second.events.last?["response"]?["id"]?.string == id)
    #expect(second.result?["halley"]?["upstream_id"]?.string == "resp_twice")
  }

  // MARK: To the upstream

  /// Every parameter of the API, and some that it does not have, oddly spelled.
  private static let everything: [(key: String, value: String)] = [
    ("model", #""gpt-5.4""#),
    (
      "input",
      #"""
      [{"role":"user","content":[ {"type":"input_text","text":"\u0041\/🦄\ud83e\udd84"},\#
      {"type":"input_image","image_url":"https://example.org/a.png","detail":"low"},\#
      {"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="},\#
      {"type":"input_image","file_id":"file-1","detail":"auto"},\#
      {"type":"input_file","file_id":"file-2"},{"type":"input_file","file_url":"https://example.org/a.pdf"},\#
      {"type":"input_file","filename":"a.txt","file_data":"data:text/plain;base64,QQ=="}]},\#
      {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},\#
      {"type":"function_call_output","call_id":"c1","output":"42"}]
      """#
    ),
    ("instructions", #""Be  brief.""#), ("max_output_tokens", "1000"), ("max_tool_calls", "7"),
    ("metadata", #"{"k\u0065y" : "v\/","text":"ok"}"#), ("parallel_tool_calls", "false"),
    ("prompt_cache_key", #""cache""#), ("prompt_cache_retention", #""24h""#),
    ("reasoning", #"{"effort":"low","summary":"auto"}"#), ("safety_identifier", #""user-1""#),
    ("service_tier", #""default""#), ("stream", "true"),
    ("stream_options", #"{"include_obfuscation":false}"#), ("temperature", "1.50"),
    (
      "text",
      #"{"format":{"type":"json_schema","name":"n","schema":{"type":"object","properties":{}}},"verbosity":"low"}"#
    ),
    ("tool_choice", #"{"type":"function","name":"f"}"#),
    (
      "tools",
      #"""
      [{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":null},\#
      {"type":"web_search_preview","search_context_size":"low"},\#
      {"type":"file_search","vector_store_ids":["vs_1"]},\#
      {"type":"code_interpreter","container":{"type":"auto"}},\#
      {"type":"mcp","server_label":"s","server_url":"https://example.org/mcp","require_approval":"never"},\#
      {"type":"custom","name":"c","format":{"type":"text"}},{"type":"x_unknown","x":[1.0]}]
      """#
    ),
    ("top_logprobs", "3"), ("top_p", "0.50"), ("truncation", #""auto""#), ("user", #""me""#),
    ("context_management", #"[{"type":"compaction","compact_threshold":100000}]"#),
    ("x_unknown", #"{"n":[1E2,-0,123456789012345678901234567890],"":{"\u0041":null}}"#),
  ]

  /// What the daemon may add or change to keep the state itself.
  private static let owned = [
    "store", "include", "background", "previous_response_id", "conversation",
  ]

  private func forwarded(_ params: String) throws -> RawJSON {
    let answer = try daemon.connect().call(1, "responses.create", params)
    #expect(answer.error == nil, "\(answer.message.text)")
    return try #require(try simulator.bodies().last)
  }

  private static let params =
    "{" + everything.map { "\"\($0.key)\":\($0.value)" }.joined(separator: " , ")
    + #", "halley":{"upstream":"simulator"}}"#

  @Test func `every parameter goes to the upstream as it is spelled`() throws {
    let body = try forwarded(Self.params)
    for (key, value) in Self.everything {
      #expect(body[key]?.text == value, "\(key)")
    }
  }

  @Test func `parameters keep their order and nothing foreign is among them`() throws {
    let keys = try forwarded(Self.params).members.map(\.key).filter { !Self.owned.contains($0) }
    #expect(keys == Self.everything.map(\.key))
  }

  @Test func `the member halley never leaves the daemon`() throws {
    let body = try forwarded(
      #"{"model":"gpt-5.4","input":"Hi","halley":{"on_disconnect":"finish","timeout_s":20}}"#)
    #expect(body["halley"] == nil)
    #expect(!body.text.contains("timeout_s"))
  }

  @Test func `an escaped key is forwarded with its escape`() throws {
    let body = try forwarded(#"{"model":"gpt-5.4","\u0069nput":"Hi"}"#)
    #expect(body.text.contains(#""\u0069nput":"Hi""#))
  }

  @Test(arguments: [
    #""auto""#, #""none""#, #""required""#, #"{"type":"web_search_preview"}"#,
    #"{"type":"function","name":"f"}"#, #"{"type":"custom","name":"c"}"#,
    #"{"type":"mcp","server_label":"s","name":"x"}"#,
    #"{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]}"#,
    #"{"type":"x_future","a":1}"#,
  ])
  func `every form of tool_choice is forwarded`(_ choice: String) throws {
    let tools = #"[{"type":"function","name":"f","parameters":{}},{"type":"custom","name":"c"}]"#
    let body = try forwarded(
      #"{"model":"gpt-5.4","input":"Hi","tools":\#(tools),"tool_choice":\#(choice)}"#)
    #expect(body["tool_choice"]?.text == choice)
  }

  @Test func `a large file goes through`() throws {
    let data = String(repeating: "QUJD", count: 1 << 20)
    let file = #"{"type":"input_file","filename":"a","file_data":"data:a/b;base64,\#(data)"}"#
    let answer = try daemon.connect().call(
      1, "responses.create",
      #"{"model":"gpt-5.4","input":[{"role":"user","content":[\#(file)]}]}"#)
    #expect(answer.status == "completed")
    let bytes = try simulator.requests().last?["body_bytes"]?.integer
    #expect(bytes.map { $0 > 4 << 20 } == true)
  }
}
