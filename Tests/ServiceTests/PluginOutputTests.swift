import Configuration
import EventLoop
import JSON
import Plugins
import Testing
import TestSupport

/// What a plugin writes beside the protocol, and at what length.
@Suite(.serialized, .onLoop) struct PluginOutputTests {
  @Test(
    arguments: [
      ("print('loading the model…')", "loading the model…"),
      ("print(' \\x1b[31m* Running\\x1b[0m ')", "[31m* Running [0m"), ("print('')", nil),
      ("print('\\r')", nil),
      ("print('[]')", "a line that is no JSON-RPC message (invalid_request)"),
      ("print('{\"secret\":1}')", "a line that is no JSON-RPC message (invalid_request)"),
      ("print('{\"secret')", "a line that is no JSON-RPC message (parse_error)"),
      (
        "print('{\"id\":null,\"error\":{\"code\":-32601}}')",
        "a line that is no JSON-RPC message (invalid_request)"
      ),
      ("print('{\"id\":77,\"result\":{}}')", "an answer to no call"),
      ("print('{\"id\":\"01\",\"result\":{}}')", "an answer to no call"),
      ("print('x' * 3000000)", "x"),
    ] as [(String, String?)])
  @EventLoop
  func `what is no message is passed over and told of`(_ act: String, _ told: String?)
    async throws
  {
    let bench = try PluginBench()
    try await bench.with("m = read()\n\(act)\nanswer(m, 'well')\nread()") { plugin in
      #expect(await outcome(plugin).text == "\"well\"")
      #expect(plugin.restarts == 0 && plugin.stateName == "running")
    }
    let noise = bench.events.compactMap { if case .noise(let text) = $0 { text } else { nil } }
    #expect(noise.count == (told == nil ? 0 : 1))
    #expect(told.map { noise.first?.contains($0) == true } ?? true, "\(noise)")
    #expect(!noise.contains { $0.contains("secret") })
  }

  @Test(arguments: [
    "write('{\"id\":\"1\",\"result\":7}')", "write('\\ufeff{\"id\":1,\"result\":7}')",
    "write('{\"id\":1,\"result\":7}\\r')", "write('  {\"id\":1,\"result\":7}')",
    "write('{\"result\":7,\"error\":null,\"id\":1,\"jsonrpc\":\"2.0\"}')",
    "sys.stdout.write('\\n\\n{\"id\":1,\"result\":7}\\n{\"id\":1,\"result\":8}\\n'); sys.stdout.flush()",
  ])
  @EventLoop
  func `an answer is taken in any of its spellings`(_ act: String) async throws {
    try await PluginBench().with("read()\n\(act)\nread()") { plugin in
      #expect(await outcome(plugin).text == "7")
      #expect(plugin.stateName == "running")
    }
  }

  @Test(arguments: [
    ("while True: print('y' * 100)", "floods its standard output"),
    ("while True: print()", "floods its standard output"),
    ("while True: print('{\"id\":\"x\",\"result\":1}')", "floods its standard output"),
    ("while True: sys.stdout.write('z' * 65536)", "writes a line without end"),
    ("while True: print('{\"method\":\"m\"}')", "floods its standard output"),
  ])
  @EventLoop
  func `a stream of it without end ends the call`(_ act: String, _ what: String) async throws {
    let bench = try PluginBench()
    try await bench.with("read()\n\(act)\nsys.stdout.flush()\nread()") { plugin in
      let result = await outcome(plugin)
      #expect(result.code == .protocolViolation)
      #expect(result.text.contains(what), "\(result.text)")
      try await eventually("the end") { plugin.lastError?.contains(what) == true }
    }
    let noise = bench.events.filter { if case .noise = $0 { true } else { false } }
    #expect(noise.count <= 2 * StderrLines.mostLines)
  }

  @Test(arguments: [
    "write('{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1,\"a\":2}}')",
    "write('{\"result\":{\"a\":1,\"a\":2},\"jsonrpc\":\"2.0\",\"id\":\"1\"}')",
    "write('{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"' + 'x' * 1100000 + '\"}')",
    "write('{\"result\":\"' + ',' * 1100000 + '\",\"id\":1,\"jsonrpc\":\"2.0\"}')",
  ])
  @EventLoop
  func `an answer that can't be taken costs its call alone`(_ act: String) async throws {
    try await PluginBench().with("read(); m = read()\n\(act)\nm['id'] = 2; answer(m, 2)\nread()") {
      plugin in
      async let first = outcome(plugin)
      async let second = outcome(plugin)
      let results = await [first, second]
      let failure = try #require(results.first { $0.code != nil })
      #expect(failure.code == .protocolViolation)
      #expect(failure.text.contains("answered with a line"))
      #expect(results.map(\.text).contains("2"))
      #expect(plugin.restarts == 0 && plugin.stateName == "running")
    }
  }

  @Test @EventLoop func `a request of the plugin's own is never taken for an answer`() async throws
  {
    let bench = try PluginBench()
    try await bench.with(
      "m = read(); ask('x', 1, {'text': 'y' * 2000000}); answer(m, 'well')\nread()"
    ) { plugin in
      #expect(await outcome(plugin).text == "\"well\"")
    }
  }

  @Test @EventLoop func `a tool's result is as long as the limit of lines lets it be`() async throws
  {
    try await PluginBench().with(
      """
      while True:
          m = read()
          answer(m, 'x' * m['params']['n'])
      """,
      { $0.servesTools = true }
    ) { plugin in
      let long = await outcome(plugin, "tools/call", .object { $0.member("n", 5 << 20) })
      #expect(long.text.utf8.count == (5 << 20) + 2)
      plugin.longestResult = 2 << 20
      let longer = await outcome(plugin, "tools/call", .object { $0.member("n", 3 << 20) })
      #expect(longer.code == .protocolViolation)
      #expect(longer.text.hasSuffix("answered with a line of more than 2097152 bytes"))
      #expect(await outcome(plugin, "tools/call", .object { $0.member("n", 3) }).text == "\"xxx\"")
      #expect(plugin.restarts == 0)
    }
  }

  @Test @EventLoop func `a long late result costs nothing`() async throws {
    let bench = try PluginBench()
    let gate = "\(bench.scratch.path)/gate"
    try await bench.with(
      """
      answer(read(), 0)
      late = read()
      while not os.path.exists("\(gate)"): time.sleep(0.002)
      answer(late, 'x' * 20000000)
      answer(read(), 'in time')
      """,
      { $0.servesTools = true }
    ) { plugin in
      _ = await outcome(plugin)
      #expect(await outcome(plugin, limit: .milliseconds(20)).code == .timedOut)
      try bench.scratch.write("gate", "")
      #expect(await outcome(plugin).text == "\"in time\"")
      #expect(plugin.restarts == 0)
    }
  }

  @Test(arguments: ["x", "ü", "語", "😀"]) @EventLoop
  func `what is asked may come back whole, in escapes too`(_ letter: String) async throws {
    try await PluginBench().with(
      "while True:\n    m = read(); answer(m, m['params'])"
    ) { plugin in
      let large = RawJSON.object { $0.member("x", String(repeating: letter, count: 1 << 20)) }
      #expect(await outcome(plugin, "hooks/request", large).text.utf8.count > 1 << 20)
      #expect(plugin.restarts == 0)
    }
  }

  @Test @EventLoop func `half a line is no answer`() async throws {
    try await PluginBench().with(
      "answer(read(), 0); read(); sys.stdout.write('{\"id\":2,'); sys.stdout.flush(); read()"
    ) { plugin in
      _ = await outcome(plugin)
      #expect(await outcome(plugin, limit: .milliseconds(50)).code == .timedOut)
    }
  }
}
