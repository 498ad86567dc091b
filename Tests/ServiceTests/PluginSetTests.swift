import Configuration
import EventLoop
import JSON
import Plugins
import Testing
import TestSupport

@Suite(.serialized, .onLoop) struct PluginSetTests {
  private static let echo = "while True:\n    m = read(); answer(m, os.getpid())"

  @EventLoop
  private func with(
    _ bench: PluginBench, _ test: (PluginSet) async throws -> Void
  ) async throws {
    let set = PluginSet(launcher: bench.launcher, tools: .withoutStore()) { _, _ in }
    do {
      try await test(set)
    } catch {
      await set.close()
      throw error
    }
    await set.close()
  }

  @Test @EventLoop func `a reload keeps, replaces, adds and removes`() async throws {
    let bench = try PluginBench()
    let kept = try bench.configuration(Self.echo, name: "kept")
    var changed = try bench.configuration(Self.echo, name: "changed") { $0.start = .eager }
    let gone = try bench.configuration(Self.echo, name: "gone") { $0.start = .eager }
    try await with(bench) { set in
      set.update([kept, changed, gone])
      try await eventually("eager starts") {
        set["changed"]?.stateName == "running" && set["gone"]?.stateName == "running"
      }
      #expect(set["kept"]?.stateName == "stopped")
      let before = set.plugins
      changed.timeout = .seconds(9)
      set.update([changed, kept, try bench.configuration(Self.echo, name: "new")])
      #expect(set.plugins.map(\.name) == ["changed", "kept", "new"])
      #expect(set["kept"] === before[0])
      #expect(set["changed"] !== before[1])
      try await eventually("the ends") { before[1].processID == nil && before[2].processID == nil }
    }
  }

  @Test @EventLoop func `a call in progress ends before its plugin is removed`() async throws {
    let bench = try PluginBench()
    let gate = "\(bench.scratch.path)/gate"
    let slow = try bench.configuration(
      "m = read()\nwhile not os.path.exists('\(gate)'): time.sleep(0.002)\nanswer(m, 'done')\nread()",
      name: "slow")
    try await with(bench) { set in
      set.update([slow])
      let plugin = try #require(set["slow"])
      let call = Task { @EventLoop in await outcome(plugin) }
      try await eventually("the start") { plugin.stateName == "running" }
      set.update([])
      #expect(set.plugins.isEmpty)
      try bench.scratch.write("gate", "")
      #expect(await call.value.text == "\"done\"")
      try await eventually("the end") { plugin.processID == nil }
    }
  }

  @Test @EventLoop func `a reload gives a plugin that has failed a new chance`() async throws {
    let bench = try PluginBench()
    let configuration = try bench.configuration("sys.exit(1)", name: "p") {
      $0.maximumRestarts = 0
      $0.start = .eager
    }
    try await with(bench) { set in
      set.update([configuration])
      try await eventually("the failure") { set["p"]?.stateName == "failed" }
      try bench.program(Self.echo, name: "p")
      set.update([configuration])
      try await eventually("the start") { set["p"]?.stateName == "running" }
    }
  }

  @Test @EventLoop func `the list tells everything about each plugin`() async throws {
    let bench = try PluginBench()
    let configurations = [
      try bench.configuration(Self.echo, name: "runs") {
        $0.hooks = [.request, .toolCall]
        $0.start = .eager
      },
      try bench.configuration(Self.echo, name: "off") { $0.isEnabled = false },
    ]
    try await with(bench) { set in
      set.update(configurations)
      try await eventually("the start") { set["runs"]?.stateName == "running" }
      let id = try #require(set["runs"]?.processID)
      let off = #"{"name":"off","state":"disabled","pid":null,"hooks":[],"tools":[]"#
      #expect(
        set.listJSON.text == #"{"object":"list","data":[{"name":"runs","state":"running","#
          + #""pid":\#(id),"hooks":["request","tool_call"],"tools":[],"#
          + #""restarts":0,"last_error":null},\#(off),"restarts":0,"last_error":null}],"#
          + #""first_id":"runs","last_id":"off","has_more":false}"#)
    }
  }
}
