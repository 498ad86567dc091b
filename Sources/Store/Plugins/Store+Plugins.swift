/// Which definitions of tools were approved.
extension Store {
  /// Approves definitions for a user, each in the place of an earlier one of the same tool.
  package func approveToolDefinitions(
    _ rows: [ToolDefinitionRow], uid: UInt32
  ) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      for row in rows { try transaction.approveToolDefinition(row, uid: uid) }
    }
  }

  /// Returns what a user approved.
  ///
  /// A row that is damaged comes without its digest: its tool counts as one whose definition
  /// changed.
  package func toolDefinitions(uid: UInt32) throws(StoreError) -> [ToolDefinitionRow] {
    try read { transaction throws(StoreError) in try transaction.toolDefinitions(uid: uid) }
  }

  /// Forgets the tools of all plugins but some, for all users.
  package func forgetToolDefinitions(
    exceptOf plugins: [String]
  ) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      try transaction.forgetToolDefinitions(exceptOf: plugins)
    }
  }
}

extension Transaction {
  func approveToolDefinition(_ row: ToolDefinitionRow, uid: UInt32) throws(StoreError) {
    try database.run(
      """
      INSERT OR REPLACE INTO tool_definitions (uid, plugin, tool, digest, approved_at, checksum)
      VALUES (?, ?, ?, ?, ?, ?)
      """, .user(uid), .text(row.plugin), .text(row.tool), .blob(row.digest[...]), .integer(now),
      .integer(row.checksum(uid: uid, approvedAt: now)))
  }

  func toolDefinitions(uid: UInt32) throws(StoreError) -> [ToolDefinitionRow] {
    try database.all(
      "SELECT plugin, tool, digest, approved_at, checksum FROM tool_definitions WHERE uid = ?",
      .user(uid)
    ) { row in
      let definition = ToolDefinitionRow(
        plugin: row.text(0), tool: row.text(1), digest: row.bytes(2))
      let isSound = definition.checksum(uid: uid, approvedAt: row.integer(3)) == row.integer(4)
      // An empty digest is that of no definition.
      return isSound
        ? definition
        : ToolDefinitionRow(plugin: definition.plugin, tool: definition.tool, digest: [])
    }
  }

  func forgetToolDefinitions(exceptOf plugins: [String]) throws(StoreError) {
    let known = try database.all("SELECT DISTINCT plugin FROM tool_definitions") { $0.text(0) }
    for plugin in known where !plugins.contains(plugin) {
      try database.run("DELETE FROM tool_definitions WHERE plugin = ?", .text(plugin))
    }
  }
}
