/// The tools of all plugins, each by a name of its own.
///
/// A name is never taken over: of two tools that models would call alike, the one whose plugin was
/// configured first keeps the name, and the other is refused.
struct ToolCatalog {
  private(set) var tools: [Tool] = []
  private(set) var refusals: [ToolRefusal] = []

  /// - Parameter listings: of the plugins in the order of the configuration.
  init(_ listings: [ToolPlugin.Listing]) {
    var owners: [String: ToolName] = [:]
    for listing in listings {
      refusals += listing.refusals
      for tool in listing.tools {
        if let owner = owners[tool.name.function] {
          refusals.append(
            ToolRefusal(
              plugin: tool.name.plugin, tool: tool.name.tool,
              "found the name \(tool.name.function), which \(owner) has already"))
        } else {
          owners[tool.name.function] = tool.name
          tools.append(tool)
        }
      }
    }
  }
}
