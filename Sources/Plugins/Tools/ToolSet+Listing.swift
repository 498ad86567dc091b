package import Configuration
package import JSON
package import Store
package import Wire

extension ToolSet {
  /// Answers `tools.list`: starts the plugins that have not said yet what they have.
  ///
  /// - Parameter allowed: globs of the tools that are listed; nil for all.
  package func list(
    of subject: Subject, allowed: [Glob]? = nil
  ) async throws(RPCError) -> RawJSON {
    await refresh(plugins)
    guard !Task.isCancelled else { throw RPCError(.cancelled, "the request was cancelled") }
    let catalog = catalog
    let heldBack = try await heldBack(among: catalog.tools, of: subject)
    let tools = catalog.tools.filter { $0.name.isAllowed(by: allowed) }
    let refusals = allowed == nil ? catalog.refusals : []
    let entries =
      tools.map { tool in
        (tool.name.function, tool.json(isHeldBack: heldBack.contains(tool.name)))
      } + refusals.map { ("\($0.plugin)__\($0.tool)", $0.json) }
    let failures = plugins.compactMap(\.failure)
    let list = RawJSON.list(entries, hasMore: false)
    guard !failures.isEmpty else { return list }
    return list.setting("failures", to: Self.json(failures))
  }

  /// The plugins whose tools are not known.
  private static func json(_ failures: [PluginError]) -> RawJSON {
    .build { writer in
      writer.array { array in
        for failure in failures {
          array.object {
            $0.member("plugin", failure.plugin)
            $0.member("detail", failure.message)
          }
        }
      }
    }
  }
}

extension Tool {
  fileprivate func json(isHeldBack: Bool) -> RawJSON {
    .object { tool in
      tool.member("name", name.function)
      tool.member("tool", name.description)
      tool.member("plugin", name.plugin)
      if let title { tool.member("title", title) }
      tool.member("description", description)
      tool.member("parameters", parameters)
      tool.member("approval", approval.rawValue)
      tool.member("idempotent", isIdempotent)
      tool.member("state", isHeldBack ? "held_back" : "available")
      if isHeldBack { tool.member("reason", "its definition is not the one that was approved") }
    }
  }
}

extension ToolRefusal {
  fileprivate var json: RawJSON {
    .object { entry in
      entry.member("name", "\(plugin)__\(tool)")
      entry.member("tool", "\(plugin).\(tool)")
      entry.member("plugin", plugin)
      entry.member("state", "refused")
      entry.member("reason", reason)
    }
  }
}
