import JSON
import TestSupport
import Testing

/// Responses whose model calls the daemon's tools.
@Suite struct ToolLoopTests {
  /// An MCP server: `add` adds, `slow` waits, `fail` reports an error, `die` ends it.
  static let server = """
    #!/usr/bin/env python3
    import json, os, sys, time
    calls = open(os.environ["CALLS"], "a", buffering=1) if "CALLS" in os.environ else None
    number = {"type": "integer"}
    tools = [
      {"name": "add", "description": "Adds.", "inputSchema": {"type": "object",
       "properties": {"a": number, "b": number}, "required": ["a", "b"]}},
      {"name": "slow", "description": "Waits.", "inputSchema": {"type": "object"}},
      {"name": "fail", "description": "Fails.", "inputSchema": {"type": "object"}},
      {"name": "die", "description": "Ends the server.", "inputSchema": {"type": "object"}},
    ]
    def say(message):
      sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\\n")
      sys.stdout.flush()
    for line in sys.stdin:
      m = json.loads(line)
      i, method, params = m.get("id"), m.get("method"), m.get("params", {})
      if method == "initialize":
        say({"id": i, "result": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
             "serverInfo": {"name": "test", "version": "1"}}})
      elif method == "tools/list":
        say({"id": i, "result": {"tools": tools}})
      elif method == "tools/call":
        name, given = params["name"], params.get("arguments", {})
        if calls: calls.write(name + "\\n")
        if name == "die": os._exit(3)
        if name == "slow": time.sleep(600)
        text = str(given["a"] + given["b"]) if name == "add" else "it did not work"
        say({"id": i, "result": {"content": [{"type": "text", "text": text}],
             "isError": name == "fail"}})
      elif i is not None:
        say({"id": i, "error": {"code": -32601, "message": "no such method"}})
    """

  private let simulator: Simulator
  private let scratch: Scratch
  private let daemon: DaemonProcess
  private let client: SocketClient

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
    daemon = try DaemonProcess(simulator, rest: try Self.plugin(scratch))
    client = try daemon.connect()
  }

  /// - Parameter approval: `allow`, `ask` or `deny`.
  static func plugin(
    _ scratch: Scratch, approval: String = "allow", more: String = ""
  ) throws -> String {
    let path = try scratch.write("server", server, mode: 0o755)
    return """
      [plugins.calc]
      command = ["\(path)"]
      tools = true
      approval = "\(approval)"
      env = { CALLS = "\(scratch.path)/calls" }
      \(more)

      """
  }

  private func call(
    _ name: String, _ arguments: String = "{}", _ members: String = ""
  ) throws -> Answer {
    try client.say(
      "call calc__\(name) \(arguments)", #""halley":{"tools":["calc.*"]}\#(members)"#)
  }

  private func types(_ answer: Answer) -> [String] {
    (answer.result?["output"]?.elements ?? []).compactMap { $0["type"]?.string }
  }

  private func output(_ answer: Answer) -> String? {
    answer.result?["output"]?.elements.first { $0["type"]?.string == "function_call_output" }?[
      "output"]?.string
  }

  // MARK: One response

  @Test func `the call, its output and the answer are one response`() throws {
    let answer = try call("add", #"{"a":2,"b":40}"#, #","stream":true"#)
    #expect(answer.status == "completed")
    #expect(types(answer) == ["function_call", "function_call_output", "message"])
    #expect(output(answer) == "42")
    #expect(answer.halley?["tool_calls"]?.integer == 1)
    #expect(answer.eventTypes.count { $0 == "response.created" } == 1)
    #expect(answer.eventTypes.last == "response.completed")
    let numbers = answer.events.compactMap { $0["sequence_number"]?.integer }
    #expect(numbers == Array(0..<Int64(answer.events.count)))
    let added = answer.events.filter { $0["type"]?.string == "response.output_item.added" }
    #expect(added.compactMap { $0["output_index"]?.integer } == [0, 1, 2])
    #expect(answer.events.first?["response"]?["id"]?.string == answer.id)
    #expect(answer.events.last?["response"] == answer.result?.removing("halley"))
    #expect(try client.retrieve(answer.id).stored == answer.stored)
    #expect(try client.replay(answer.id).events.map(\.text) == answer.events.map(\.text))
  }

  @Test func `usage is that of all rounds`() throws {
    let answer = try call("add", #"{"a":1,"b":1}"#)
    let bodies = try simulator.bodies()
    #expect(bodies.count == 2)
    #expect(
      bodies[1]["input"]?.elements.compactMap { $0["type"]?.string }
        == ["message", "function_call", "function_call_output"])
    let usage = try #require(answer.result?["usage"])
    #expect(
      usage["total_tokens"]?.integer
        == (usage["input_tokens"]?.integer ?? 0) + (usage["output_tokens"]?.integer ?? 0))
    let row = try client.call(9, "usage.summary").result?["data"]?.elements.first
    #expect(row?["input_tokens"]?.integer == usage["input_tokens"]?.integer)
    #expect(row?["requests"]?.integer == 1)
  }

  @Test func `the conversation holds the call and its output and goes on`() throws {
    let first = try call("add", #"{"a":1,"b":1}"#, #","conversation":"c""#)
    #expect(first.status == "completed")
    #expect(try client.say("and then?", #""conversation":"c""#).status == "completed")
    let last = try #require(try simulator.bodies().last)
    #expect(
      last["input"]?.elements.compactMap { $0["type"]?.string }
        == ["message", "function_call", "function_call_output", "message", "message"])
  }

  // MARK: What goes wrong

  @Test func `the model is told of an error, of arguments that do not fit, of a server that dies`()
    throws
  {
    #expect(output(try call("fail")) == "The tool reports an error:\nit did not work")
    let unfit = output(try call("add", #"{"a":"two"}"#)) ?? ""
    #expect(unfit.contains("not called"))
    #expect(try TextFile.text("\(scratch.path)/calls") == "fail\n")
    let died = output(try call("die")) ?? ""
    #expect(died.contains("calc"))
    #expect(output(try call("add", #"{"a":1,"b":1}"#)) == "2")
  }

  @Test func `a cancelled response ends at once, and its call as one of unknown outcome`() throws {
    try client.startSaying(
      5, "call calc__slow {}", #""stream":true,"halley":{"tools":["calc.*"]}"#)
    _ = try client.event(5) {
      $0["item"]?["type"]?.string == "function_call_output"
    }
    try client.send(#"{"method":"$/cancelRequest","params":{"id":5}}"#)
    let answer = try client.answer(5)
    #expect(answer.status == "cancelled")
    #expect(output(answer)?.contains("not known") == true)
  }

  @Test func `a crash leaves a call of unknown outcome, which is not made again`() throws {
    try client.startSaying(
      5, "call calc__slow {}", #""stream":true,"halley":{"tools":["calc.*"]}"#)
    let begun = try client.event(5) {
      $0["item"]?["type"]?.string == "function_call_output"
    }
    #expect(begun["type"]?.string == "response.output_item.added")
    try Wait.until("the call to reach the tool") {
      try run(["grep", "-c", "slow", "\(scratch.path)/calls"]).output == "1\n"
    }
    let created = try client.event(5) { $0["type"]?.string == "response.created" }
    let id = try #require(created["response"]?["id"]?.string)
    try daemon.kill()
    let second = try DaemonProcess(
      simulator, rest: try Self.plugin(scratch), scratch: daemon.scratch)
    let stored = try second.connect().retrieve(id)
    #expect(stored.status == "incomplete")
    #expect(output(stored)?.contains("not known") == true)
    #expect(try run(["grep", "-c", "slow", "\(scratch.path)/calls"]).output == "1\n")
  }

  // MARK: Limits and mixtures

  @Test func `a call of the client's own tool is left to the client`() throws {
    let own = #"{"type":"function","name":"own","parameters":{"type":"object"}}"#
    let answer = try client.say(
      "call own {}", #""tools":[\#(own)],"halley":{"tools":["calc.*"]}"#)
    #expect(answer.status == "completed")
    #expect(types(answer) == ["function_call"])
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `globs that name no tool are refused with what there is`() throws {
    let answer = try client.say("hello", #""halley":{"tools":["calk.*"]}"#)
    #expect(answer.errorCode == "invalid_params")
    #expect(answer.errorData?["param"]?.string == "halley.tools[0]")
    #expect(answer.errorData?["did_you_mean"]?.string == "calc.*")
  }

  @Test func `fifty clients share one server`() throws {
    let clients = try (0..<50).map { _ in try daemon.connect() }
    for (number, client) in clients.enumerated() {
      try client.startSaying(
        5, #"call calc__add {"a":\#(number),"b":1}"#, #""halley":{"tools":["calc.*"]}"#)
    }
    for (number, client) in clients.enumerated() {
      #expect(output(try client.answer(5)) == "\(number + 1)")
    }
    let plugin = try client.call(2, "plugins.list").result?["data"]?.elements.first
    #expect(plugin?["restarts"]?.integer == 0)
    #expect(plugin?["state"]?.string == "running")
  }
}
