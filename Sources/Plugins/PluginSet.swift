package import Configuration
package import EventLoop
package import JSON
internal import Wire

/// The plugins of the configuration in force.
@EventLoop
package final class PluginSet {
  /// How long calls in progress may take when the daemon stops.
  private static let farewell: Duration = .seconds(2)

  private let launcher: Plugin.Launcher
  private let tools: ToolSet
  private let onEvent: (Plugin, PluginEvent) -> Void
  /// In the order of the configuration, those that are switched off left out.
  package private(set) var plugins: [Plugin] = []
  private var switchedOff: [PluginConfiguration] = []
  private var byHook: [PluginConfiguration.Hook: [Plugin]] = [:]
  /// Plugins that the configuration no longer has, until they have ended.
  private var leaving: [ObjectIdentifier: Plugin] = [:]
  private var isClosed = false

  /// - Parameters:
  ///   - tools: gets those that the plugins serve.
  ///   - onEvent: is told what happens to a plugin.
  package init(
    launcher: Plugin.Launcher, tools: ToolSet, onEvent: @escaping (Plugin, PluginEvent) -> Void
  ) {
    self.launcher = launcher
    self.tools = tools
    self.onEvent = onEvent
  }

  package subscript(name: String) -> Plugin? { plugins.first { $0.name == name } }

  /// The plugins that have a hook, in the configured order.
  package func plugins(with hook: PluginConfiguration.Hook) -> [Plugin] { byHook[hook] ?? [] }

  // MARK: Configuration

  /// Takes over a configuration: what is new is added, what is gone removed when its calls have
  /// ended, what changed is replaced, what has failed gets a new chance, and the rest stays as it is.
  ///
  /// - Parameters:
  ///   - longestResult: bytes of a result that a tool may have (`limits.line`).
  ///   - hidden: where the daemon's state and keys are.
  package func update(
    _ configurations: [PluginConfiguration], longestResult: Int = LimitsConfiguration().line,
    hidden: [String] = []
  ) {
    guard !isClosed else { return }
    launcher.starter.hide(hidden)
    let old = plugins
    plugins = configurations.filter(\.isEnabled).map { configuration in
      old.first { $0.configuration == configuration && !$0.hasFailed }
        ?? Plugin(configuration, launcher: launcher, onEvent: onEvent)
    }
    tools.update(plugins)
    for plugin in plugins { plugin.longestResult = longestResult }
    switchedOff = configurations.filter { !$0.isEnabled }
    byHook = [:]
    for plugin in plugins {
      for hook in Set(plugin.configuration.hooks) { byHook[hook, default: []].append(plugin) }
    }
    let (kept, before) = (
      Set(plugins.map { ObjectIdentifier($0) }), Set(old.map { ObjectIdentifier($0) })
    )
    for plugin in old where !kept.contains(ObjectIdentifier(plugin)) { remove(plugin) }
    for plugin in plugins where !before.contains(ObjectIdentifier(plugin)) {
      if plugin.configuration.start == .eager { plugin.start() }
    }
  }

  private func remove(_ plugin: Plugin) {
    leaving[ObjectIdentifier(plugin)] = plugin
    EventLoop.start { [self] in
      await plugin.closeWhenUnused()
      leaving[ObjectIdentifier(plugin)] = nil
    }
  }

  /// Stops all plugins and waits until nothing of them is left. Observations that still wait are
  /// delivered first, for as long as `farewell`.
  package func close() async {
    isClosed = true
    let ends = (plugins + leaving.values).map { plugin in
      EventLoop.start { await plugin.closeWhenUnused(within: Self.farewell) }
    }
    for end in ends { await end.value }
  }

  // MARK: What is known of them

  /// The result of `plugins.list`.
  package var listJSON: RawJSON {
    let running = plugins.map { plugin in (id: plugin.name, json: json(plugin)) }
    let off = switchedOff.map { configuration in
      (id: configuration.name, json: Self.json(configuration, state: "disabled"))
    }
    return .list(running + off, hasMore: false)
  }

  private func json(_ plugin: Plugin) -> RawJSON {
    Self.json(
      plugin.configuration, state: plugin.stateName, processID: plugin.processID,
      tools: tools.names(of: plugin.name), restarts: plugin.restarts, lastError: plugin.lastError)
  }

  private static func json(
    _ plugin: PluginConfiguration, state: String, processID: Int32? = nil, tools: [String] = [],
    restarts: Int = 0, lastError: String? = nil
  ) -> RawJSON {
    .object { writer in
      writer.member("name", plugin.name)
      writer.member("state", state)
      writer.member("pid", processID.map { RawJSON.integer($0) } ?? .null)
      writer.key("hooks")
      writer.array { for hook in plugin.hooks { $0.string(hook.rawValue) } }
      writer.key("tools")
      writer.array { for name in tools { $0.string(name) } }
      writer.member("restarts", restarts)
      writer.member("last_error", lastError.map { RawJSON.string($0) } ?? .null)
    }
  }
}
