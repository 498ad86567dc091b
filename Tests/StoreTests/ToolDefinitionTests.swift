import Store
import Testing

/// Which definitions of tools were approved.
@Suite struct ToolDefinitionTests {
  private func row(_ tool: String, _ digest: UInt8, plugin: String = "git") -> ToolDefinitionRow {
    ToolDefinitionRow(plugin: plugin, tool: tool, digest: [digest])
  }

  @Test func `what a user approved is kept over a restart, the last of each tool`() async throws {
    let place = try TemporaryStore()
    try await place.store.approveToolDefinitions([row("push", 1), row("pull", 2)], of: .user(1000))
    try await place.store.approveToolDefinitions([row("push", 3)], of: .user(1000))
    let store = try await place.reopened()
    #expect(try await store.toolDefinitions(of: .user(1000)) == [row("pull", 2), row("push", 3)])
    #expect(try await store.toolDefinitions(of: .user(1001)).isEmpty)
    try await store.close()
  }

  @Test func `the tools of plugins that are gone are forgotten for all users`() async throws {
    let place = try TemporaryStore()
    for subject: Subject in [.user(1000), .user(1001)] {
      try await place.store.approveToolDefinitions(
        [row("push", 1), row("now", 2, plugin: "time")], of: subject)
    }
    try await place.store.forgetToolDefinitions(exceptOf: ["time", "other"])
    for subject: Subject in [.user(1000), .user(1001)] {
      #expect(
        try await place.store.toolDefinitions(of: subject) == [row("now", 2, plugin: "time")])
    }
  }
}
