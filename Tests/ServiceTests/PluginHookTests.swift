import Configuration
import EventLoop
import Glibc
import JSON
import Plugins
import Testing
import TestSupport
import Wire

@Suite(.serialized, .onLoop) struct PluginHookTests {
  private static let context = HookContext(
    requestID: .integer(7), clientName: "nvim", processID: 42, userID: 1000,
    conversation: .string("conv_1"), scope: "tty")
  private static let body = RawJSON.object {
    $0.member("model", "m")
    $0.member("input", "secret")
  }

  @EventLoop
  private func with(
    _ bench: PluginBench, _ plugins: [PluginConfiguration],
    events: @escaping (Plugin, PluginEvent) -> Void = { _, _ in },
    _ test: (Hooks) async throws -> Void
  ) async throws {
    let set = PluginSet(launcher: bench.launcher, tools: .withoutStore(), onEvent: events)
    set.update(plugins)
    do {
      try await test(Hooks(set))
    } catch {
      await set.close()
      throw error
    }
    await set.close()
  }

  /// A plugin that answers a hook with what an expression of the params `p` says.
  @EventLoop
  private func hook(
    _ bench: PluginBench, _ hook: PluginConfiguration.Hook, _ expression: String,
    name: String = "p", policy: PluginConfiguration.FailurePolicy = .deny
  ) throws -> PluginConfiguration {
    try bench.configuration(
      "while True:\n    m = read(); p = m['params']; answer(m, \(expression))", name: name
    ) {
      $0.hooks = [hook]
      $0.onFailure = policy
      $0.timeout = generous
    }
  }

  @EventLoop
  private func request(_ hooks: Hooks) async -> Result<RawJSON, RPCError> {
    do throws(RPCError) {
      return .success(try await hooks.request(Self.body, Self.context))
    } catch {
      return .failure(error)
    }
  }

  @EventLoop
  private func error(
    _ expression: String, policy: PluginConfiguration.FailurePolicy = .deny
  ) async throws -> RPCError? {
    let bench = try PluginBench()
    var error: RPCError?
    try await with(bench, [try hook(bench, .request, expression, policy: policy)]) { hooks in
      if case .failure(let failure) = await request(hooks) { error = failure }
    }
    return error
  }

  @Test @EventLoop func `without a plugin a hook is empty`() async throws {
    let bench = try PluginBench()
    try await with(bench, [try hook(bench, .usage, "{}")]) { hooks in
      #expect(hooks.isEmpty(.request))
      #expect(!hooks.isEmpty(.usage))
      let body = try await hooks.request(Self.body, Self.context)
      #expect(body == Self.body)
    }
  }

  @Test @EventLoop func `request hooks run in their order, each on what the one before left`()
    async throws
  {
    let bench = try PluginBench()
    let change = "{'request': dict(p['request'], input=p['request']['input'] + '%s')}"
    let plugins = [
      try hook(bench, .request, change.replacing("%s", with: "1"), name: "b"),
      try hook(bench, .request, "{}", name: "c"),
      try hook(bench, .request, change.replacing("%s", with: "2"), name: "a"),
    ]
    try await with(bench, plugins) { hooks in
      let result = try await hooks.request(Self.body, Self.context)
      #expect(result["input"]?.string == "secret12")
    }
  }

  @Test @EventLoop func `a hook is told whose request it is`() async throws {
    let bench = try PluginBench()
    let expression = "{'request': {'model': 'm', 'input': json.dumps(p)}}"
    try await with(bench, [try hook(bench, .request, expression)]) { hooks in
      let seen = try await hooks.request(Self.body, Self.context)["input"]?.string
      let client = #""client": {"name": "nvim", "pid": 42, "uid": 1000}"#
      #expect(
        seen == #"{"request_id": 7, \#(client), "conversation": "conv_1", "#
          + #""scope": "tty", "request": {"model": "m", "input": "secret"}}"#)
    }
  }

  @Test @EventLoop func `a plugin may deny`() async throws {
    let error = try #require(try await error("{'deny': 'not\\nhere'}"))
    #expect(error.code == .hookDenied)
    #expect(error.json["code"]?.integer == -32021)
    #expect(error.json["data"]?["plugin"]?.string == "p")
    #expect(error.json["data"]?["reason"]?.string == "not here")
  }

  @Test(arguments: [
    ("[]", "no object"), ("{'deny': 1}", "no text"), ("{'request': 'x'}", "no object"),
    ("{'deny': None}", "no text"), ("{'request': None}", "no object"), ("{'zork': 1}", "neither"),
    ("{'request': {'model': 'm', 'input': 5}}", "input: 5 found"),
    ("{'request': {'model': 'm', 'input': 'x', 'halley': {}}}", "halley"),
  ])
  @EventLoop
  func `a useless result fails the request and names the plugin`(
    _ expression: String, _ what: String
  ) async throws {
    let error = try #require(try await error(expression))
    #expect(error.code == .pluginFailed)
    #expect(error.json["code"]?.integer == -32022)
    #expect(error.json["data"]?["plugin"]?.string == "p")
    #expect(error.json["data"]?["detail"]?.string?.contains(what) == true, "\(error.message)")
  }

  @Test(arguments: ["[]", "sys.exit(1)", "{'request': {'input': 5}}"]) @EventLoop
  func `a failure is passed over where the configuration says so`(_ expression: String)
    async throws
  {
    #expect(try await error(expression, policy: .allow) == nil)
  }

  @Test @EventLoop func `a plugin that does not answer fails the request at its deadline`()
    async throws
  {
    let bench = try PluginBench()
    let silent = try bench.configuration("while True: read()") {
      $0.hooks = [.request]
      $0.timeout = .milliseconds(1)
      $0.startTimeout = .seconds(1)
    }
    try await with(bench, [silent]) { hooks in
      guard case .failure(let error) = await request(hooks) else {
        Issue.record("a request without its hook")
        return
      }
      #expect(error.json["data"]?["detail"]?.string == "gave no answer within 1s of its start")
    }
  }

  @Test(arguments: [
    (PluginConfiguration.FailurePolicy.deny, "the request was refused"),
    (.allow, "the request went on without it"),
  ])
  @EventLoop
  func `a failure is told of, and is the plugin's last error, whatever it leads to`(
    _ policy: PluginConfiguration.FailurePolicy, _ what: String
  ) async throws {
    let bench = try PluginBench()
    var events: [PluginEvent] = []
    let set = PluginSet(launcher: bench.launcher, tools: .withoutStore()) { events.append($1) }
    set.update([try hook(bench, .request, "[]", policy: policy)])
    for _ in 0..<3 { _ = await request(Hooks(set)) }
    let told = "answered with something that is no object (hooks/request); \(what)"
    #expect(
      events.filter { if case .hookFailed = $0 { true } else { false } } == [.hookFailed(told)])
    #expect(set.listJSON["data"]?.elements.first?["last_error"]?.string == told)
    await set.close()
  }

  @Test @EventLoop func `the words of an error are its client's, and the plugin's own for others`()
    async throws
  {
    let bench = try PluginBench()
    var events: [PluginEvent] = []
    let set = PluginSet(launcher: bench.launcher, tools: .withoutStore()) { events.append($1) }
    let failure = "{'code': 1, 'message': p['request']['input']}"
    let refuse =
      "write(json.dumps({'jsonrpc': '2.0', 'id': m['id'], 'error': \(failure)})) or read()"
    set.update([try hook(bench, .request, refuse)])
    guard case .failure(let error) = await request(Hooks(set)) else {
      Issue.record("a request without its hook")
      return
    }
    #expect(error.json["data"]?["detail"]?.string == "answered with an error: secret")
    let told = "answered with an error (hooks/request); the request was refused"
    #expect(events.contains(.hookFailed(told)))
    #expect(events.contains(.said("secret")))
    await set.close()
  }

  @Test @EventLoop func `a replacement with half a character is none`() async throws {
    let bench = try PluginBench()
    let half = try bench.configuration(
      """
      m = read()
      write('{"id":1,"result":{"request":{"model":"m","input":"\\\\ud83d"}}}')
      read()
      """
    ) {
      $0.hooks = [.request]
    }
    try await with(bench, [half]) { hooks in
      guard case .failure(let error) = await request(hooks) else {
        Issue.record("half a character was taken")
        return
      }
      #expect(error.json["data"]?["detail"]?.string?.contains("is not plain") == true)
    }
  }

  @Test @EventLoop func `a tool call can be changed and denied`() async throws {
    let bench = try PluginBench()
    let expression =
      "{'deny': p['tool']} if p['arguments'].get('n') == 2 else {'arguments': {'n': 2}}"
    let plugin = try hook(bench, .toolCall, expression)
    try await with(bench, [plugin]) { hooks in
      let changed = try await hooks.toolCall(
        tool: "git__push", arguments: .emptyObject, context: Self.context)
      #expect(changed.text == #"{"n": 2}"#)
      do throws(RPCError) {
        _ = try await hooks.toolCall(tool: "git__push", arguments: changed, context: Self.context)
        Issue.record("a denied call")
      } catch {
        #expect(error.code == .hookDenied)
        #expect(error.message.hasSuffix("denied the tool call: git__push"))
      }
    }
  }

  @Test @EventLoop func `observers are told in order and answer with metadata`() async throws {
    let bench = try PluginBench()
    let observer = try hook(
      bench, .response, "{'metadata': {'n': p['response']['n'], 'i': p['request']['input']}}")
    try await with(bench, [observer]) { hooks in
      var told: [String] = []
      for number in ["1", "2", "3"] {
        hooks.response(
          request: Self.body, response: .object { $0.member("n", number) }, context: Self.context
        ) { told.append("\($0) \($1.text)") }
      }
      #expect(told.isEmpty)
      try await eventually("three answers") { told.count == 3 }
      #expect(told == ["1", "2", "3"].map { #"p {"n": "\#($0)", "i": "secret"}"# })
    }
  }

  @Test @EventLoop func `usage and errors are observed`() async throws {
    let bench = try PluginBench()
    let file = "\(bench.scratch.path)/seen"
    let expression = "open('\(file)', 'a').write(m['method'] + json.dumps(p) + '\\n') and {}"
    var plugin = try hook(bench, .usage, expression)
    plugin.hooks = [.usage, .error]
    try await with(bench, [plugin]) { hooks in
      hooks.usage(.object { $0.member("cost_usd", .null) }, context: Self.context)
      try await eventually("the first") { unsafe access(file, F_OK) == 0 }
      hooks.error(.object { $0.member("code", -32010) }, context: Self.context)
    }
    // The set was closed: what waited was told before.
    let seen = try TextFile.text(file).split(separator: "\n")
    #expect(seen.count == 2)
    #expect(seen.first?.hasPrefix(#"hooks/usage{"request_id": 7"#) == true)
    #expect(seen.last?.hasSuffix(#""error": {"code": -32010}}"#) == true)
  }

  @Test @EventLoop func `an observer that does not keep up loses the oldest and is mentioned`()
    async throws
  {
    let bench = try PluginBench()
    var failures: [PluginEvent] = []
    let silent = try bench.configuration("while True: read()") {
      $0.hooks = [.usage]
      $0.timeout = .milliseconds(10)
      $0.startTimeout = .seconds(1)
    }
    try await with(bench, [silent], events: { if case .hookFailed = $1 { failures.append($1) } }) {
      hooks in
      for _ in 0..<1000 { hooks.usage(.emptyObject, context: Self.context) }
      #expect(failures.first == .hookFailed("does not keep up: an observation was dropped"))
      #expect(failures.count == 1)
    }
  }
}
