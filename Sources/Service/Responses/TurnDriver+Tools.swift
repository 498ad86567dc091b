internal import Configuration
internal import EventLoop
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// The rounds of a response whose model calls the daemon's tools.
extension TurnDriver {
  /// Adds the daemon's tools that the request asks for.
  func offeringTools(_ body: UpstreamBody) async throws(RPCError) -> UpstreamBody {
    guard !plan.tools.isEmpty else { return body }
    let offered = try await services.tools.offered(plan.tools, to: requester)
    let own = body.body.nonNull("tools")
    try offered.checkNames(against: own)
    self.offered = offered
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

  /// Makes the next round ready, in which the model gets the outputs of its calls.
  func prepareRound(_ items: [RawJSON], isLast: Bool) async {
    guard var next = body else { return }
    next.replacement = nil
    next.add(items, by: attempts?.target)
    if isLast { next.body = next.body.setting("tool_choice", to: .string("none")) }
    do throws(RPCError) {
      next = try await hooked(next)
      try meter.reserveRound(next)
      ask(next)
    } catch {
      take(.refused(error))
    }
  }

  // MARK: Calls

  /// Runs calls, together where the request allows that, and returns their outputs in order, and
  /// whether a limit kept one from being run.
  func run(_ items: [RawJSON]) async -> TurnEvent {
    let began = toolCalls.began ?? EventLoop.now
    toolCalls.began = began
    let left = services.limits.toolTime - (EventLoop.now - began)
    let asked = sentBody.nonNull("max_tool_calls")?.integer.map { Int(clamping: $0) }
    let most = left > .zero ? min(asked ?? .max, services.limits.toolCalls) : 0
    var isAtLimit = false
    let first = turn.rounds.items.count
    let calls = items.enumerated().map { offset, item in
      let call = RunningCall(item: item, index: first + offset)
      guard case .daemon(let tool) = turn.rounds.owners.owner(of: item) else {
        call.refusal = PlainText.cut(
          turn.rounds.owners.refusal, to: services.limits.toolOutput)
        return call
      }
      call.tool = tool
      if toolCalls.count < most {
        toolCalls.count += 1
      } else {
        isAtLimit = true
        call.refusal = "The tool was not called: the response's limit of calls is reached."
      }
      return call
    }
    let isParallel = sentBody["parallel_tool_calls"]?.boolean != false
    let outputs = await run(calls, isParallel: isParallel, timeLeft: left)
    return .toolsEnded(outputs, isAtLimit: isAtLimit)
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
    call.hasBegun = true
    take(
      .tool(
        "response.output_item.added", item: call.output(nil, status: "in_progress"),
        index: call.index))
  }

  /// Tells the client the output of a call and returns it as an item.
  private func end(_ call: RunningCall, _ output: RawJSON) -> RawJSON {
    let item = call.output(output, status: "completed")
    if !call.hasBegun { begin(call) }
    take(.tool("response.output_item.done", item: item, index: call.index))
    return item
  }
}

/// How many calls of the daemon's tools were begun, and when the first was.
struct ToolCallCount {
  var count = 0
  var began: LoopInstant?
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
