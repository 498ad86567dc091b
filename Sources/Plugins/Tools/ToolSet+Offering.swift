internal import Configuration
internal import JSON
package import Wire

extension ToolSet {
  /// Returns the tools that globs of `halley.tools` name.
  ///
  /// Starts the plugins whose tools they may name, and no others. Asks the client about tools whose
  /// definition changed; those that it does not take, or that it can't be asked about, are left out.
  /// A glob that offers nothing is refused, with what stands in its way.
  package func offered(
    _ globs: [String], to requester: ToolRequester
  ) async throws(RPCError) -> OfferedTools {
    guard !globs.isEmpty else { return .none }
    let patterns = globs.map(Glob.init)
    let asked = plugins.filter { plugin in
      patterns.contains { plugin.mayServe($0) }
        && requester.allowed?.contains { plugin.mayServe($0) } ?? true
    }
    await refresh(asked)
    guard !Task.isCancelled else { throw RPCError(.cancelled, "the request was cancelled") }
    let all = catalog.tools.filter { $0.name.isAllowed(by: requester.allowed) }
    for (index, pattern) in patterns.enumerated()
    where !all.contains(where: { $0.name.matches(pattern) }) {
      throw requester.allowed.map { Self.forbidden(pattern, at: index, besides: $0) }
        ?? nothing(for: pattern, at: index, all)
    }
    let wanted = all.filter { tool in patterns.contains { tool.name.matches($0) } }
    let taken = try await released(wanted, requester)
    for (index, pattern) in patterns.enumerated()
    where !taken.contains(where: { $0.name.matches(pattern) }) {
      throw heldBack(pattern, at: index)
    }
    return OfferedTools(taken)
  }

  /// Returns the tools that are not held back, or not any more.
  private func released(
    _ tools: [Tool], _ requester: ToolRequester
  ) async throws(RPCError) -> [Tool] {
    let heldBack = try await heldBack(among: tools, of: requester.subject)
    var released: [Tool] = []
    for tool in tools {
      if heldBack.contains(tool.name) {
        guard try await isReleased(tool, requester) else { continue }
      }
      released.append(tool)
    }
    return released
  }

  private func isReleased(
    _ tool: Tool, _ requester: ToolRequester
  ) async throws(RPCError) -> Bool {
    let question = ApprovalQuestion(changedDefinition: tool, request: requester.request)
    let decision = await approvals.decideDefinition(question, approver: requester.approver)
    guard decision?.isAllowed == true else { return false }
    try await definitions.approve([tool], of: requester.subject)
    return true
  }

  // MARK: Refusals

  /// The same whether there is such a tool or not.
  private static func forbidden(
    _ pattern: Glob, at index: Int, besides allowed: [Glob]
  ) -> RPCError {
    let rest =
      allowed.isEmpty ? "none" : "only " + allowed.map { "\"\($0)\"" }.joined(separator: ", ")
    return RPCError(
      .permission,
      "halley.tools[\(index)]: \(RawJSON.string(pattern.pattern).excerpt) found, of the daemon's tools"
        + " this client may use \(rest)",
      details: [("param", .string("halley.tools[\(index)]"))])
  }

  private func nothing(for pattern: Glob, at index: Int, _ tools: [Tool]) -> RPCError {
    if let failed = plugins.first(where: { $0.mayServe(pattern) && $0.failure != nil }),
      let failure = failed.failure
    {
      return RPCError(
        .pluginFailed, "\(failure)",
        details: [
          ("plugin", .string(failure.plugin)), ("detail", .string(failure.message)),
          ("param", .string("halley.tools[\(index)]")),
        ])
    }
    let suggestion = suggestion(for: pattern.pattern, tools)
    let hint =
      suggestion.map { "did you mean \"\($0)\"?" }
      ?? (plugins.isEmpty
        ? "no plugin serves tools"
        : "tools are served by \(plugins.map(\.name).joined(separator: ", "))")
    var error = RPCError.invalidParams(
      "halley.tools[\(index)]",
      "\(RawJSON.string(pattern.pattern).excerpt) found, which names no tool; \(hint)")
    if let suggestion { error.details.append(("did_you_mean", .string(suggestion))) }
    return error
  }

  private func suggestion(for pattern: String, _ tools: [Tool]) -> String? {
    let names = plugins.map(\.name)
    if names.contains(pattern) { return "\(pattern).*" }
    let isFunction = pattern.contains("__")
    let spelled = tools.map { isFunction ? $0.name.function : $0.name.description }
    if let tool = closest(to: pattern, among: spelled) { return tool }
    let parts = pattern.split(separator: ".", maxSplits: 1).map(String.init)
    if names.contains(parts[0]) { return "\(parts[0]).*" }
    if parts.count == 2, let plugin = closest(to: parts[0], among: names) {
      return "\(plugin).\(parts[1])"
    }
    return closest(to: pattern, among: names).map { "\($0).*" }
  }

  private func heldBack(_ pattern: Glob, at index: Int) -> RPCError {
    .invalidParams(
      "halley.tools[\(index)]",
      "\(RawJSON.string(pattern.pattern).excerpt) found, but its definition changed since it was "
        + "approved; it is held back until a client that can be asked takes the new one")
  }
}

extension ToolPlugin {
  /// Whether one of its tools can have a name that a glob matches.
  fileprivate func mayServe(_ glob: Glob) -> Bool {
    let prefix = glob.literalPrefix
    return ["\(name).", "\(name)__"].contains { own in
      glob.hasWildcards && own.hasPrefix(prefix) || prefix.hasPrefix(own)
    }
  }
}
