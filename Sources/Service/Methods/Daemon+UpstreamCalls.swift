internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
internal import Wire

/// Methods that the upstream answers, after the daemon has put in what it keeps itself.
extension Daemon {
  /// A count or a compaction reads the whole context, which takes a large model a while.
  private static let timeout: Duration = .seconds(120)
  /// The encrypted content of a compaction may have 20 MiB.
  private static let maximumAnswerBytes = 64 << 20

  func countInputTokens(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    try ask("/responses/input_tokens", isPaid: false, params, id, connection)
  }

  func compact(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    guard params.nonNull("model")?.string != nil else {
      throw .invalidParams("model", "nothing found, the name of a model was expected")
    }
    try ask("/responses/compact", isPaid: true, params, id, connection)
  }

  private func ask(
    _ path: String, isPaid: Bool, _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    if let configurationErrors { throw RPCError(configurationErrors) }
    let request = try CreateRequest(params: params)
    let plan = try RequestPlan(request, configuration, upstreams)
    let peer = connection.peer
    answer(id, connection) { [self] store, uid throws(RPCError) in
      var context = try await RequestContext.find(request, of: uid, in: store)
      try await context.load(of: uid, from: store)
      let input = try await RequestInput.read(plan.body) { id async throws(RPCError) in
        try await Self.item(id, uid, store)
      }
      let body = UpstreamBody(body: plan.body, input: input, context: context, isBackground: false)
      let candidate = plan.candidates[0]
      guard isPaid else { return try await post(path, body, candidate) }
      let meter = UsageMeter(request, plan, peer, ledger: ledger)
      return try await post(path, body, candidate, meter)
    }
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

  static func item(
    _ id: String, _ uid: UInt32, _ store: Store
  ) async throws(RPCError) -> RawJSON? {
    do throws(StoreError) {
      return try await store.item(id, uid: uid).json
    } catch {
      if error.code == .notFound { return nil }
      throw RPCError(error)
    }
  }

  private func post(
    _ path: String, _ body: UpstreamBody, _ candidate: RequestPlan.Candidate
  ) async throws(RPCError) -> RawJSON {
    let key = try await candidate.upstream.apiKey(keys)
    let upstream = candidate.upstream.configuration
    let target = UpstreamBody.Target(
      upstream: upstream.name, keyIdentity: candidate.upstream.identity(of: key),
      model: candidate.model)
    let made = body.make(.replay, for: target, encryptsReasoning: false)
    let answer = await http.fetch(
      HTTPRequest(
        .post, upstream.baseURL + path,
        headers: ["Content-Type: application/json", "Accept: application/json"]
          + UpstreamRequest.commonHeaders(upstream, key: key),
        body: Array(made.bytes), connectTimeout: upstream.connectTimeout,
        certificateFile: upstream.certificateAuthorities),
      maximumBytes: Self.maximumAnswerBytes, timeout: Self.timeout)
    switch answer {
    case .failure(let error): throw CallFailure.unreachable(error).error
    case .success(let answer) where answer.head.status >= 300:
      throw HTTPFailure(answer.head, body: answer.body, key: key).failure.error
    case .success(let answer):
      do throws(JSONError) {
        return try RawJSON(parsing: answer.body[...], limits: .relayed).onOneLine
      } catch {
        throw CallFailure.protocolViolation(
          "body", "the answer is no JSON: \(error.message) at byte \(error.offset)"
        ).error
      }
    }
  }
}
