import JSON
import TestSupport
import Testing

/// Items that one upstream made, and what another one, or it itself, makes of them.
@Suite struct StateForeignItemTests {
  private let other: Simulator
  private let stage: StateStage
  private var client: SocketClient { stage.client }

  init() throws {
    other = try Simulator()
    stage = try StateStage(
      rest: """
        [upstreams.other]
        base_url = "\(other.baseURL)"
        api_key = { none = true }
        """)
  }

  private static let answer =
    #"{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Done.","annotations":[]}]}"#
  private static let secret = #"{"id":"rs_1","type":"reasoning","encrypted_content":"SECRET"}"#

  typealias Pair = (call: String, output: String)

  private static func pair(_ type: String, _ output: String) -> Pair {
    (
      #"{"id":"i1","type":"\#(type)","call_id":"c1","status":"completed"}"#,
      #"{"type":"\#(type)_output","call_id":"c1","status":"completed","output":\#(output)}"#
    )
  }

  /// Calls of tools that an upstream has built in, with their outputs.
  private static let pairs: [Pair] = [
    pair("shell_call", "[]"), pair("apply_patch_call", #""o""#), pair("computer_call", "{}"),
    pair("local_shell_call", #""o""#), pair("program", #""o""#),
    (
      #"{"id":"i1","type":"tool_search_call","call_id":"c1"}"#,
      #"{"type":"tool_search_output","call_id":"c1"}"#
    ),
    (
      #"{"id":"i1","type":"mcp_approval_request","name":"n"}"#,
      #"{"type":"mcp_approval_response","approval_request_id":"i1","approve":true}"#
    ),
  ]

  private func types(_ body: RawJSON?) -> [String?] {
    body?["input"]?.elements.map { $0["type"]?.string } ?? []
  }

  private func create(_ items: String, _ members: String) throws -> Answer {
    let answer = try client.call(1, "responses.create", #"{"input":[\#(items)],\#(members)}"#)
    #expect(answer.status == "completed", "\(answer.message.text)")
    return answer
  }

  private let askOther = #""halley":{"upstream":"other"}"#

  @Test(arguments: pairs)
  func `both halves of a built-in call stay with the upstream that made it`(_ pair: Pair) throws {
    try stage.write("turn", items: [pair.call])
    let made = try client.say("one", #""metadata":{"script":"turn"},"model":"a""#)
    let answered = try create(
      pair.output, #""previous_response_id":"\#(made.id)","model":"a""#)
    #expect(types(try stage.lastBody()).count == 3)
    let chained = #""previous_response_id":"\#(answered.id)""#
    // Another model of the upstream.
    let same = try create(#"{"role":"user","content":"two"}"#, #"\#(chained),"model":"b""#)
    #expect(types(try stage.lastBody()).count == 5)
    #expect(same.result?["halley"]?["left_out"] == nil)
    // Another upstream, also in the middle of the call.
    let foreign = try create(
      #"{"role":"user","content":"two"}"#, #"\#(chained),"model":"a",\#(askOther)"#)
    #expect(types(try other.bodies().last) == ["message", "message", nil])
    #expect(foreign.result?["halley"]?["left_out"]?.integer == 2)
    _ = try create(
      pair.output, #""previous_response_id":"\#(made.id)","model":"a",\#(askOther)"#)
    #expect(types(try other.bodies().last) == ["message"])
  }

  @Test func `compactions and images are kept, and told where they are not`() throws {
    let items = [
      #"{"id":"cmp_1","type":"compaction","encrypted_content":"x"}"#,
      #"{"id":"ig_1","type":"image_generation_call","status":"completed","result":"aGk="}"#,
      Self.answer,
    ]
    try stage.write("turn", items: items)
    let made = try client.say("one", #""metadata":{"script":"turn"},"model":"a""#)
    let chained = #""previous_response_id":"\#(made.id)""#
    _ = try client.say("two", #"\#(chained),"model":"b""#)
    #expect(
      types(try stage.lastBody())
        == ["message", "compaction", "image_generation_call", "message", "message"])
    let foreign = try client.say("two", #"\#(chained),\#(askOther)"#)
    #expect(types(try other.bodies().last) == ["message", "message", "message"])
    #expect(foreign.result?["halley"]?["left_out"]?.integer == 2)
  }

  @Test func `what a client brought is of the upstream that it was sent to`() throws {
    let brought =
      #"{"role":"user","content":"one"},\#(Self.secret),\#(Self.answer),{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}}"#
    let made = try create(brought, #""model":"o3""#)
    let chained = #""previous_response_id":"\#(made.id)","model":"o3""#
    _ = try client.say("two", chained)
    #expect(
      types(try stage.lastBody())
        == ["message", "reasoning", "message", "web_search_call", "message", "message"])
    let foreign = try client.say("two", #"\#(chained),\#(askOther)"#)
    #expect(types(try other.bodies().last).allSatisfy { $0 == "message" })
    #expect(foreign.result?["halley"]?["left_out"]?.integer == 2)
  }

  @Test func `a cached answer says what it was given without`() throws {
    let stage = try StateStage(
      rest: """
        [upstreams.other]
        base_url = "\(other.baseURL)"
        api_key = { none = true }
        [cache]
        enabled = true
        """)
    try stage.write("turn", items: [Self.secret, Self.answer])
    let made = try stage.client.say("one", #""metadata":{"script":"turn"},"model":"o3""#)
    let again = #""previous_response_id":"\#(made.id)","model":"o3",\#(askOther)"#
    #expect(
      try stage.client.say("two", again).result?["halley"]?["left_out"]?.integer == 1)
    let hit = try stage.repeated("two", again)
    #expect(hit.result?["halley"]?["left_out"]?.integer == 1)
    // What it said was said by the upstream, whose own it is.
    try stage.write("turn2", items: [Self.secret, Self.answer])
    let first = try stage.client.say("x", #""metadata":{"script":"turn2"},"model":"o3""#)
    #expect(first.status == "completed")
    let repeated = try stage.repeated("x", #""metadata":{"script":"turn2"},"model":"o3""#)
    _ = try stage.client.say("y", #""model":"o3","previous_response_id":"\#(repeated.id)""#)
    #expect(types(try stage.lastBody()) == ["message", "reasoning", "message", "message"])
  }

  // MARK: Items that the upstream refuses

  private func refusal(_ code: String, _ message: String, status: Int = 400) -> String {
    let text = RawJSON.string(message).text
    return
      #""metadata":{"status":"\#(status)","status_times":"1","key":"r","error_code":"\#(code)","error_message":\#(text)}"#
  }

  @Test(arguments: [
    ("invalid_encrypted_content", "The encrypted content could not be verified.", 400),
    ("", "Provider returned error: invalid_encrypted_content", 400),
    ("", "Item 'rs_1' of type 'reasoning' was provided without its required following item.", 400),
    ("", "Item with id 'rs_1' not found. Items are not persisted.", 404),
    ("", "Reasoning input items can only be provided to a reasoning model.", 400),
  ])
  func `unreadable items are left out once, and reasoning stays encrypted`(
    _ code: String, _ message: String, _ status: Int
  ) throws {
    try stage.write("turn", items: [Self.secret, Self.answer])
    let made = try client.say("one", #""metadata":{"script":"turn"},"model":"o3""#)
    let before = try stage.simulator.count("creates")
    let answer = try client.say(
      "two",
      #""model":"o3","previous_response_id":"\#(made.id)",\#(refusal(code, message, status: status))"#
    )
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(try stage.simulator.count("creates") == before + 2)
    #expect(types(try stage.lastBody()) == ["message", "message", "message"])
    #expect(answer.result?["halley"]?["left_out"]?.integer == 1)
    #expect(
      try stage.lastBody()["include"]?.elements.first?.string == "reasoning.encrypted_content")
    _ = try client.say("three", #""model":"o3""#)
    #expect(
      try stage.lastBody()["include"]?.elements.first?.string == "reasoning.encrypted_content")
    let next = try client.say("four", #""model":"o3","previous_response_id":"\#(answer.id)""#)
    #expect(next.result?["halley"]?["left_out"]?.integer == 1)
    #expect(try stage.simulator.count("creates") == before + 4)
    #expect(try stage.lastBody().text.contains("SECRET") == false)
  }

  @Test func `a fallback is not given what the request's own upstream alone can read`() throws {
    let stage = try StateStage(
      upstream: #"fallback = ["other"]"# + "\nmax_retries = 0",
      rest: """
        [upstreams.other]
        base_url = "\(other.baseURL)"
        api_key = { none = true }
        """)
    try stage.simulator.stop()
    let pair = Self.pairs[0]
    let common = #"{"role":"user","content":"hi"}"#
    let items = [Self.secret, Self.answer, pair.call, pair.output, common].joined(separator: ",")
    let answer = try stage.client.call(1, "responses.create", #"{"input":[\#(items)]}"#)
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(types(try other.bodies().last) == ["message", nil])
    #expect(answer.result?["halley"]?["left_out"]?.integer == 3)
    let plain = try stage.client.call(2, "responses.create", #"{"input":[\#(common)]}"#)
    #expect(plain.status == "completed")
    #expect(try other.bodies().last?["input"]?.text == "[\(common)]")
  }

  @Test func `an upstream that refuses for good is asked twice and believed`() throws {
    try stage.write("turn", items: [Self.secret, Self.answer])
    let made = try client.say("one", #""metadata":{"script":"turn"},"model":"o3""#)
    let before = try stage.simulator.count("creates")
    let answer = try client.say(
      "two",
      #""model":"o3","previous_response_id":"\#(made.id)","metadata":{"status":"400","error_code":"invalid_encrypted_content"}"#
    )
    #expect(answer.errorCode == "upstream_http")
    #expect(try stage.simulator.count("creates") == before + 2)
    _ = try client.say("three", #""model":"o3""#)
    #expect(
      try stage.lastBody()["include"]?.elements.first?.string == "reasoning.encrypted_content")
  }
}
