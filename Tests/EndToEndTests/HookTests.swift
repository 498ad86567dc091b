import JSON
import TestSupport
import Testing

/// Plugins that see requests and what becomes of them.
@Suite struct HookTests {
  /// Marks requests, refuses some, and writes down what it is told.
  private static let plugin = """
    #!/usr/bin/env python3
    import json, os, sys
    told = open(os.environ["TOLD"], "a", buffering=1)
    for line in sys.stdin:
      m = json.loads(line)
      p, r = m.get("params", {}), {}
      if m["method"] == "hooks/request":
        body = p["request"]
        if "forbidden" in json.dumps(body): r = {"deny": "a forbidden word"}
        elif "secret" in json.dumps(body):
          r = {"request": json.loads(json.dumps(body).replace("secret", "[redacted]"))}
      elif m["method"] == "hooks/response": r = {"metadata": {"seen": "yes"}}
      elif m["method"] == "hooks/tool_call" and p["arguments"].get("a") == 13:
        r = {"deny": "an unlucky number"}
      elif m["method"] == "hooks/tool_call" and p["arguments"].get("a") == 1:
        r = {"arguments": {"a": 100, "b": p["arguments"]["b"]}}
      told.write(json.dumps([m["method"], p]) + "\\n")
      if "id" in m: print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
    """

  private let simulator: Simulator
  private let scratch: Scratch
  private let daemon: DaemonProcess
  private let client: SocketClient

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
    let path = try scratch.write("hook", Self.plugin, mode: 0o755)
    daemon = try DaemonProcess(
      simulator,
      rest: try ToolLoopTests.plugin(scratch) + """
        [plugins.watch]
        command = ["\(path)"]
        hooks = ["request", "response", "tool_call", "usage", "error"]
        env = { TOLD = "\(scratch.path)/told" }
        [cache]
        enabled = true
        """)
    client = try daemon.connect()
  }

  /// What the plugin was told by one kind of hook.
  private func told(_ hook: String) throws -> [RawJSON] {
    try TextFile.text("\(scratch.path)/told").split(separator: "\n")
      .map { try RawJSON(parsing: Array($0.utf8)[...]).elements }
      .filter { $0.first?.string == hook }.map { $0[1] }
  }

  private func awaitTold(_ hook: String) throws -> RawJSON {
    try Wait.until("the hook \(hook)") { try !told(hook).isEmpty }
    return try #require(try told(hook).last)
  }

  @Test func `a request is sent as its hook leaves it, with its context`() throws {
    _ = try client.say("my secret", answer: "noted", #""conversation":"c""#)
    #expect(try simulator.bodies().last?.text.contains("secret") == false)
    #expect(try simulator.bodies().last?.text.contains("[redacted]") == true)
    _ = try client.say("again", #""conversation":"c","halley":{"scope":"project"}"#)
    #expect(try simulator.bodies().last?.text.contains("secret") == false)
    #expect(try simulator.bodies().last?["input"]?.elements.count == 3)
    let seen = try awaitTold("hooks/request")
    #expect(seen["client"]?["pid"]?.integer != nil)
    #expect(seen["request"]?["model"]?.string != nil)
    #expect(seen["conversation"]?["name"]?.string == "c")
    #expect(seen["scope"]?.string == "project")
    // What the user said is kept as it was said.
    #expect(try client.texts(of: "c").first == "my secret")
  }

  @Test func `a refused request is not sent`() throws {
    let answer = try client.say("a forbidden thing")
    #expect(answer.errorCode == "hook_denied")
    #expect(answer.errorNumber == -32021)
    #expect(answer.errorData?["plugin"]?.string == "watch")
    #expect(answer.errorData?["reason"]?.string == "a forbidden word")
    #expect(try simulator.count("creates") == 0)
    #expect(try awaitTold("hooks/error")["error"]?["data"]?["code"]?.string == "hook_denied")
  }

  @Test(arguments: ["responses.compact", "responses.input_tokens.count"])
  func `what is counted or compacted goes out as its hook leaves it`(_ method: String) throws {
    _ = try client.say("my secret", answer: "a secret too", #""conversation":"c""#)
    try simulator.reset()
    let scope = #""halley":{"scope":"project"}"#
    let context = #""model":"gpt-5.4","conversation":"c","instructions":"a secret""#
    let answer = try client.call(1, method, #"{\#(context),"input":"my secret",\#(scope)}"#)
    #expect(answer.error == nil, "\(answer.message.text)")
    let sent = try #require(try simulator.requests().last?["body"]?.string)
    #expect(!sent.contains("secret"))
    #expect(sent.contains("[redacted]"))
    let seen = try awaitTold("hooks/request")
    #expect(seen["scope"]?.string == "project")
    #expect(seen["conversation"]?["name"]?.string == "c")
    let denied = try client.call(2, method, #"{"model":"gpt-5.4","input":"forbidden"}"#)
    #expect(denied.errorCode == "hook_denied")
    #expect(try simulator.requests().count == 1)
  }

  @Test func `what a hook makes of a request is what the cache goes by`() throws {
    let first = try client.say("my secret")
    let second = try client.say("my [redacted]")
    #expect(first.halley?["cache"]?.string == "miss")
    #expect(second.halley?["cache"]?.string == "hit")
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `observers are told of the response and its usage, and may add to its metadata`()
    throws
  {
    let answer = try client.say("hello")
    let response = try awaitTold("hooks/response")
    #expect(response["response"]?["id"]?.string == answer.id)
    #expect(response["request"]?["input"] != nil)
    let usage = try awaitTold("hooks/usage")
    #expect(usage["usage"]?["input_tokens"]?.integer ?? 0 > 0)
    #expect(usage["cost_usd"]?.isNull == true)
    #expect(usage["model"]?.string != nil)
    try Wait.until("the metadata to be kept") {
      try client.retrieve(answer.id).result?["metadata"]?["seen"]?.string == "yes"
    }
  }

  @Test func `a tool call is refused or changed by its hook`() throws {
    func call(_ a: Int) throws -> String? {
      let answer = try client.say(
        #"call calc__add {"a":\#(a),"b":2}"#, #""halley":{"tools":["calc.*"]}"#)
      return answer.result?["output"]?.elements.first {
        $0["type"]?.string == "function_call_output"
      }?["output"]?.string
    }
    #expect(try call(13)?.contains("an unlucky number") == true)
    #expect(try call(1) == "102")
    #expect(try call(5) == "7")
  }
}
