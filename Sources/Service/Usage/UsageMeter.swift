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
  private let plan: RequestPlan
  private let spender: Budgets.Spender
  private let limit: Int64?
  var usage: NewUsage
  private var outputEstimate = 0
  /// One for each round; the cost is settled against the first.
  private var reservations: [Budgets.Reservation] = []
  private var handle: UsageHandle?
  /// Whether the row is written apart, where no response's row is made with it.
  private var isApart = false
  /// nil while the response runs.
  private(set) var ending: UsageEnding?

  init(
    _ request: CreateRequest, _ plan: RequestPlan, _ peer: Peer, ledger: UsageLedger
  ) {
    self.ledger = ledger
    self.plan = plan
    spender = Budgets.Spender(uid: peer.userID, client: peer.name)
    limit = request.options.maximumCostNanodollars
    let first = plan.candidates[0]
    usage = NewUsage(
      uid: peer.userID, client: peer.name, upstream: first.upstream.name, model: first.model,
      day: ledger.today.number)
    usage.clientPID = peer.credentials.processID
  }

  // MARK: Before the call

  /// Estimates what the request comes to, and reserves its price.
  func reserve(_ body: UpstreamBody) throws(RPCError) {
    let first = plan.candidates[0]
    ledger.refreshPrices(of: first.upstream.configuration)
    usage.inputTokens = TokenEstimate.input(body: body.body, items: body.items)
    outputEstimate = TokenEstimate.output(body: body.body)
    let price = ledger.price(of: first, named: plan.model)
    usage.inputCost = price?.cost(of: TokenCounts(input: usage.inputTokens)).amount.amount
    usage.outputPrice = price?.output.amount
    try reserve(inputTokens: usage.inputTokens, at: price, within: limit)
  }

  /// Reserves the price of another round, which is asked all of what was said.
  ///
  /// - Parameter tokens: of the rounds before.
  func reserveRound(_ body: UpstreamBody, after tokens: TokenCounts) throws(RPCError) {
    let price = ledger.price(of: plan.candidates[0], named: plan.model)
    let spent = price?.cost(of: tokens).amount.amount ?? 0
    let inputTokens = TokenEstimate.input(body: body.body, items: body.items)
    try reserve(inputTokens: inputTokens, at: price, within: limit.map { max(0, $0 - spent) })
  }

  private func reserve(
    inputTokens: Int, at price: ModelPrice?, within limit: Int64?
  ) throws(RPCError) {
    let estimate = price?.cost(of: TokenCounts(input: inputTokens, output: outputEstimate))
    reservations.append(try ledger.reserve(estimate?.amount, within: limit, for: spender))
  }

  /// Takes over the row that was made with the response's.
  func began(_ row: UsageHandle?) { handle = row }

  /// Has the row of a request made that leaves no other.
  func begin(in state: StateStore) {
    isApart = true
    state.usage.add(self)
  }

  /// What there is to write.
  var row: (usage: NewUsage, ending: UsageEnding?) { (usage, ending) }

  /// The row is on disk.
  ///
  /// - Parameter handle: where the request had not ended when it was written.
  func recorded(_ handle: UsageHandle?, in state: StateStore) {
    self.handle = handle
    finish(in: state)
  }

  // MARK: At the end

  /// Gives the reservation back where another response answers.
  func release() {
    settleReservations(cost: .zero)
  }

  /// Settles the request. The first call counts; a later one, when the end could not be written,
  /// changes the status alone.
  ///
  /// - Parameter tokens: nil where the upstream did not say.
  /// - Parameter estimate: what it comes to where the upstream did not say.
  func settle(
    _ ending: UsageEnding, tokens: TokenCounts?, estimate: @EventLoop () -> TokenCounts,
    upstream: String
  ) {
    guard self.ending == nil else {
      self.ending?.status = ending.status
      return
    }
    var ending = ending
    ending.upstream = upstream
    let candidate = plan.candidates.first { $0.upstream.name == upstream }
    ending.model = candidate?.model
    ending.tokens = tokens ?? estimate()
    ending.isEstimated = tokens == nil && ending.tokens != TokenCounts()
    let cost = cost(of: ending, candidate)
    ending.cost = cost?.amount.amount
    ending.isUpperBound = cost?.isUpperBound ?? false
    self.ending = ending
    settleReservations(cost: cost?.amount)
  }

  private func settleReservations(cost: NanoDollars?) {
    var cost = cost
    for reservation in reservations {
      ledger.settle(reservation, cost: cost)
      cost = .zero
    }
    reservations = []
  }

  private func cost(of ending: UsageEnding, _ candidate: RequestPlan.Candidate?) -> Cost? {
    guard ending.origin == .miss, ending.tokens != TokenCounts() else { return Cost.none }
    return candidate.flatMap { ledger.price(of: $0, named: plan.model) }?.cost(of: ending.tokens)
  }

  /// The row and its end, to be written with the response's end; nil where the row is written apart.
  var settled: SettledUsage? {
    guard let handle, let ending, !isApart else { return nil }
    return SettledUsage(handle, ending)
  }

  /// Writes the end to a row that was made apart; one that is still to be made gets it then.
  func finish(in state: StateStore) {
    guard isApart, let handle, let ending else { return }
    state.inBackground { store throws(StoreError) in try await store.endUsage(handle, ending) }
  }
}
