package import Store
package import Wire

/// Where it is kept which definitions of tools each user approved, by their digests.
package protocol ToolDefinitionStore: Sendable {
  func approvedDefinitions(of subject: Subject) async throws(RPCError) -> [ToolName: [UInt8]]
  func approve(_ tools: [Tool], of subject: Subject) async throws(RPCError)
  func forgetDefinitions(exceptOf plugins: [String]) async throws(RPCError)
}
