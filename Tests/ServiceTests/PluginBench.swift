import Configuration
import EventLoop
import Glibc
import JSON
import Plugins
import Testing
import TestSupport
import Wire

/// Plugins that are small Python programs, on the loop.
@EventLoop
final class PluginBench {
  /// What the programs have at hand.
  private static let preamble = """
    #!/usr/bin/python3
    import json, os, signal, sys, time
    def read():
        line = sys.stdin.readline()
        if not line: sys.exit(0)
        return json.loads(line)
    def write(text):
        sys.stdout.write(text + "\\n")
        sys.stdout.flush()
    def answer(message, result):
        write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}))
    def ask(method, id, params={}):
        write(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))

    """

  let scratch: Scratch
  let launcher: Plugin.Launcher
  private(set) var events: [PluginEvent] = []

  init(environment: [String: String] = ["PATH": "/usr/bin:/bin"]) throws {
    scratch = try Scratch()
    launcher = Plugin.Launcher(
      environment: environment, mask: 0o002, guardProgram: try Binaries.path(of: "halleyd"))
  }

  /// Writes a program and returns its path.
  @discardableResult
  func program(_ body: String, name: String = "plugin") throws -> String {
    try scratch.write(name, Self.preamble + body + "\n", mode: 0o700)
  }

  func configuration(
    _ body: String, name: String = "plugin",
    _ change: (inout PluginConfiguration) -> Void = { _ in }
  ) throws -> PluginConfiguration {
    var configuration = PluginConfiguration(name: name)
    configuration.command = [try program(body, name: name)]
    configuration.startTimeout = generous
    change(&configuration)
    return configuration
  }

  /// Runs a test with a plugin and sees to it that nothing of it is left.
  func with(
    _ body: String, _ change: (inout PluginConfiguration) -> Void = { _ in },
    peer: TestPeer? = nil, test: (Plugin) async throws -> Void
  ) async throws {
    let plugin = Plugin(try configuration(body, change), launcher: launcher) { _, event in
      self.events.append(event)
    }
    peer?.talk(with: plugin)
    do {
      try await test(plugin)
    } catch {
      await plugin.close()
      throw error
    }
    let id = plugin.processID
    await plugin.close()
    if let id { #expect(!Self.isAlive(id)) }
  }

  static func isAlive(_ id: Int32) -> Bool { kill(id, 0) == 0 }
}

/// Says what a test wants said to a plugin that speaks first.
@EventLoop
final class TestPeer: PluginPeer {
  private let onStart: @EventLoop (Plugin) async throws(PluginError) -> Void
  private weak var plugin: Plugin?
  private(set) var heard: [String] = []

  init(onStart: @escaping @EventLoop (Plugin) async throws(PluginError) -> Void = { _ in }) {
    self.onStart = onStart
  }

  func talk(with plugin: Plugin) {
    self.plugin = plugin
    plugin.peer = self
  }

  func begin() async throws(PluginError) {
    if let plugin { try await onStart(plugin) }
  }

  func receive(_ method: String, _ params: RawJSON) {
    heard.append("\(method) \(params.text)")
  }

  func answer(_ method: String, _ params: RawJSON) -> Result<RawJSON, RPCError> {
    method == "roots/list"
      ? .success(params) : .failure(.init(.methodNotFound, "there is no \(method)"))
  }
}

extension ToolSet {
  /// For plugins that serve none.
  static func withoutStore() -> ToolSet {
    ToolSet(
      approvals: Approvals(limit: generous) { _, _ in },
      definitions: ApprovedDefinitions { () async throws(RPCError) in
        throw RPCError(.storage, "there is no store")
      }
    ) { _, _ in }
  }
}

/// A limit that only a hang reaches.
let generous: Duration = .seconds(30)

/// What a call ended with.
@EventLoop
func outcome(
  _ plugin: Plugin, _ method: String = "hooks/request", _ params: RawJSON = .emptyObject,
  limit: Duration = generous, onAbandoned: ((RawJSON) -> Void)? = nil
) async -> Result<RawJSON, PluginError> {
  do throws(PluginError) {
    return .success(
      try await plugin.call(method, params, limit: limit, onAbandoned: onAbandoned))
  } catch {
    return .failure(error)
  }
}

extension Result where Success == RawJSON, Failure == PluginError {
  var code: PluginError.Code? {
    if case .failure(let error) = self { error.code } else { nil }
  }

  var text: String {
    switch self {
    case .success(let json): json.text
    case .failure(let error): "\(error.code): \(error.message)"
    }
  }
}
