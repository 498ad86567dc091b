internal import Configuration
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// Methods that the upstream answers, after the daemon has put in what it keeps itself.
extension Method {
  static let responsesInputTokensCount = planning("responses.input_tokens.count", for: .writers) {
    daemon, call, request, plan throws(RPCError) in
    try await daemon.ask(
      "/responses/input_tokens", isPaid: false, call, request, plan,
      expected: "an object with input_tokens, a number from 0,"
    ) { $0["input_tokens"]?.integer.map { $0 >= 0 } ?? false }
  }

  static let responsesCompact = planning(
    "responses.compact", for: .writers,
    Shape(
      Shape.createParameters.rules, required: ["model"], clauses: Shape.createParameters.clauses)
  ) { daemon, call, request, plan throws(RPCError) in
    try await daemon.ask(
      "/responses/compact", isPaid: true, call, request, plan,
      expected: "a response.compaction with the array output"
    ) {
      let name = $0.nonNull("object")
      return $0["output"]?.kind == .array
        && (name == nil || name?.string == "response.compaction")
    }
  }
}

extension Daemon {
  /// A count or a compaction reads the whole context, which takes a large model a while.
  private static let timeout: Duration = .seconds(120)
  /// The encrypted content of a compaction may have 20 MiB.
  private static let maximumAnswerBytes = 64 << 20

  /// - Parameter expected: what the answer has to be, in words.
  fileprivate func ask(
    _ path: String, isPaid: Bool, _ call: Call, _ request: CreateRequest, _ plan: RequestPlan,
    expected: String, isExpected: @escaping (RawJSON) -> Bool
  ) async throws(RPCError) -> RawJSON {
    let (caller, principal) = (call.caller, call.principal)
    let store = try await state.open()
    var context = try await RequestContext.find(request, as: principal, in: store)
    try await context.load(as: principal, from: store)
    let input = try await RequestInput.read(plan.body) { id async throws(RPCError) in
      try await store.itemIfThere(id, as: principal)
    }
    let asker = HookContext(
      requestID: .string(StoreID.make("req_")), caller: caller,
      conversation: context.conversation?.reference, scope: request.options.scope)
    var body = UpstreamBody(
      plan.body, input: input, context: context, isBackground: false)
    let hooked = try await hook(&body, plan, request.options, asker)
    let made = try await made(body, for: hooked.candidates[0])
    let asked = JSONRequest(
      maximumBytes: Self.maximumAnswerBytes, timeout: Self.timeout, expected: expected,
      isExpected: isExpected, http: { UpstreamRequest.post(path, made, $0, key: $1) })
    let meter = isPaid ? UsageMeter(request, hooked, caller, ledger: ledger) : nil
    do throws(CallFailure) {
      return try await fetch(asked, as: principal.subject, body, hooked.candidates[0], meter)
    } catch {
      throw error.error
    }
  }

  /// Reserves what a call may cost, and settles what it did.
  ///
  /// - Parameter meter: nil for a call that costs nothing.
  private func fetch(
    _ request: JSONRequest, as subject: Subject, _ body: UpstreamBody,
    _ candidate: RequestPlan.Candidate, _ meter: UsageMeter?
  ) async throws(CallFailure) -> RawJSON {
    let started = EventLoop.now
    do throws(RPCError) {
      meter?.usage.conversation = body.context.conversation?.id
      try meter?.reserve(body)
    } catch {
      throw CallFailure(error: error, phase: .notSent)
    }
    meter?.begin(in: state)
    defer { meter?.finish(in: state) }
    func settle(_ status: String, _ tokens: TokenCounts?) {
      guard let meter else { return }
      var ending = UsageEnding(status: status, origin: .miss)
      ending.attempts = 1
      ending.timing.total = Int64((EventLoop.now - started).wholeMicroseconds)
      meter.settle(
        ending, tokens: tokens, estimate: { TokenCounts(input: meter.usage.inputTokens) },
        upstream: candidate.upstream.name)
    }
    do throws(CallFailure) {
      let answer = try await candidate.upstream.fetch(
        request, as: subject, responseServices.upstreams)
      settle("completed", UsageReader.tokens(of: answer))
      return answer
    } catch {
      // What was refused or did not arrive costs nothing.
      settle("failed", error.mayHaveRun ? nil : TokenCounts())
      throw error
    }
  }

  /// Lets hooks see what will be sent, and replace or refuse it; returns the plan for what they left.
  private func hook(
    _ body: inout UpstreamBody, _ plan: RequestPlan, _ options: HalleyOptions,
    _ context: HookContext
  ) async throws(RPCError) -> RequestPlan {
    guard !hooks.isEmpty(.request) else { return plan }
    let shown = try await made(body, for: plan.candidates[0])
    let replaced = try await hooks.request(shown, context)
    body.replacement = UpstreamBody.Replacement(body: replaced, shown: shown)
    return try plan.replaced(by: replaced, options, configuration, upstreams)
  }

  private func made(
    _ body: UpstreamBody, for candidate: RequestPlan.Candidate
  ) async throws(RPCError) -> RawJSON {
    let upstream = candidate.upstream
    let key = try await upstream.apiKey(keys)
    let target = responseServices.target(candidate, key: upstream.identity(of: key), body.object)
    return body.make(.replay, for: target, encryptsReasoning: false).body
  }
}
