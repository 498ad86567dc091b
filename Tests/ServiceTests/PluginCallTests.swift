import Configuration
import EventLoop
import JSON
import Plugins
import Testing
import TestSupport
import Wire

@Suite(.serialized, .onLoop) struct PluginCallTests {
  /// Answers each call with its params.
  private static let echo = "while True:\n    m = read(); answer(m, m['params'])"

  @Test @EventLoop func `a call is answered by a plugin that starts for it`() async throws {
    try await PluginBench().with(Self.echo) { plugin in
      #expect(plugin.stateName == "stopped")
      let result = await outcome(plugin, "hooks/usage", .object { $0.member("a", "ü\u{2028}") })
      #expect(result.text == "{\"a\": \"\\u00fc\\u2028\"}")
      #expect(plugin.stateName == "running")
    }
  }

  @Test @EventLoop func `calls are answered in any order`() async throws {
    try await PluginBench().with(
      "first = read(); second = read()\nanswer(second, 2); answer(first, 1)\nread()"
    ) { plugin in
      async let first = outcome(plugin)
      async let second = outcome(plugin)
      #expect(await [first.text, second.text].sorted() == ["1", "2"])
    }
  }

  @Test @EventLoop func `an error of the plugin keeps its number`() async throws {
    try await PluginBench().with(
      """
      m = read()
      write(json.dumps({"id": m["id"], "error": {"code": -32050, "message": "no\\x1b[31m"}}))
      read()
      """
    ) { plugin in
      let result = await outcome(plugin)
      #expect(result.code == .remote(-32050))
      #expect(result.text.hasSuffix("no [31m"))
    }
  }

  @Test(arguments: [#"{"jsonrpc":"2.0","id":1}"#, #"{"id":1}"#, #"{"id":1,"error":null}"#])
  @EventLoop func `an answer with neither result nor error ends its call`(_ line: String)
    async throws
  {
    try await PluginBench().with("read()\nwrite('\(line)')\nread()") { plugin in
      let result = await outcome(plugin)
      #expect([.protocolViolation, .remote(0)].contains(result.code), "\(result.text)")
    }
  }

  @Test(arguments: [#""id":null,"#, ""]) @EventLoop
  func `an error that tells no id is that of the only call`(_ id: String) async throws {
    let line = #"{"jsonrpc":"2.0",\#(id)"error":{"code":-32700,"message":"what?"}}"#
    try await PluginBench().with(
      """
      read(); write('\(line)')
      first = read(); second = read(); write('\(line)'); answer(first, 1); answer(second, 1)
      read()
      """
    ) { plugin in
      let only = await outcome(plugin)
      #expect(only.code == .remote(-32700) && only.text.hasSuffix("what?"), "\(only.text)")
      async let first = outcome(plugin)
      async let second = outcome(plugin)
      #expect(await [first.text, second.text] == ["1", "1"])
    }
  }

  @Test(arguments: ["'1'", "1.0"])
  @EventLoop func `an id that comes back in another spelling ends its call`(_ id: String)
    async throws
  {
    try await PluginBench().with(
      "read()\nwrite(json.dumps({'id': \(id), 'result': 5}))\nread()"
    ) { plugin in
      let result = await outcome(plugin)
      #expect(result.text == "5" || result.code == .protocolViolation, "\(result.text)")
    }
  }

  @Test @EventLoop func `a plugin that never answers ends the call at its limit`() async throws {
    try await PluginBench().with("answer(read(), 0)\nwhile True: read()") { plugin in
      _ = await outcome(plugin)
      var abandoned: [String] = []
      let result = await outcome(plugin, limit: .milliseconds(50)) { abandoned.append($0.text) }
      #expect(result.text.hasSuffix("did not answer within 50ms"))
      #expect(result.code == .timedOut)
      #expect(abandoned == ["2"])
    }
  }

  @Test @EventLoop func `a late answer is nobody's`() async throws {
    let bench = try PluginBench()
    let gate = "\(bench.scratch.path)/gate"
    try await bench.with(
      """
      answer(read(), "begun")
      late = read()
      while not os.path.exists("\(gate)"): time.sleep(0.002)
      answer(late, "late")
      while True: answer(read(), "in time")
      """
    ) { plugin in
      #expect(await outcome(plugin).text == "\"begun\"")
      #expect(await outcome(plugin, limit: .milliseconds(20)).code == .timedOut)
      try bench.scratch.write("gate", "")
      #expect(await outcome(plugin).text == "\"in time\"")
      #expect(plugin.restarts == 0)
    }
  }

  @Test @EventLoop func `a cancelled task gives its call up and says so`() async throws {
    try await PluginBench().with("while True: read()") { plugin in
      var abandoned: [String] = []
      let call = Task { @EventLoop in
        await outcome(plugin) { abandoned.append($0.text) }
      }
      try await eventually("the start") { plugin.stateName == "running" }
      call.cancel()
      #expect(await call.value.code == .unavailable)
      #expect(abandoned == ["1"] || abandoned.isEmpty)
    }
  }

  @Test @EventLoop func `a call ends with the plugin that dies in it`() async throws {
    try await PluginBench().with("read(); sys.exit(3)") { plugin in
      let result = await outcome(plugin)
      #expect(result.code == .died)
      #expect(result.text.hasSuffix("exited with status 3"))
    }
  }

  @Test @EventLoop func `an answer counts although its writer ends at once`() async throws {
    try await PluginBench().with("answer(read(), 'x' * 50000); os._exit(0)") { plugin in
      #expect(await outcome(plugin).text.utf8.count == 50_002)
    }
  }

  @Test(arguments: ["os.close(0)", "os.close(1)"]) @EventLoop
  func `a plugin that closes one of its streams is ended`(_ act: String) async throws {
    try await PluginBench().with(
      "m = read(); \(act)\nwhile True: time.sleep(60)", { $0.maximumRestarts = 0 }
    ) { plugin in
      async let first = outcome(plugin)
      try await eventually("the start") { plugin.stateName == "running" }
      // Writing is how a closed input shows.
      let large = RawJSON.string(String(repeating: "x", count: 1 << 20))
      async let second = outcome(plugin, "m", .object { $0.member("large", large) })
      #expect(await first.code == .died)
      #expect(await second.code != nil)
      try await eventually("the end") {
        plugin.lastError?.hasPrefix("closed its standard") == true
      }
    }
  }

  @Test @EventLoop func `what a plugin does not read is bounded`() async throws {
    try await PluginBench().with(
      "while True: time.sleep(60)", { $0.startTimeout = .seconds(2) }
    ) { plugin in
      let large = RawJSON.object { $0.member("x", String(repeating: "x", count: 6 << 20)) }
      async let first = outcome(plugin, "m", large, limit: .milliseconds(300))
      try await eventually("the start") { plugin.stateName == "running" }
      let second = await outcome(plugin, "m", large)
      #expect(second.code == .unavailable)
      #expect(second.text.hasSuffix("does not read what it is sent"))
      #expect(await first.code == .timedOut)
    }
  }

  @Test @EventLoop func `a long line is read and written whole`() async throws {
    try await PluginBench().with("m = read(); answer(m, len(m['params']['x']))\nread()") { plugin in
      let large = RawJSON.object { $0.member("x", String(repeating: "x", count: 20 << 20)) }
      #expect(await outcome(plugin, "m", large).text == "\(20 << 20)")
    }
  }

  @Test @EventLoop func `a flood on stderr holds nobody up and is cut`() async throws {
    let bench = try PluginBench()
    let start = ContinuousClock.now
    try await bench.with(
      """
      import threading
      def flood():
          while True: os.write(2, b"noise\\n" * 1000)
      threading.Thread(target=flood, daemon=True).start()
      \(Self.echo)
      """
    ) { plugin in
      for _ in 0..<20 { #expect(await outcome(plugin).text == "{}") }
      try await eventually("lines") { bench.events.contains(.said("noise")) }
    }
    let windows = Int((ContinuousClock.now - start) / StderrLines.window) + 2
    let lines = bench.events.filter { $0 == .said("noise") }.count
    #expect(lines <= windows * StderrLines.mostLines)
    #expect(bench.events.contains { if case .dropped = $0 { true } else { false } })
  }

  @Test @EventLoop func `requests of a plugin are answered, unknown ones with -32601`() async throws
  {
    try await PluginBench().with(
      """
      m = read()
      ask("roots/list", "r", {"n": 1}); known = read()
      ask("sampling", 9); unknown = read()
      answer(m, [known, unknown["error"]["code"]])
      """, peer: TestPeer()
    ) { plugin in
      let text = await outcome(plugin).text
      #expect(
        text == #"[{"jsonrpc": "2.0", "id": "r", "result": {"n": 1}}, -32601]"#)
    }
  }

  @Test @EventLoop func `a request that nobody answers gets -32601`() async throws {
    try await PluginBench().with(
      "m = read(); ask('ping', 1); answer(m, read()['error']['code'])"
    ) { plugin in
      #expect(await outcome(plugin).text == "-32601")
    }
  }

  @Test @EventLoop func `notifications go both ways`() async throws {
    let peer = TestPeer()
    try await PluginBench().with(
      """
      m = read()
      write('{"method":"notifications/progress","params":{"p":1}}')
      answer(m, {}); n = read(); answer(read(), n)
      """, peer: peer
    ) { plugin in
      _ = await outcome(plugin)
      #expect(peer.heard == [#"notifications/progress {"p":1}"#])
      plugin.notify("notifications/cancelled", .emptyObject)
      let second = await outcome(plugin).text
      #expect(
        second == #"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {}}"#)
    }
  }
}
