internal import Configuration
internal import EventLoop
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// What a response needs of the daemon; it keeps these for as long as it runs, also over a reload.
struct ResponseServices {
  let upstreams: UpstreamServices
  let limits: LimitsConfiguration
  /// How long an idempotency key is remembered.
  let idempotencyLifetime: Duration
  /// Plans a request again that hooks have replaced, by the configuration in force.
  let replan: @EventLoop (RequestPlan, RawJSON, HalleyOptions) throws(RPCError) -> RequestPlan
  let registry: ResponseRegistry
  let state: StateStore
  let lines: ConversationLines
  let knowledge: UpstreamKnowledge
  let feeds: ConversationFeeds
  let cache: ResponseCache
  let ledger: UsageLedger
  let hooks: Hooks
  let tools: ToolSet
  let onFinished: @EventLoop (TurnDriver, FinishedResponse) -> Void
  /// Called with a request that joined another's response, when that has ended.
  let onJoinedEnd: @EventLoop (TurnDriver, TurnDriver) -> Void
  let onStorageTrouble: @EventLoop (String) -> Void

  /// Whom a request is sent to, as far as what was said before depends on it.
  @EventLoop
  func target(
    _ candidate: RequestPlan.Candidate, key identity: String, _ body: RawJSON
  ) -> UpstreamBody.Target {
    let name = candidate.upstream.name
    return UpstreamBody.Target(
      upstream: name, keyIdentity: identity, model: candidate.model,
      takesReasoning: knowledge.reasoning.asks(name, candidate.model, body))
  }
}

/// What was learned of the upstreams, for as long as the daemon runs.
@EventLoop
final class UpstreamKnowledge {
  var reasoning = ReasoningSupport()
  var unreadable = UnreadableItems()

  nonisolated init() {}
}

/// How a response ended, for the journal.
struct FinishedResponse {
  /// The response's own, or `failed` where there is an error instead.
  let status: String
  let outcome: ResponseOutcome
  let timing: ResponseTiming
}
