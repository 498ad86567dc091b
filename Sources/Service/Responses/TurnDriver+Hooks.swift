internal import Configuration
internal import EventLoop
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// What the plugins' hooks are asked and told of a response.
extension TurnDriver {
  /// Lets hooks see what will be sent, and replace or refuse it.
  func hooked(_ body: UpstreamBody) async throws(RPCError) -> UpstreamBody {
    use(asked)
    guard !services.hooks.isEmpty(.request) else { return body }
    var body = body
    // All of it is sent, so that nothing goes out that no hook has seen.
    body.mustReplay = true
    let shown = try await ResponseAttempts(self, body).firstBody()
    let replaced = try await services.hooks.request(shown, hookContext)
    guard replaced.bytes != shown.bytes else { return body }
    use(try services.replan(asked, replaced, request.options))
    body.replacement = UpstreamBody.Replacement(body: replaced, shown: shown)
    return body
  }

  /// Lets hooks see a tool call; returns its arguments, which may be others.
  func hooked(_ call: ToolCall) async throws(RPCError) -> RawJSON {
    guard !services.hooks.isEmpty(.toolCall) else { return call.arguments }
    return try await services.hooks.toolCall(
      tool: call.tool.name.function, arguments: call.arguments, context: hookContext)
  }

  /// Tells hooks what became of the response; nobody waits for them.
  func tellHooks(_ outcome: ResponseOutcome, status: String) {
    let hooks = services.hooks
    switch outcome {
    case .response(let response, _):
      if !hooks.isEmpty(.response) {
        hooks.response(
          request: sentBody.withoutToolSecrets, response: response, context: hookContext
        ) { [self] _, metadata in keep(metadata) }
      }
    case .failure(let error):
      if !hooks.isEmpty(.error) { hooks.error(error.json, context: hookContext) }
    }
    if !hooks.isEmpty(.usage) { hooks.usage(usageReport(outcome, status), context: hookContext) }
  }

  private func usageReport(_ outcome: ResponseOutcome, _ status: String) -> RawJSON {
    var usage: RawJSON?
    if case .response(let response, _) = outcome { usage = response.nonNull("usage") }
    return .object { report in
      report.member("usage", usage ?? meter.ending?.tokens.json ?? .null)
      report.member("estimated", meter.ending?.isEstimated ?? false)
      report.member("cost_usd", cost.map { $0.json } ?? .null)
      report.member("model", model)
      report.member("upstream", repeated?.upstream ?? upstreamName)
      report.member("cache", repeated == nil ? "miss" : "hit")
      report.member("status", status)
      report.member("response_id", id.map { .string($0) } ?? .null)
      report.member("attempts", turn.attempts)
      report.member("tool_calls", toolCalls.count)
      report.member("timing_ms", timing.json)
    }
  }

  /// Adds what a plugin wants to be known of a response to the metadata of the stored one.
  private func keep(_ metadata: RawJSON) {
    guard isStored, let id else { return }
    let principal = principal
    services.state.inBackground { store throws(StoreError) in
      try await store.addMetadata(metadata, toResponse: id, as: principal)
    }
  }
}

extension TokenCounts {
  /// As the API spells usage.
  fileprivate var json: RawJSON {
    .object { usage in
      usage.member("input_tokens", input)
      usage.key("input_tokens_details")
      usage.object { $0.member("cached_tokens", cached) }
      usage.member("output_tokens", output)
      usage.key("output_tokens_details")
      usage.object { $0.member("reasoning_tokens", reasoning) }
      usage.member("total_tokens", input + output)
    }
  }
}
