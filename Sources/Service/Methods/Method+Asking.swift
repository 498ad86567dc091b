internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
internal import Wire

/// Methods that the upstream answers, after the daemon has put in what it keeps itself.
extension Method {
  static let responsesInputTokensCount = planning("responses.input_tokens.count") {
    daemon, call, request, plan throws(RPCError) in
    try await daemon.ask("/responses/input_tokens", isPaid: false, call, request, plan)
  }

  static let responsesCompact = planning(
    "responses.compact",
    Shape(
      Shape.createParameters.rules, required: ["model"], clauses: Shape.createParameters.clauses)
  ) { daemon, call, request, plan throws(RPCError) in
    try await daemon.ask("/responses/compact", isPaid: true, call, request, plan)
  }
}

extension Daemon {
  /// A count or a compaction reads the whole context, which takes a large model a while.
  private static let timeout: Duration = .seconds(120)
  /// The encrypted content of a compaction may have 20 MiB.
  private static let maximumAnswerBytes = 64 << 20

  fileprivate func ask(
    _ path: String, isPaid: Bool, _ call: Call, _ request: CreateRequest, _ plan: RequestPlan
  ) async throws(RPCError) -> RawJSON {
    let (peer, uid) = (call.peer, call.uid)
    let store = try await state.open()
    var context = try await RequestContext.find(request, of: uid, in: store)
    try await context.load(of: uid, from: store)
    let input = try await RequestInput.read(plan.body) { id async throws(RPCError) in
      try await store.itemIfThere(id, of: uid)
    }
    let asker = HookContext(
      requestID: .string(StoreID.make("req_")), peer: peer,
      conversation: context.conversation?.reference, scope: request.options.scope)
    var body = UpstreamBody(
      body: plan.body, input: input, context: context, isBackground: false)
    let hooked = try await hook(&body, plan, request.options, asker)
    let candidate = hooked.candidates[0]
    guard isPaid else { return try await post(path, body, candidate) }
    let meter = UsageMeter(request, hooked, peer, ledger: ledger)
    return try await post(path, body, candidate, meter)
  }

  /// Reserves what a call may cost, and settles what it did.
  private func post(
    _ path: String, _ body: UpstreamBody, _ candidate: RequestPlan.Candidate, _ meter: UsageMeter
  ) async throws(RPCError) -> RawJSON {
    let started = EventLoop.now
    meter.usage.conversation = body.context.conversation?.id
    try meter.reserve(body)
    meter.begin(in: state)
    defer { meter.finish(in: state) }
    func settle(_ status: String, _ tokens: TokenCounts?) {
      var ending = UsageEnding(status: status, origin: .miss)
      ending.attempts = 1
      ending.timing.total = Int64((EventLoop.now - started).wholeMicroseconds)
      meter.settle(
        ending, tokens: tokens, estimate: { TokenCounts(input: meter.usage.inputTokens) },
        upstream: candidate.upstream.name)
    }
    do throws(RPCError) {
      let answer = try await post(path, body, candidate)
      settle("completed", UsageReader.tokens(of: answer))
      return answer
    } catch {
      // What was refused or did not arrive costs nothing.
      let isFree = [.upstreamHTTP, .upstreamUnreachable, .config].contains(error.code)
      settle("failed", isFree ? TokenCounts() : nil)
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
    let target = responseServices.target(candidate, key: upstream.identity(of: key), body.body)
    return body.make(.replay, for: target, encryptsReasoning: false).body
  }

  private func post(
    _ path: String, _ body: UpstreamBody, _ candidate: RequestPlan.Candidate
  ) async throws(RPCError) -> RawJSON {
    let made = try await made(body, for: candidate)
    return try await candidate.upstream.fetch(
      keys, http, maximumBytes: Self.maximumAnswerBytes, timeout: Self.timeout
    ) { UpstreamRequest.post(path, made, $0, key: $1) }
  }
}
