internal import Configuration
internal import JSON
internal import Wire

extension ToolSet {
  /// Calls a tool for a model and returns what the model is told; throws only when the task is
  /// cancelled.
  ///
  /// In this order: the arguments are checked, hooks have their say, what they changed is checked,
  /// the call is approved, it is recorded, and the tool is asked.
  package func call(
    _ tool: Tool, _ argumentsText: String, callID: String, _ context: ToolCallContext
  ) async throws(CancellationError) -> ToolOutcome {
    let outcome = await perform(tool, argumentsText, callID: callID, context)
    if Task.isCancelled { throw CancellationError() }
    return outcome
  }

  private func perform(
    _ tool: Tool, _ argumentsText: String, callID: String, _ context: ToolCallContext
  ) async -> ToolOutcome {
    do throws(ToolArguments.Mismatch) {
      let arguments = try ToolArguments.read(argumentsText, for: tool)
      var call = ToolCall(tool, callID: callID, arguments: arguments)
      switch await hooked(call, context) {
      case .success(let arguments):
        call.arguments = try ToolArguments.check(arguments, for: tool)
      case .failure(let error): return ToolOutcome(.deniedByHook(error.message), context)
      }
      if let stop = await obstacle(to: call, context) { return ToolOutcome(stop, context) }
      return await run(call, context)
    } catch {
      return ToolOutcome(.invalidArguments(error.message), context)
    }
  }

  private func hooked(
    _ call: ToolCall, _ context: ToolCallContext
  ) async -> Result<RawJSON, RPCError> {
    do throws(RPCError) {
      return .success(try await context.hook(call))
    } catch {
      return .failure(error)
    }
  }

  /// What stands in the way of a call whose arguments fit.
  private func obstacle(
    to call: ToolCall, _ context: ToolCallContext
  ) async -> ToolOutcome.Ending? {
    let requester = context.requester
    let question = ApprovalQuestion(
      call, request: requester.request, responseID: context.responseID)
    let decision = await approvals.decide(
      question, policy: call.tool.approval.limited(by: requester.approval),
      approver: requester.approver)
    guard decision.isAllowed else { return .denied(decision) }
    guard !Task.isCancelled else {
      return .denied(ApprovalDecision(call.tool.name, isAllowed: false, .cancelled))
    }
    do throws(RPCError) {
      try await context.willRun(call)
      return nil
    } catch {
      return .notRecorded(error.message)
    }
  }

  private func run(_ call: ToolCall, _ context: ToolCallContext) async -> ToolOutcome {
    let name = call.tool.name
    guard let plugin = plugin(name.plugin) else {
      let gone = PluginError(
        .unavailable, "is not configured any more", plugin: name.plugin)
      return ToolOutcome(.failed(gone), context)
    }
    do throws(PluginError) {
      let result = try await plugin.client.callTool(
        name.tool, call.arguments,
        limit: min(plugin.configuration.toolTimeout, context.timeLeft))
      let client = plugin.client
      return ToolOutcome(
        try client.transport.reading { () throws(MCPMismatch) in
          try ToolResult(result, maximumBytes: context.maximumOutputBytes)
        })
    } catch {
      if error.code == .protocolViolation {
        plugin.fault(error)
        onProblem(name.plugin, "A call of \(name) gave no result: \(error)")
      }
      return ToolOutcome(.failed(error), context)
    }
  }
}

extension ToolOutcome {
  fileprivate init(_ result: ToolResult) {
    ending = result.isError ? .toolError : .succeeded
    output = result.output
  }

  /// An outcome without a result: the model is told why there is none.
  fileprivate init(_ ending: Ending, _ context: ToolCallContext) {
    self.ending = ending
    output = .string(PlainText.cut(ending.message, to: context.maximumOutputBytes))
  }
}

extension ToolOutcome.Ending {
  fileprivate var message: String {
    switch self {
    case .succeeded, .toolError: ""
    case .invalidArguments(let message): "The tool was not called; \(message)"
    case .denied(let decision): decision.denial
    case .deniedByHook(let message):
      "The tool was not called: \(PlainText.line(message, maximumBytes: 1000))."
    case .notRecorded(let message):
      "The tool was not called: the call could not be recorded (\(message))"
    case .failed(let error): Self.message(error)
    }
  }

  private static func message(_ error: PluginError) -> String {
    let text = "The tool gave no result: \(error)."
    switch error.code {
    case .timedOut, .died, .protocolViolation:
      return text + " Whether the call did anything is not known."
    default: return text
    }
  }
}
