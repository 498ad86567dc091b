internal import Configuration
internal import EventLoop
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// What responses need of the daemon; each keeps the ones it began with, also over a reload.
@EventLoop
final class ResponseServices {
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

  init(
    upstreams: UpstreamServices, limits: LimitsConfiguration, idempotencyLifetime: Duration,
    replan:
      @escaping @EventLoop (RequestPlan, RawJSON, HalleyOptions) throws(RPCError)
      -> RequestPlan,
    registry: ResponseRegistry, state: StateStore, lines: ConversationLines,
    knowledge: UpstreamKnowledge, feeds: ConversationFeeds, cache: ResponseCache,
    ledger: UsageLedger, hooks: Hooks, tools: ToolSet,
    onFinished: @escaping @EventLoop (TurnDriver, FinishedResponse) -> Void,
    onJoinedEnd: @escaping @EventLoop (TurnDriver, TurnDriver) -> Void,
    onStorageTrouble: @escaping @EventLoop (String) -> Void
  ) {
    self.upstreams = upstreams
    self.limits = limits
    self.idempotencyLifetime = idempotencyLifetime
    self.replan = replan
    self.registry = registry
    self.state = state
    self.lines = lines
    self.knowledge = knowledge
    self.feeds = feeds
    self.cache = cache
    self.ledger = ledger
    self.hooks = hooks
    self.tools = tools
    self.onFinished = onFinished
    self.onJoinedEnd = onJoinedEnd
    self.onStorageTrouble = onStorageTrouble
  }

  /// Whom a request is sent to, as far as what was said before depends on it.
  func target(
    _ candidate: RequestPlan.Candidate, key identity: String, _ body: IndexedObject
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
