internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// The rounds of a response whose model calls the daemon's tools.
extension ResponseRun {
  /// Calls of the daemon's tools that were begun.
  var toolCalls: Int { rounds.calls }

  /// Adds the daemon's tools that the request asks for.
  func offeringTools(_ body: UpstreamBody) async throws(RPCError) -> UpstreamBody {
    guard !plan.tools.isEmpty else { return body }
    let offered = try await services.tools.offered(plan.tools, to: requester)
    let own = body.body.nonNull("tools")
    try offered.checkNames(against: own)
    rounds.offered = offered
    var body = body
    body.body = body.body.setting(
      "tools",
      to: .build { writer in
        writer.array { array in
          for tool in (own?.elements ?? []) + offered.functions { array.value(tool) }
        }
      })
    body.mustReplay = true
    return body
  }

  // MARK: Rounds

  /// Runs the tools that a round called; returns what is to be asked next, nil when the response
  /// has ended.
  func endRound(_ result: CallResult, _ body: UpstreamBody) async -> UpstreamBody? {
    guard let response = await roundResponse(result) else { return nil }
    let items = response["output"]?.objects ?? []
    let calls = response["status"]?.string == "completed" ? rounds.ownCalls(items) : []
    if calls.isEmpty, rounds.count == 0 {
      await complete(result)
      return nil
    }
    rounds.end(response, attempts: attempts?.attempts ?? 0)
    meter.endRound(UsageReader.tokens(of: response) ?? TokenCounts(), upstream: upstreamName)
    attempts?.forgetAttempts()
    guard !calls.isEmpty else {
      await completeRounds(response)
      return nil
    }
    do throws(RPCError) {
      return try await nextRound(response, calls, body)
    } catch {
      await finish(error: stopCause.map { self.error(of: $0, error) } ?? error)
      return nil
    }
  }

  private func nextRound(
    _ response: RawJSON, _ calls: [RawJSON], _ body: UpstreamBody
  ) async throws(RPCError) -> UpstreamBody? {
    let items = response["output"]?.objects ?? []
    let (outputs, isAtLimit) = await runCalls(calls)
    guard stopCause == nil else {
      await fail(.stopped)
      return nil
    }
    rounds.add(output: outputs)
    let needsClient = rounds.needsClient(items)
    if needsClient || rounds.isLast {
      await completeRounds(response, isCutOff: !needsClient)
      return nil
    }
    var next = body
    next.replacement = nil
    next.add(items + outputs, by: attempts?.target)
    if isAtLimit || rounds.count >= services.limits.toolRounds {
      // Somebody has to read the outputs, and to say what came of them.
      rounds.isLast = true
      next.body = next.body.setting("tool_choice", to: .string("none"))
    }
    next = try await hooked(next)
    try meter.reserveRound(next)
    terminal = nil
    errorEvent = nil
    relay.beginRound(afterItems: rounds.items.count)
    return next
  }

  /// The response object that a round ended with; nil where the response has ended with an error.
  private func roundResponse(_ result: CallResult) async -> RawJSON? {
    if case .object(let object) = result { receive(object: object) }
    await settling?.value
    guard let response = terminal.flatMap({ relay.finalResponse(of: $0) }) else {
      await fail(.protocolViolation("event", "the terminal event has no response object"))
      return nil
    }
    return response
  }

  /// Takes an answer of one piece as the events that it stands for.
  private func receive(object: RawJSON) {
    for event in ResponseReplay.events(of: object) { receive(UpstreamEvent(checked: event)) }
  }

  /// Ends the response with the items of all rounds.
  ///
  /// - Parameter isCutOff: whether the model would have been asked again.
  private func completeRounds(_ response: RawJSON, isCutOff: Bool = false) async {
    if id == nil { await settleAtEnd() }
    if case .storage(let error)? = stopCause { return await finish(error: error) }
    var merged = rounds.merged(response)
    if isCutOff {
      merged = merged.setting("status", to: .string("incomplete")).setting(
        "incomplete_details", to: .object { $0.member("reason", "max_tool_calls") })
    }
    await identifyItems(of: merged)
    let seen = relay.asSeen(merged)
    let type = ResponseReplay.terminalType(status: seen["status"]?.string)
    await finish(seen, [relay.rendered(type, seen)])
  }

  // MARK: Calls

  /// Runs calls, together where the request allows that, and returns their outputs in order, and
  /// whether a limit kept one from being run.
  private func runCalls(_ items: [RawJSON]) async -> (outputs: [RawJSON], isAtLimit: Bool) {
    let began = rounds.toolsBegan ?? EventLoop.now
    rounds.toolsBegan = began
    let left = services.limits.toolTime - (EventLoop.now - began)
    let asked = sentBody.nonNull("max_tool_calls")?.integer.map { Int(clamping: $0) }
    let most = left > .zero ? min(asked ?? .max, services.limits.toolCalls) : 0
    var isAtLimit = false
    let first = rounds.items.count
    let calls = items.enumerated().map { offset, item in
      let call = RunningCall(item: item, index: first + offset)
      guard case .daemon(let tool) = rounds.owners.owner(of: item) else {
        call.refusal = PlainText.cut(
          rounds.owners.refusal, to: services.limits.toolOutput)
        return call
      }
      call.tool = tool
      if rounds.calls < most {
        rounds.calls += 1
      } else {
        isAtLimit = true
        call.refusal = "The tool was not called: the response's limit of calls is reached."
      }
      return call
    }
    let isParallel = sentBody["parallel_tool_calls"]?.boolean != false
    return (await run(calls, isParallel: isParallel, timeLeft: left), isAtLimit)
  }

  private func run(
    _ calls: [RunningCall], isParallel: Bool, timeLeft: Duration
  ) async -> [RawJSON] {
    if isParallel {
      let tasks = calls.map { call in
        EventLoop.start { [self] in call.result = await run(call, timeLeft) }
      }
      await withTaskCancellationHandler {
        for task in tasks { await task.value }
      } onCancel: {
        for task in tasks { task.cancel() }
      }
    } else {
      for call in calls { call.result = await run(call, timeLeft) }
    }
    return calls.compactMap(\.result)
  }

  private func run(_ call: RunningCall, _ timeLeft: Duration) async -> RawJSON {
    guard let tool = call.tool, call.refusal == nil else {
      return end(call, .string(call.refusal ?? ""))
    }
    let context = ToolCallContext(
      requester: requester, responseID: id ?? "",
      maximumOutputBytes: services.limits.toolOutput, timeLeft: timeLeft,
      hook: { [self] made throws(RPCError) in try await hooked(made) },
      willRun: { [self] _ throws(RPCError) in
        begin(call)
        try await recorder?.sync()
      })
    do throws(CancellationError) {
      let outcome = try await services.tools.call(
        tool, call.item["arguments"]?.string ?? "{}", callID: call.callID, context)
      return end(call, outcome.output)
    } catch {
      // What came of it stays unknown; the response ends as cancelled.
      return call.output(.unknownOutcome, status: "incomplete")
    }
  }

  /// Says that a call runs, before it does: a crash leaves it as one of unknown outcome.
  private func begin(_ call: RunningCall) {
    guard stopCause == nil, !isFinished else { return }
    call.hasBegun = true
    relay.append("response.output_item.added") {
      $0.member("output_index", call.index)
      $0.member("item", call.output(nil, status: "in_progress"))
    }
  }

  /// Tells the client the output of a call and returns it as an item.
  private func end(_ call: RunningCall, _ output: RawJSON) -> RawJSON {
    let item = call.output(output, status: "completed")
    guard stopCause == nil, !isFinished else { return item }
    if !call.hasBegun { begin(call) }
    relay.append("response.output_item.done") {
      $0.member("output_index", call.index)
      $0.member("item", item)
    }
    return item
  }
}

/// One call of a tool, and the item that its output becomes.
@EventLoop
private final class RunningCall {
  /// The model's `function_call` or `custom_tool_call`.
  let item: RawJSON
  var tool: Tool?
  /// What the model is told instead of running the tool.
  var refusal: String?
  /// Where the output stands among the response's items.
  let index: Int
  var hasBegun = false
  /// The item of its output, once it has ended.
  var result: RawJSON?
  private let type: String
  private let id: String

  init(item: RawJSON, index: Int) {
    type = "\(item["type"]?.string ?? "function_call")_output"
    id = StoreID.item(ofType: type)
    self.item = item
    self.index = index
  }

  var callID: String { item["call_id"]?.string ?? "" }

  /// - Parameter output: nil while the tool runs.
  func output(_ output: RawJSON?, status: String) -> RawJSON {
    .object { item in
      item.member("id", id)
      item.member("type", type)
      item.member("status", status)
      item.member("call_id", callID)
      if let output { item.member("output", output) }
    }
  }
}
