import JSON
import Service
import Testing

@Suite struct ReplayTests {
  private func entry(_ text: String) -> Replay.Entry {
    Replay.Entry(RawJSON(checked: Array(text.utf8)[...]))
  }

  private func given(_ text: String) -> Replay.Entry {
    var given = entry(text)
    given.isGiven = true
    return given
  }

  private func foreign(_ text: String) -> Replay.Entry {
    var foreign = entry(text)
    foreign.isReadable = false
    return foreign
  }

  private func leading(_ text: String) -> Replay.Entry {
    var leading = entry(text)
    leading.leadsToNext = true
    return leading
  }

  private func types(_ entries: Replay.Entry..., asynchronous: Set<String> = []) -> [String] {
    Replay(entries, asynchronous: asynchronous).items.compactMap { $0["type"]?.string }
  }

  private let question = #"{"role":"user","content":"x"}"#
  private let answer = #"{"type":"message","role":"assistant","content":"y"}"#
  private let secret = #"{"type":"reasoning","id":"rs_1","encrypted_content":"e"}"#

  typealias Pair = (call: String, output: String)

  private static func pair(_ type: String) -> Pair {
    (
      #"{"type":"\#(type)","call_id":"c1","name":"f"}"#,
      #"{"type":"\#(type)_output","call_id":"c1","output":"o"}"#
    )
  }

  /// What clients run, and what every upstream knows.
  private static let common: [Pair] = [pair("function_call"), pair("custom_tool_call")]

  private static let builtIn: [Pair] = [
    pair("shell_call"), pair("local_shell_call"), pair("apply_patch_call"), pair("computer_call"),
    pair("program"), pair("acme:run"),
    (
      #"{"type":"tool_search_call","call_id":"c1"}"#,
      #"{"type":"tool_search_output","call_id":"c1"}"#
    ),
    (
      #"{"type":"mcp_approval_request","id":"a1"}"#,
      #"{"type":"mcp_approval_response","approval_request_id":"a1","approve":true}"#
    ),
    (
      #"{"type":"local_shell_call","id":"l1","call_id":"c1"}"#,
      #"{"type":"local_shell_call_output","id":"l1","output":"o"}"#
    ),
  ]

  /// Calls with their outputs, of every kind that has both.
  private static let pairs: [Pair] = common + builtIn

  // MARK: Calls and outputs

  @Test(arguments: pairs)
  func `a call and its output go together`(_ pair: Pair) {
    let both = Replay([entry(question), entry(pair.call), entry(pair.output), entry(answer)])
    #expect(both.items.count == 4)
    #expect(both.leftOut == 0)
    let answered = Replay([entry(pair.call), given(pair.output)])
    #expect(answered.items.count == 2)
  }

  @Test(arguments: pairs)
  func `half of a call is left out`(_ pair: Pair) {
    for half in [pair.call, pair.output] {
      let replay = Replay([entry(question), entry(half), given(question)])
      #expect(replay.items.map { $0["type"]?.string } == ["message", nil])
      #expect(replay.leftOut == 1)
    }
  }

  @Test(arguments: pairs)
  func `an output before its call is no answer to it`(_ pair: Pair) {
    #expect(Replay([entry(pair.output), entry(pair.call)]).items.isEmpty)
  }

  @Test(arguments: builtIn)
  func `the output of a call that another upstream made goes with it`(
    _ pair: Pair
  ) {
    for output in [entry(pair.output), given(pair.output)] {
      let replay = Replay([foreign(pair.call), output, given(question)])
      #expect(replay.items.count == 1)
      #expect(replay.leftOut == 2)
    }
  }

  @Test(arguments: common)
  func `calls of the client's own tools are read by every upstream`(
    _ pair: Pair
  ) {
    let replay = Replay([foreign(pair.call), foreign(pair.output)])
    #expect(replay.items.count == 2)
    #expect(replay.leftOut == 0)
  }

  @Test func `an id that comes again names another call`() {
    let (call, output) = Self.pairs[0]
    #expect(Replay([entry(call), entry(output), entry(call), entry(output)]).leftOut == 0)
    let cut = Replay([entry(call), entry(call), entry(output)])
    #expect(cut.items.count == 2)
    #expect(Replay([entry(call), entry(output), entry(call)]).items.count == 2)
  }

  @Test func `an output that names no call, and a search of the server's own, stay`() {
    #expect(
      types(
        entry(#"{"type":"function_call_output","name":"f","output":"o"}"#),
        entry(#"{"type":"tool_search_call","call_id":null}"#),
        entry(#"{"type":"tool_search_output","call_id":null}"#)
      ).count == 3)
  }

  @Test func `a program waits for its calls, and goes with them`() {
    let program = #"{"type":"program","call_id":"p1"}"#
    let call =
      #"{"type":"function_call","call_id":"c1","name":"f","caller":{"type":"program","caller_id":"p1"}}"#
    let output = Self.pairs[0].output
    #expect(types(entry(program), entry(call), given(output)).count == 3)
    #expect(types(entry(program), entry(call), given(question)).isEmpty)
    #expect(Replay([foreign(program), entry(call), entry(output)]).items.isEmpty)
    #expect(Replay([entry(call), entry(output)]).items.isEmpty)
  }

  @Test func `a call of an asynchronous tool may wait for its output`() {
    let call = entry(Self.pairs[0].call)
    #expect(types(call, given(question), asynchronous: ["f"]) == ["function_call"])
    #expect(types(call, given(question), asynchronous: ["g"]).isEmpty)
  }

  // MARK: Reasoning

  @Test func `reasoning goes only with the item that it led to`() {
    let call = Self.pairs[0].call
    #expect(
      types(entry(question), leading(secret), entry(answer)) == ["message", "reasoning", "message"])
    #expect(types(leading(secret)).isEmpty)
    #expect(types(entry(secret)).isEmpty)
    #expect(types(entry(secret), given(question)).isEmpty)
    #expect(types(leading(secret), entry(call), given(question)).isEmpty)
    #expect(types(leading(secret), leading(secret), entry(answer)).count == 3)
    #expect(types(leading(secret), leading(secret), entry(call)).isEmpty)
  }

  @Test(arguments: ["in_progress", "incomplete"])
  func `reasoning that was cut off is not sent`(_ status: String) {
    let cut = #"{"type":"reasoning","status":"\#(status)","encrypted_content":"e"}"#
    #expect(types(leading(cut), entry(answer)) == ["message"])
  }

  @Test func `reasoning without its secret is no loss`() {
    let open = #"{"type":"reasoning","summary":[]}"#
    #expect(Replay([leading(open), entry(answer)]).leftOut == 0)
    #expect(Replay([foreign(secret), entry(answer)]).leftOut == 1)
  }

  // MARK: Other items

  @Test(arguments: [
    "compaction", "image_generation_call", "web_search_call", "mcp_list_tools", "acme:thing",
  ])
  func `what an upstream made is its own`(_ type: String) {
    let item = #"{"type":"\#(type)","id":"x","status":"completed"}"#
    let own = Replay([entry(item)])
    #expect(own.items.map(\.text) == [item])
    let other = Replay([foreign(item)])
    #expect(other.items.isEmpty)
    #expect(other.leftOut == 1)
  }

  @Test func `what had not come is not said again`() {
    #expect(
      types(
        entry(#"{"type":"message","role":"assistant","content":[]}"#),
        entry(#"{"type":"web_search_call","id":"ws_1","status":"incomplete"}"#),
        entry(#"{"type":"compaction_trigger"}"#)
      ).isEmpty)
  }
}
