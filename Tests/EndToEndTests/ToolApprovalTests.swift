import JSON
import TestSupport
import Testing

/// Who may say whether a tool runs.
@Suite struct ToolApprovalTests {
  private let simulator: Simulator
  private let scratch: Scratch
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
    daemon = try Self.daemon(simulator, scratch, limit: "30s")
  }

  /// - Parameter limit: how long a client may take to answer.
  private static func daemon(
    _ simulator: Simulator, _ scratch: Scratch, limit: String
  ) throws -> DaemonProcess {
    try DaemonProcess(
      simulator,
      rest: try ToolLoopTests.plugin(
        scratch, approval: "ask", more: #"approvals = { "calc.fail" = "deny" }"#)
        + "[limits]\napproval = \"\(limit)\"\n")
  }

  private func asker(of other: DaemonProcess? = nil) throws -> SocketClient {
    let client = try (other ?? daemon).connect()
    _ = try client.call(
      1, "initialize",
      #"{"client":{"name":"test","version":"1"},"capabilities":{"approvals":true}}"#)
    return client
  }

  private func start(_ client: SocketClient, _ number: Int, _ halley: String = "") throws {
    try client.startSaying(
      5, #"call calc__add {"a":\#(number),"b":1}"#,
      #""halley":{"tools":["calc.*"]\#(halley)}"#)
  }

  private func output(_ answer: Answer) -> String {
    answer.result?["output"]?.elements.first { $0["type"]?.string == "function_call_output" }?[
      "output"]?.string ?? ""
  }

  /// The next question of the daemon.
  private func question(_ client: SocketClient) throws -> RawJSON {
    while let message = try client.message() {
      if message["method"]?.string == "tools.approve" { return message }
    }
    throw SupportError("the connection ended")
  }

  @Test func `the owner of the create is asked, once for the session if it says so`() throws {
    let client = try asker()
    try start(client, 1)
    let asked = try question(client)
    #expect(asked["id"]?.string == "s:1")
    #expect(asked["params"]?["request"]?.integer == 5)
    #expect(asked["params"]?["tool"]?.string == "calc.add")
    #expect(asked["params"]?["call_id"]?.string?.isEmpty == false)
    try client.send(#"{"jsonrpc":"2.0","id":"s:1","result":{"decision":"allow_session"}}"#)
    #expect(output(try client.answer(5)) == "2")
    try start(client, 2)
    #expect(output(try client.answer(5)) == "3")
    #expect(daemon.log.contains("calc.add was allowed (client)"))
    #expect(daemon.log.contains("calc.add was allowed (session)"))
  }

  @Test func `the question comes behind the events of its response and of its call`() throws {
    let client = try asker()
    try client.startSaying(
      5, #"call calc__add {"a":1,"b":1} call calc__add {"a":2,"b":2}"#,
      #""stream":true,"halley":{"tools":["calc.*"]}"#)
    var seen: [RawJSON] = []
    var asked: RawJSON?
    while asked == nil, let message = try client.message() {
      if let event = message["params"]?["event"] { seen.append(event) }
      if message["method"]?.string == "tools.approve" { asked = message["params"] }
    }
    let question = try #require(asked)
    #expect(seen.first?["response"]?["id"] == question["response_id"])
    #expect(
      seen.contains {
        $0["type"]?.string == "response.output_item.done"
          && $0["item"]?["call_id"] == question["call_id"]
      })
    for number in 1...2 {
      try client.send(#"{"jsonrpc":"2.0","id":"s:\#(number)","result":{"decision":"allow"}}"#)
      if number == 1 { _ = try self.question(client) }
    }
    #expect(try client.answer(5).status == "completed")
  }

  @Test func `a denial is told to the model, with its reason`() throws {
    let client = try asker()
    try start(client, 1)
    _ = try question(client)
    try client.send(
      #"{"jsonrpc":"2.0","id":"s:1","result":{"decision":"deny","reason":"not today"}}"#)
    let said = output(try client.answer(5))
    #expect(said.contains("denied"))
    #expect(said.contains("not today"))
  }

  @Test func `no answer, no capability and a stricter request mean no`() throws {
    let silent = try asker(of: Self.daemon(simulator, scratch, limit: "300ms"))
    try start(silent, 1)
    #expect(output(try silent.answer(5)).contains("in time"))
    let mute = try daemon.connect()
    try start(mute, 2)
    #expect(output(try mute.answer(5)).contains("can't ask"))
    let strict = try asker()
    try start(strict, 3, #","approval":"deny""#)
    #expect(output(try strict.answer(5)).contains("not allowed"))
    try start(strict, 4, #","approval":"allow""#)
    _ = try question(strict)
    try strict.send(#"{"jsonrpc":"2.0","id":"s:1","result":{"decision":"allow"}}"#)
    #expect(output(try strict.answer(5)) == "5")
  }

  @Test func `what the configuration denies nobody is asked about`() throws {
    let client = try asker()
    try client.startSaying(5, "call calc__fail {}", #""halley":{"tools":["calc.*"]}"#)
    #expect(output(try client.answer(5)).contains("not allowed"))
  }
}
