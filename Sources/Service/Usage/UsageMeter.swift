internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// What one request uses: its reservation, its row and, at its end, its tokens and cost.
///
/// 1. A reservation is settled once, whatever the end is.
/// 2. The row is made before the upstream is asked and settled when the response ends; one that a
///    crash leaves is settled by an estimate at the next start.
@EventLoop
final class UsageMeter {
  private let ledger: UsageLedger
  private var plan: RequestPlan
  private let spender: Budgets.Spender
  private let limit: Int64?
  var usage: NewUsage
  /// The model that answered where the request left it to a prompt template.
  private var templateModel: String?
  private var outputEstimate = 0
  /// One for each round; the cost is settled against the first.
  private var reservations: [Budgets.Reservation] = []
  /// What the rounds that have ended took.
  private var tokens = TokenCounts()
  /// What they cost, each at the price of who answered it.
  private var spent = Cost.none
  /// Whether the price of one of them is not known.
  private var isPriceUnknown = false
  private(set) var handle: UsageHandle?
  /// Whether the row is written apart, where no response's row is made with it.
  var isApart = false
  /// nil while the response runs.
  private(set) var ending: UsageEnding?

  init(
    _ request: CreateRequest, _ plan: RequestPlan, _ caller: Caller, ledger: UsageLedger
  ) {
    self.ledger = ledger
    self.plan = plan
    spender =
      caller.grant.map { Budgets.Spender($0) }
      ?? Budgets.Spender(caller.principal.subject, client: caller.name)
    limit = request.options.maximumCostNanodollars
    let first = plan.candidates[0]
    usage = NewUsage(
      of: caller.principal.subject, client: caller.name, upstream: first.upstream.name,
      model: first.model,
      day: ledger.today.number)
    usage.clientPID = caller.processID
  }

  /// Goes by a plan from now on.
  func use(_ plan: RequestPlan) {
    self.plan = plan
    usage.upstream = plan.candidates[0].upstream.name
    usage.model = plan.candidates[0].model
  }

  // MARK: Before the call

  /// Estimates what the request comes to, and reserves its price.
  func reserve(_ body: UpstreamBody) throws(RPCError) {
    let first = plan.candidates[0]
    ledger.refreshPrices(of: first.upstream)
    estimate(body)
    let price = ledger.price(of: first, named: plan.model)
    usage.inputCost = price?.cost(of: TokenCounts(input: usage.inputTokens)).amount.amount
    usage.outputPrice = price?.output.amount
    try reserve(at: price)
  }

  /// Reserves the price of another round, which is asked all of what was said.
  func reserveRound(_ body: UpstreamBody) throws(RPCError) {
    estimate(body)
    try reserve(at: ledger.price(of: plan.candidates[0], named: plan.model))
  }

  private func estimate(_ body: UpstreamBody) {
    let (members, items) = body.outgoing
    usage.inputTokens = TokenEstimate.input(body: members, items: items)
    outputEstimate = TokenEstimate.output(body: members)
  }

  private func reserve(at price: ModelPrice?) throws(RPCError) {
    let estimate = price?.cost(of: TokenCounts(input: usage.inputTokens, output: outputEstimate))
    let limit = limit.map { max(0, $0 - spent.amount.amount) }
    reservations.append(try ledger.reserve(estimate?.amount, within: limit, for: spender))
  }

  /// Takes over the row that was made with the response's.
  func began(_ row: UsageHandle?) { handle = row }

  /// What there is to write.
  var row: (usage: NewUsage, ending: UsageEnding?) { (usage, ending) }

  // MARK: At the end

  /// Adds what a round took that has ended, at the price of who answered it.
  func endRound(_ used: TokenCounts, upstream: String) {
    tokens = tokens + used
    guard used != TokenCounts() else { return }
    let candidate = plan.candidates.first { $0.upstream.name == upstream }
    let price =
      if let templateModel {
        ledger.price(of: templateModel, named: templateModel, at: upstream)
      } else {
        candidate.flatMap { ledger.price(of: $0, named: plan.model) }
      }
    guard let cost = price?.cost(of: used) else { return isPriceUnknown = true }
    spent = Cost(
      amount: spent.amount + cost.amount, isUpperBound: spent.isUpperBound || cost.isUpperBound)
  }

  /// Gives the reservation back where another response answers.
  func release() {
    settleReservations(cost: .zero)
  }

  /// Settles the request. The first call counts; a later one, when the end could not be written,
  /// changes the status alone.
  ///
  /// - Parameter tokens: nil where the upstream did not say.
  /// - Parameter estimate: what it comes to where the upstream did not say.
  /// - Parameter answered: the model that answered, as the upstream says; it counts where the request
  ///   named none.
  func settle(
    _ ending: UsageEnding, tokens: TokenCounts?, estimate: @EventLoop () -> TokenCounts,
    upstream: String, answered: @EventLoop () -> String? = { nil }
  ) {
    guard self.ending == nil else {
      self.ending?.status = ending.status
      return
    }
    var ending = ending
    ending.upstream = upstream
    if plan.object.leavesModelToPrompt { templateModel = answered() }
    ending.model = templateModel ?? plan.candidates.first { $0.upstream.name == upstream }?.model
    let used = tokens ?? estimate()
    ending.tokens = used
    ending.isEstimated = tokens == nil && used != TokenCounts()
    if ending.origin == .miss { endRound(used - self.tokens, upstream: upstream) }
    ending.cost = isPriceUnknown ? nil : spent.amount.amount
    ending.isUpperBound = spent.isUpperBound
    self.ending = ending
    settleReservations(cost: spent.amount)
  }

  private func settleReservations(cost: NanoDollars) {
    var cost = cost
    for reservation in reservations {
      ledger.settle(reservation, cost: cost)
      cost = .zero
    }
    reservations = []
  }

  /// The row and its end, to be written with the response's end; nil where the row is written apart.
  var settled: SettledUsage? {
    guard let handle, let ending, !isApart else { return nil }
    return SettledUsage(handle, ending)
  }
}

extension Budgets.Spender {
  init(_ grant: Grant) {
    self.init(
      grant.principal.subject, client: grant.name,
      allowance: grant.budget.map { Budgets.Allowance($0, name: grant.budgetName) })
  }
}

extension TokenCounts {
  static func + (left: TokenCounts, right: TokenCounts) -> TokenCounts {
    TokenCounts(
      input: left.input.addingSaturating(right.input),
      cached: left.cached.addingSaturating(right.cached),
      output: left.output.addingSaturating(right.output),
      reasoning: left.reasoning.addingSaturating(right.reasoning))
  }

  /// What is left of one without the other; never below none.
  static func - (left: TokenCounts, right: TokenCounts) -> TokenCounts {
    TokenCounts(
      input: max(0, left.input - right.input), cached: max(0, left.cached - right.cached),
      output: max(0, left.output - right.output),
      reasoning: max(0, left.reasoning - right.reasoning))
  }
}
