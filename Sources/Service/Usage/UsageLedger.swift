internal import Configuration
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
internal import Wire

/// What was spent and what it cost, over all requests: prices and budgets.
@EventLoop
final class UsageLedger {
  private let prices: PriceCatalog
  private var budgets: Budgets
  private var configuration: Configuration
  private var store: Store?
  private var lastDay: (second: Int64, day: LocalDay)?
  private let onWarning: @EventLoop (Budgets.Warning) -> Void

  init(
    _ configuration: Configuration, http: HTTPClient,
    onWarning: @escaping @EventLoop (Budgets.Warning) -> Void,
    onTrouble: @escaping @EventLoop (String) -> Void
  ) {
    self.configuration = configuration
    self.onWarning = onWarning
    budgets = Budgets(configuration.budgets)
    prices = PriceCatalog(http: http, onTrouble: onTrouble)
  }

  /// Takes over what was read and spent before the start.
  func use(_ store: Store) async throws(StoreError) {
    guard self.store == nil else { return self.store = store }
    try await prices.load(from: store)
    budgets.restore(try await store.spending(sinceDay: today.firstOfMonth.number))
    self.store = store
  }

  /// A reload changes what may be spent, not what was.
  func apply(_ configuration: Configuration) {
    self.configuration = configuration
    budgets.configuration = configuration.budgets
  }

  /// Whether a budget is set of which it is not known yet how much is left.
  func mustRestore(for caller: Caller) -> Bool {
    store == nil && (!budgets.isEmpty || caller.grant?.budget != nil)
  }

  /// The local day, looked up once a second: the C library asks the file system for the zone.
  var today: LocalDay {
    let now = SystemClock.milliseconds()
    if let lastDay, lastDay.second == now / 1000 { return lastDay.day }
    let day = LocalDay(at: now)
    lastDay = (now / 1000, day)
    return day
  }

  // MARK: Prices

  /// Has the prices that an upstream publishes read, when they are older than a day.
  func refreshPrices(of upstream: Upstream) {
    guard let store, upstream.publishesPrices else { return }
    prices.refresh(upstream.configuration, in: store)
  }

  /// - Parameter name: the model as the client named it.
  func price(of candidate: RequestPlan.Candidate, named name: String) -> ModelPrice? {
    price(of: candidate.model, named: name, at: candidate.upstream.name)
  }

  func price(of model: String, named name: String, at upstream: String) -> ModelPrice? {
    prices.book.price(of: model, named: name, at: upstream, configuration.prices)
  }

  // MARK: Budgets

  /// How far the budgets are used that a user's requests count against.
  func budgets(of subject: Subject) -> [Budgets.Standing] {
    budgets.standings(of: subject, on: today)
  }

  /// How far the budget of a token or a restricted socket is used; nil where it has none.
  func budget(of grant: Grant) -> Budgets.Standing? {
    budgets.standing(of: Budgets.Spender(grant), on: today)
  }

  /// Reserves the estimate of a request.
  ///
  /// - Parameter estimate: nil where no price is known.
  /// - Parameter maximum: what the request itself allows, in billionths of a dollar.
  func reserve(
    _ estimate: NanoDollars?, within maximum: Int64?, for spender: Budgets.Spender
  ) throws(RPCError) -> Budgets.Reservation {
    if let maximum {
      let limit = NanoDollars(maximum)
      let isUnknown = estimate == nil && configuration.budgets.onUnknownPrice == .deny
      if isUnknown || estimate?.amount ?? 0 > maximum {
        throw RPCError(
          Budgets.Refusal(
            budget: "max_cost_usd", spent: .zero, limit: limit, isPriceUnknown: estimate == nil),
          estimate)
      }
    }
    switch budgets.reserve(estimate, for: spender, on: today) {
    case .granted(let reservation): return reservation
    case .refused(let refusal): throw RPCError(refusal, estimate)
    }
  }

  /// Ends a reservation with what was spent in truth; nil where no price is known.
  func settle(_ reservation: Budgets.Reservation, cost: NanoDollars?) {
    for warning in budgets.settle(reservation, cost: cost) { onWarning(warning) }
  }
}

extension RPCError {
  /// The request would go beyond a budget.
  fileprivate init(_ refusal: Budgets.Refusal, _ estimate: NanoDollars?) {
    let budget = "budget \(refusal.budget) of \(refusal.limit.text) USD"
    let message =
      refusal.isPriceUnknown
      ? "the price of the model is not known, and \(budget) denies what is not known"
      : "the request may cost \((estimate ?? .zero).text) USD, of \(budget) "
        + "\(refusal.spent.text) are spent or reserved"
    self.init(
      .budgetExceeded, message,
      details: [
        ("budget", .string(refusal.budget)), ("spent_usd", refusal.spent.json),
        ("limit_usd", refusal.limit.json),
        ("estimate_usd", estimate.map { $0.json } ?? .null),
      ])
  }
}

extension NanoDollars {
  /// US dollars in digits, as in messages.
  var text: String { json.text }
}
