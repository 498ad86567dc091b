package import Configuration
package import Store

/// What may still be spent.
///
/// 1. Spent and reserved money together never go beyond a budget by a reservation: what is granted
///    fits every budget that it counts against.
/// 2. A reservation is settled once, against the day on which it was made.
/// 3. Each budget warns once in each of its periods.
package struct Budgets: Sendable {
  /// Who asks.
  package struct Spender: Sendable, Hashable {
    package var subject: Subject
    package var client: String
    package var allowance: Allowance?

    package init(_ subject: Subject, client: String, allowance: Allowance? = nil) {
      self.subject = subject
      self.client = client
      self.allowance = allowance
    }
  }

  /// What a token or a restricted socket may spend in a day. What its subject has spent under the same
  /// name counts, whoever did.
  package struct Allowance: Sendable, Hashable {
    package let amount: NanoDollars
    /// As its budget is called.
    package let name: String

    package init(_ amount: NanoDollars, name: String) {
      self.amount = amount
      self.name = name
    }
  }

  package struct Refusal: Sendable, Equatable {
    /// As in `daily`, `per_client.nvim.monthly`.
    package let budget: String
    /// Reserved money of running requests included.
    package let spent: NanoDollars
    package let limit: NanoDollars
    package let isPriceUnknown: Bool

    package init(
      budget: String, spent: NanoDollars, limit: NanoDollars, isPriceUnknown: Bool
    ) {
      self.budget = budget
      self.spent = spent
      self.limit = limit
      self.isPriceUnknown = isPriceUnknown
    }
  }

  package struct Warning: Sendable, Equatable {
    package let budget: String
    package let spent: NanoDollars
    package let limit: NanoDollars

    package init(budget: String, spent: NanoDollars, limit: NanoDollars) {
      self.budget = budget
      self.spent = spent
      self.limit = limit
    }
  }

  /// Money that is kept for a request until it ends.
  package struct Reservation: Sendable {
    fileprivate let spender: Spender
    fileprivate let day: LocalDay
    package let amount: NanoDollars
  }

  package enum Decision: Sendable {
    case granted(Reservation)
    case refused(Refusal)
  }

  /// A reload changes what may be spent, not what was.
  package var configuration: BudgetsConfiguration
  private var spent: [Account: NanoDollars] = [:]
  private var reserved: [Account: NanoDollars] = [:]
  private var warned: Set<Account> = []

  package init(_ configuration: BudgetsConfiguration) {
    self.configuration = configuration
  }

  /// Whether there is any budget, so that an estimate is worth making.
  package var isEmpty: Bool {
    configuration.overall == BudgetsConfiguration.Budget() && configuration.perClient.isEmpty
      && configuration.perUser.isEmpty
  }

  // MARK: Spending

  /// Takes over what was spent before the start. Budgets that are past their warning by then have
  /// given it.
  package mutating func restore(_ spending: [UsageSpending]) {
    for entry in spending {
      let spender = Spender(entry.subject, client: entry.client)
      let amount = NanoDollars(entry.cost)
      for account in Account.all(of: spender, on: LocalDay(number: entry.day)) {
        spent[account, default: .zero] = spent[account, default: .zero] + amount
      }
      _ = warnings(for: spender, on: LocalDay(number: entry.day))
    }
  }

  /// Reserves the estimate of a request.
  ///
  /// - Parameter amount: nil where no price is known.
  package mutating func reserve(
    _ amount: NanoDollars?, for spender: Spender, on day: LocalDay
  ) -> Decision {
    forgetPeriods(before: day)
    for account in limitedAccounts(of: spender, on: day) {
      guard let limit = limit(of: account, for: spender) else { continue }
      let taken = taken(from: account)
      guard !isWithin(limit, taken, amount) else { continue }
      return .refused(
        Refusal(
          budget: account.name(for: spender), spent: taken, limit: limit,
          isPriceUnknown: amount == nil))
    }
    let reservation = Reservation(spender: spender, day: day, amount: amount ?? .zero)
    change(&reserved, of: reservation, by: reservation.amount)
    return .granted(reservation)
  }

  /// What is known to cost nothing always fits; what costs an unknown sum does while there is
  /// anything left.
  private func isWithin(
    _ limit: NanoDollars, _ taken: NanoDollars, _ amount: NanoDollars?
  ) -> Bool {
    guard let amount else { return configuration.onUnknownPrice == .allow && taken < limit }
    return amount == .zero || taken + amount <= limit
  }

  /// Ends a reservation with what was spent in truth; returns the budgets that are to warn of it.
  ///
  /// - Parameter cost: nil where no price is known.
  package mutating func settle(_ reservation: Reservation, cost: NanoDollars?) -> [Warning] {
    change(&reserved, of: reservation, by: .zero - reservation.amount)
    change(&spent, of: reservation, by: cost ?? .zero)
    return warnings(for: reservation.spender, on: reservation.day)
  }

  private func change(
    _ sums: inout [Account: NanoDollars], of reservation: Reservation, by amount: NanoDollars
  ) {
    guard amount != .zero else { return }
    for account in Account.all(of: reservation.spender, on: reservation.day) {
      let sum = sums[account, default: .zero] + amount
      sums[account] = sum == .zero ? nil : sum
    }
  }

  private func taken(from account: Account) -> NanoDollars {
    spent[account, default: .zero] + reserved[account, default: .zero]
  }

  // MARK: Warning

  private mutating func warnings(for spender: Spender, on day: LocalDay) -> [Warning] {
    var warnings: [Warning] = []
    for account in limitedAccounts(of: spender, on: day) {
      guard let limit = limit(of: account, for: spender), let spent = spent[account],
        Int128(spent.amount) * 100 >= Int128(limit.amount) * Int128(configuration.warnPercent),
        warned.insert(account).inserted
      else { continue }
      warnings.append(Warning(budget: account.name(for: spender), spent: spent, limit: limit))
    }
    return warnings
  }

  // MARK: Standing

  /// How far a budget is used.
  package struct Standing: Sendable, Equatable {
    package let name: String
    package let limit: NanoDollars
    /// Reserved money of running requests included.
    package let spent: NanoDollars
    package let isMonthly: Bool
  }

  /// How far what a spender was allowed is used on a day; nil where that is anything.
  package func standing(of spender: Spender, on day: LocalDay) -> Standing? {
    spender.allowance.map { allowance in
      let account = Account(owner: .name(spender.subject, spender.client), period: .day(day))
      return Standing(
        name: allowance.name, limit: allowance.amount, spent: taken(from: account),
        isMonthly: false)
    }
  }

  /// The budgets that a user's requests count against, as they stand on a day.
  package func standings(of subject: Subject, on day: LocalDay) -> [Standing] {
    let user = Spender(subject, client: "")
    let clients = configuration.perClient.keys.sorted().map {
      Spender(subject, client: $0)
    }
    let accounts =
      Account.all(of: user, on: day)
      + clients.flatMap { Account.all(of: $0, on: day).filter(\.isClient) }
    return accounts.compactMap { account in
      limit(of: account, for: user).map {
        Standing(
          name: account.name(for: user), limit: $0, spent: taken(from: account),
          isMonthly: account.period.isMonth)
      }
    }
  }

  // MARK: Accounts

  private func limit(of account: Account, for spender: Spender) -> NanoDollars? {
    let budget: BudgetsConfiguration.Budget? =
      switch account.owner {
      case .everybody: configuration.overall
      case .name: spender.allowance.map { .init(daily: $0.amount) }
      case .client(let name): configuration.perClient[name]
      case .user(let subject): subject.userID.flatMap { configuration.perUser[$0] }
      }
    return account.period.isMonth ? budget?.monthly : budget?.daily
  }

  /// The accounts of which one may have a limit; most daemons have no budget at all.
  private func limitedAccounts(of spender: Spender, on day: LocalDay) -> [Account] {
    isEmpty && spender.allowance == nil ? [] : Account.all(of: spender, on: day)
  }

  private mutating func forgetPeriods(before day: LocalDay) {
    guard spent.keys.contains(where: { $0.period.hasEnded(on: day) }) else { return }
    spent = spent.filter { !$0.key.period.hasEnded(on: day) }
    warned = warned.filter { !$0.period.hasEnded(on: day) }
  }
}

/// One sum of money that is counted: someone's, in one day or month.
private struct Account: Sendable, Hashable {
  enum Owner: Hashable {
    case everybody
    case client(String)
    case user(Subject)
    /// A subject under one of its names.
    case name(Subject, String)
  }

  enum Period: Hashable {
    case day(LocalDay)
    case month(Int)

    var isMonth: Bool { if case .month = self { true } else { false } }

    func hasEnded(on day: LocalDay) -> Bool {
      switch self {
      case .day(let own): own < day
      case .month(let own): own < day.month
      }
    }
  }

  let owner: Owner
  let period: Period

  var isClient: Bool { if case .client = owner { true } else { false } }

  /// The accounts that a request counts against.
  static func all(of spender: Budgets.Spender, on day: LocalDay) -> [Account] {
    [
      Owner.everybody, .client(spender.client), .user(spender.subject.payer),
      .name(spender.subject, spender.client),
    ].flatMap { owner in
      [
        Account(owner: owner, period: .day(day)), Account(owner: owner, period: .month(day.month)),
      ]
    }
  }

  /// As the budget is called in the configuration.
  func name(for spender: Budgets.Spender) -> String {
    let key = period.isMonth ? "monthly_usd" : "daily_usd"
    return switch owner {
    case .everybody: key
    case .name(_, let name): spender.allowance?.name ?? name
    case .client(let name): "per_client.\(name).\(key)"
    case .user(let subject):
      "per_user.\(subject.userID.map(String.init) ?? subject.name).\(key)"
    }
  }
}
