package import JSON
package import Wire

/// What the cache may do for one request.
package struct CachePolicy: Sendable, Equatable {
  package enum Writing: Sendable, Equatable {
    case nothing
    /// The client asked for nothing on disk: the answer is kept until the daemon ends.
    case inMemory
    case onDisk
  }

  /// What the policy needs to know beside the body.
  package struct Circumstances: Sendable {
    package var isEnabled = true
    package var isBackground = false
    /// Whether text of the response may be kept on disk.
    package var isStored = true

    package init() {}
  }

  /// Whether an answer is looked for.
  package let reads: Bool
  /// Whether the request fails when none is found.
  package let mustHit: Bool
  /// Whether it may share the call of an equal request that runs.
  package let joins: Bool
  /// Where an answer without tool calls is kept.
  package let writing: Writing
  /// Whether an answer is kept although tools were run for it: the request asks for that.
  package let keepsToolAnswers: Bool
  /// Why the cache is not read without being asked to, in words.
  package let obstacle: String?

  /// - Parameter body: the members of the request as they apply.
  package init(
    _ option: HalleyOptions.Cache, body: RawJSON, _ circumstances: Circumstances
  ) {
    let bypass =
      circumstances.isEnabled
      ? Self.upstreamCache(body) : "the cache is disabled in the configuration"
    let writeObstacle = bypass ?? Self.writeObstacle(body, circumstances)
    let readObstacle = writeObstacle ?? Self.variety(body)
    let isPossible = bypass == nil && option != .off
    obstacle = bypass ?? Self.wish(option) ?? readObstacle
    mustHit = option == .only
    keepsToolAnswers = option == .refresh
    reads =
      isPossible && (option == .only || (option == .default && readObstacle == nil))
    joins = isPossible && option == .default && readObstacle == nil
    let writes = isPossible && (option == .refresh || writeObstacle == nil)
    writing = writes ? (circumstances.isStored ? .onDisk : .inMemory) : .nothing
  }

  /// Tells whether an answer may be given again: a completed one that says something and for which no
  /// tool was run, unless the request asks to keep that too.
  ///
  /// - Parameter toolCalls: how many daemon-side tools were run.
  package func mayKeep(_ response: RawJSON, toolCalls: Int) -> Bool {
    guard writing != .nothing, response["status"]?.string == "completed", response.hasContent
    else { return false }
    if keepsToolAnswers { return true }
    let output = response["output"]?.elements ?? []
    return toolCalls == 0 && !output.contains { Self.isToolRun($0["type"]?.string ?? "") }
  }

  // MARK: Obstacles

  /// What is for the upstream's own cache asks for no answer, or for more than one.
  private static func upstreamCache(_ body: RawJSON) -> String? {
    let options = body.nonNull("prompt_cache_options")
    let asked = ["prewarm", "comparison_response_id"].first { key in
      options?.nonNull(key).map { $0.boolean != false } ?? false
    }
    return asked.map { "prompt_cache_options.\($0) is for the upstream's cache" }
  }

  /// Why the request itself wants nothing from the cache.
  private static func wish(_ option: HalleyOptions.Cache) -> String? {
    switch option {
    case .off: "the request leaves the cache alone (\"off\")"
    case .refresh: "the request asks again and replaces what is cached (\"refresh\")"
    case .default, .only: nil
    }
  }

  private static func writeObstacle(_ body: RawJSON, _ circumstances: Circumstances) -> String? {
    if circumstances.isBackground { return "background responses are not cached by default" }
    let hosted = (body.nonNull("tools")?.elements ?? [])
      .compactMap { $0["type"]?.string }.first { !isClientTool($0) }
    return hosted.map { "answers that may use the tool \($0) are not cached by default" }
  }

  private static func variety(_ body: RawJSON) -> String? {
    guard let temperature = body.nonNull("temperature")?.double, temperature > 0 else { return nil }
    return "a temperature above 0 asks for another answer each time"
  }

  /// Only these are run by the client, which sees each call.
  private static func isClientTool(_ type: String) -> Bool {
    type == "function" || type == "custom"
  }

  /// Items that say that the upstream ran a tool.
  private static func isToolRun(_ type: String) -> Bool {
    let isCall = type.hasSuffix("_call") || type.hasSuffix("_call_output") || type.hasPrefix("mcp_")
    return isCall && type != "function_call" && type != "custom_tool_call"
  }
}
