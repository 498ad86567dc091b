package import EventLoop
package import Store
package import Wire

/// Which definitions of tools each user approved, kept over restarts.
///
/// 1. A tool that a user meets for the first time is approved: whoever configured its plugin chose
///    to trust the program.
/// 2. A tool whose name, title, description or schema is another one later is held back. It is
///    offered again once a client of that user approved it (`tools.approve`), or when it says what
///    it said before.
/// 3. A plugin that is not configured any more is forgotten, so that taking it out of the
///    configuration and in again, each with a reload, approves what its tools say then.
@EventLoop
package final class ApprovedDefinitions {
  private let store: @EventLoop () async throws(RPCError) -> any ToolDefinitionStore
  private var known: [Subject: [ToolName: [UInt8]]] = [:]

  package init(
    store: @escaping @EventLoop () async throws(RPCError) -> any ToolDefinitionStore
  ) {
    self.store = store
  }

  /// Returns those of a user's tools that are held back; others that are new are approved.
  package func heldBack(among tools: [Tool], of subject: Subject) async throws(RPCError) -> Set<
    ToolName
  > {
    let approved = try await definitions(of: subject)
    let new = tools.filter { approved[$0.name] == nil }
    if !new.isEmpty { try await approve(new, of: subject) }
    return Set(
      tools.filter { tool in
        approved[tool.name].map { $0 != tool.digest } ?? false
      }.map(\.name))
  }

  /// Approves tools as they are.
  package func approve(_ tools: [Tool], of subject: Subject) async throws(RPCError) {
    try await store().approve(tools, of: subject)
    for tool in tools { known[subject]?[tool.name] = tool.digest }
  }

  /// Forgets the tools of all plugins but some.
  package func forget(exceptOf plugins: [String]) async throws(RPCError) {
    let kept = Set(plugins)
    for subject in known.keys {
      known[subject] = known[subject]?.filter { kept.contains($0.key.plugin) }
    }
    try await store().forgetDefinitions(exceptOf: plugins)
  }

  private func definitions(of subject: Subject) async throws(RPCError) -> [ToolName: [UInt8]] {
    if let approved = known[subject] { return approved }
    let stored = try await store().approvedDefinitions(of: subject)
    // Another request may have read and added to them meanwhile.
    if let approved = known[subject] { return approved }
    known[subject] = stored
    return stored
  }
}
