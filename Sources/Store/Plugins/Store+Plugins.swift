/// Which definitions of tools were approved.
extension Store {
  /// Approves definitions for a user, each in the place of an earlier one of the same tool.
  package func approveToolDefinitions(
    _ rows: [ToolDefinitionRow], of subject: Subject
  ) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      let subject = try transaction.added(subject)
      for row in rows { try transaction.approveToolDefinition(row, subject: subject) }
    }
  }

  /// Returns what a user approved.
  ///
  /// A row that is damaged comes without its digest: its tool counts as one whose definition
  /// changed.
  package nonisolated func toolDefinitions(of subject: Subject) async throws(StoreError)
    -> [ToolDefinitionRow]
  {
    try await reader.read { transaction throws(StoreError) in
      try transaction.toolDefinitions(subject: transaction.known(subject))
    }
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
  func approveToolDefinition(_ row: ToolDefinitionRow, subject: Int64) throws(StoreError) {
    try database.run(
      """
      INSERT OR REPLACE INTO tool_definitions (subject, plugin, tool, digest, approved_at, checksum)
      VALUES (?, ?, ?, ?, ?, ?)
      """, .integer(subject), .text(row.plugin), .text(row.tool), .blob(row.digest[...]),
      .integer(now),
      .integer(row.checksum(subject: subject, approvedAt: now)))
  }

  func toolDefinitions(subject: Int64) throws(StoreError) -> [ToolDefinitionRow] {
    try database.all(
      """
      SELECT plugin, tool, digest, approved_at, checksum FROM tool_definitions WHERE subject = ?
      """, .integer(subject)
    ) { row in
      let definition = ToolDefinitionRow(
        plugin: row.text(0), tool: row.text(1), digest: row.bytes(2))
      let checksum = definition.checksum(subject: subject, approvedAt: row.integer(3))
      // An empty digest is that of no definition.
      return checksum == row.integer(4)
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
