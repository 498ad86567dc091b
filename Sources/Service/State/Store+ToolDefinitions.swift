package import Plugins
package import Store
package import Wire

extension Store: ToolDefinitionStore {
  package func approvedDefinitions(
    of subject: Subject
  ) async throws(RPCError) -> [ToolName: [UInt8]] {
    let rows = try await performing { store throws(StoreError) in
      try await store.toolDefinitions(of: subject)
    }
    let approved = rows.compactMap { row in ToolName(known: row).map { ($0, row.digest) } }
    return Dictionary(approved) { first, _ in first }
  }

  package func approve(_ tools: [Tool], of subject: Subject) async throws(RPCError) {
    let rows = tools.map {
      ToolDefinitionRow(plugin: $0.name.plugin, tool: $0.name.tool, digest: $0.digest)
    }
    try await performing { store throws(StoreError) in
      try await store.approveToolDefinitions(rows, of: subject)
    }
  }

  package func forgetDefinitions(exceptOf plugins: [String]) async throws(RPCError) {
    try await performing { store throws(StoreError) in
      try await store.forgetToolDefinitions(exceptOf: plugins)
    }
  }
}

extension ToolName {
  fileprivate init?(known row: ToolDefinitionRow) {
    do throws(ToolRefusal) {
      try self.init(plugin: row.plugin, tool: row.tool)
    } catch {
      return nil
    }
  }
}
