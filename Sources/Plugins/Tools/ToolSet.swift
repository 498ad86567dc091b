internal import Configuration
package import EventLoop
internal import JSON
internal import Store
internal import Wire

/// The tools of all plugins: lists them, offers them to models, and calls them.
@EventLoop
package final class ToolSet {
  package let approvals: Approvals
  /// What people should know of: tools that can't be offered, definitions that changed.
  let onProblem: @EventLoop (_ plugin: String, _ text: String) -> Void

  let definitions: ApprovedDefinitions
  /// In the order of the configuration.
  package private(set) var plugins: [ToolPlugin] = []
  private var adopted: [ObjectIdentifier: ToolPlugin] = [:]
  private var reportedHeldBack: Set<[UInt8]> = []

  package init(
    approvals: Approvals, definitions: ApprovedDefinitions,
    onProblem: @escaping @EventLoop (_ plugin: String, _ text: String) -> Void
  ) {
    self.approvals = approvals
    self.definitions = definitions
    self.onProblem = onProblem
  }

  /// Takes the plugins that are configured now, in their order; new ones before they are started.
  func update(_ plugins: [Plugin]) {
    let serving = plugins.filter(\.configuration.servesTools).map { plugin in
      let id = ObjectIdentifier(plugin)
      return (id, adopted[id] ?? ToolPlugin(plugin))
    }
    adopted = Dictionary(uniqueKeysWithValues: serving)
    update(serving.map(\.1))
  }

  /// Takes the plugins that are configured now, those that stay as the same objects.
  package func update(_ plugins: [ToolPlugin]) {
    self.plugins = plugins
    let names = plugins.map(\.name)
    EventLoop.start { [definitions] in
      do throws(RPCError) {
        try await definitions.forget(exceptOf: names)
      } catch {
        // An approval that is kept too long makes nothing less strict; an error of the store is
        // logged where it is used.
      }
    }
  }

  /// The names of a plugin's tools, as far as they are known.
  package func names(of plugin: String) -> [String] {
    catalog.tools.filter { $0.name.plugin == plugin }.map(\.name.description)
  }

  func plugin(_ name: String) -> ToolPlugin? {
    plugins.first { $0.name == name }
  }

  var catalog: ToolCatalog { ToolCatalog(plugins.compactMap(\.listing)) }

  /// Makes sure that plugins have listed their tools, all at once. Returns early when the task is
  /// cancelled.
  func refresh(_ plugins: [ToolPlugin]) async {
    for plugin in plugins { plugin.beginRefresh(report) }
    for plugin in plugins { await plugin.refresh(report) }
  }

  private func report(_ plugin: ToolPlugin) {
    if let failure = plugin.failure {
      return onProblem(plugin.name, "Its tools can't be listed: \(failure)")
    }
    if let cut = plugin.listing?.cut { onProblem(plugin.name, "It \(cut)") }
    for refusal in catalog.refusals where refusal.plugin == plugin.name {
      onProblem(plugin.name, "The tool \"\(refusal.tool)\" is not offered: \(refusal.reason)")
    }
  }

  /// Returns a user's tools that are held back; each is reported once.
  func heldBack(among tools: [Tool], of subject: Subject) async throws(RPCError) -> Set<ToolName> {
    let names = try await definitions.heldBack(among: tools, of: subject)
    for tool in tools where names.contains(tool.name) {
      guard reportedHeldBack.insert(tool.digest).inserted else { continue }
      onProblem(
        tool.name.plugin,
        "The tool \(tool.name) is held back: its definition is not the one that was approved")
    }
    return names
  }
}
