import JSON
import TestSupport
import Testing

/// Requests that a hook makes ones for another model.
@Suite struct HookRoutingTests {
  /// Asks for the model behind "use" instead; behind "then use", once a tool was called.
  private static let plugin = """
    #!/usr/bin/env python3
    import json, re, sys
    for line in sys.stdin:
      m = json.loads(line)
      if "id" not in m: continue
      body, r = m["params"]["request"], {}
      text = json.dumps(body)
      asked = re.search(r"(then )?use ([a-z0-9/.-]+)", text)
      if asked and (not asked[1] or "function_call_output" in text):
        body["model"] = asked[2]
        r = {"request": body}
      if "write much" in text: r = {"request": {**body, "max_output_tokens": 100000}}
      print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
    """

  private let first: Simulator
  private let second: Simulator
  private let deaf: DeafPort
  private let scratch: Scratch
  private let daemon: DaemonProcess
  private let client: SocketClient

  init() throws {
    first = try Simulator()
    second = try Simulator()
    scratch = try Scratch()
    let path = try scratch.write("hook", Self.plugin, mode: 0o755)
    deaf = try DeafPort(listens: false)
    daemon = try DaemonProcess(
      first,
      rest: """
        [upstreams.other]
        base_url = "\(second.baseURL)"
        models = ["big/*"]
        strip_prefix = true
        api_key = { none = true }
        [upstreams.away]
        base_url = "http://127.0.0.1:\(deaf.port)/v1"
        models = ["away/*"]
        api_key = { none = true }
        max_retries = 0
        fallback = ["other"]
        [prices."gpt-5.4"]
        input = 1.0
        output = 1.0
        [prices."big/large"]
        input = 1000.0
        output = 1000.0
        [plugins.chooser]
        command = ["\(path)"]
        hooks = ["request"]

        """ + (try ToolLoopTests.plugin(scratch)))
    client = try daemon.connect()
  }

  private func say(_ text: String, _ members: String = "") throws -> Answer {
    try client.say(text, #""model":"gpt-5.4"\#(members)"#)
  }

  private func tokens(_ usage: RawJSON?) -> Double {
    Double((usage?["input_tokens"]?.integer ?? 0) + (usage?["output_tokens"]?.integer ?? 0))
  }

  @Test func `it goes where that model is, by its name there, and is priced as that`() throws {
    let answer = try say("use big/large")
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(answer.halley?["upstream"]?.string == "other")
    #expect(try second.bodies().map { $0["model"]?.string } == ["large"])
    #expect(try first.count("creates") == 0)
    let cost = try #require(answer.halley?["cost_usd"]?.double)
    #expect(abs(cost - tokens(answer.result?["usage"]) / 1000) < 1e-9)
    for (group, name) in [("model", "large"), ("upstream", "other")] {
      let row = try client.call(9, "usage.summary", #"{"by":"\#(group)"}"#)
        .result?["data"]?.elements.first
      #expect(row?[group]?.string == name)
      #expect(row?["cost_usd"]?.double == cost)
    }
  }

  @Test func `it is held against what may be spent by its own price and length`() throws {
    #expect(try say("hello", #","halley":{"max_cost_usd":0.1}"#).status == "completed")
    for text in ["use big/large", "write much"] {
      let refused = try say(text, #","halley":{"max_cost_usd":0.05}"#)
      #expect(refused.errorCode == "budget_exceeded", "\(refused.message.text)")
    }
    #expect(try first.count("creates") == 1)
    #expect(try second.count("creates") == 0)
  }

  @Test func `its fallbacks are those of where it goes`() throws {
    let answer = try say("use away/small")
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(answer.halley?["upstream"]?.string == "other")
    #expect(try second.bodies().map { $0["model"]?.string } == ["away/small"])
    #expect(try first.count("creates") == 0)
  }

  @Test func `each round costs what its own model does`() throws {
    let answer = try say(
      #"call calc__add {"a":1,"b":1} then use big/large"#,
      #","halley":{"tools":["calc.*"]},"stream":true"#)
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(try first.count("creates") == 1)
    #expect(try second.bodies().map { $0["model"]?.string } == ["large"])
    let last = try #require(try second.bodies().first)
    #expect(last["input"]?.elements.contains { $0["output"]?.string == "2" } == true)
    let cost = try #require(answer.halley?["cost_usd"]?.double)
    let usage = tokens(answer.result?["usage"])
    #expect(cost > usage / 1_000_000 && cost < usage / 1000)
  }

  @Test func `a request that keeps its model is left where it was`() throws {
    let answer = try say("write much")
    #expect(answer.halley?["upstream"]?.string == "simulator")
    #expect(try first.bodies().last?["max_output_tokens"]?.integer == 100_000)
  }
}
