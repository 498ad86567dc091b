import Configuration
import Service
import Store
import Testing

@Suite struct UsageBudgetTests {
  private let nvim = Budgets.Spender(.user(1000), client: "nvim")
  private let shell = Budgets.Spender(.user(1001), client: "halley")
  private let day = LocalDay(number: 20_260_131)
  private let nextDay = LocalDay(number: 20_260_201)

  private func budgets(_ change: (inout BudgetsConfiguration) -> Void) -> Budgets {
    var configuration = BudgetsConfiguration()
    change(&configuration)
    return Budgets(configuration)
  }

  private func reserve(
    _ amount: Int64?, _ budgets: inout Budgets, _ spender: Budgets.Spender? = nil,
    on day: LocalDay? = nil
  ) -> Budgets.Reservation? {
    if case .granted(let reservation) = budgets.reserve(
      amount.map { NanoDollars($0) }, for: spender ?? nvim, on: day ?? self.day)
    {
      return reservation
    }
    return nil
  }

  private func refusal(
    _ amount: Int64?, _ budgets: inout Budgets, _ spender: Budgets.Spender? = nil,
    on day: LocalDay? = nil
  ) -> Budgets.Refusal? {
    if case .refused(let refusal) = budgets.reserve(
      amount.map { NanoDollars($0) }, for: spender ?? nvim, on: day ?? self.day)
    {
      return refusal
    }
    return nil
  }

  @Test func `requests that run together can't go beyond a budget together`() {
    var budgets = budgets { $0.overall.daily = NanoDollars(1000) }
    let granted = (0..<64).compactMap { _ in reserve(100, &budgets) }
    #expect(granted.count == 10)
    #expect(
      refusal(100, &budgets)
        == Budgets.Refusal(
          budget: "daily_usd", spent: NanoDollars(1000), limit: NanoDollars(1000),
          isPriceUnknown: false))
    for reservation in granted { _ = budgets.settle(reservation, cost: NanoDollars(40)) }
    #expect((0..<64).compactMap { _ in reserve(100, &budgets) }.count == 6)
  }

  @Test func `what a token spends counts for its user, also of one that is apart`() throws {
    var budgets = budgets { $0.perUser[1000] = .init(daily: NanoDollars(100)) }
    let subject = try #require(Subject("token:editor@uid:1000"))
    #expect(subject.payer == .user(1000))
    #expect(Subject.socket("box").payer == .socket("box"))
    let token = Budgets.Spender(subject, client: "editor")
    #expect(reserve(60, &budgets, token) != nil)
    #expect(reserve(60, &budgets) == nil)
    #expect(refusal(60, &budgets, token)?.budget == "per_user.1000.daily_usd")
    #expect(reserve(60, &budgets, shell) != nil)
    let standing = try #require(budgets.standings(of: subject, on: day).first)
    #expect(standing.spent == NanoDollars(60))
  }

  @Test func `what was not spent is free again`() throws {
    var budgets = budgets { $0.overall.daily = NanoDollars(100) }
    let reservation = try #require(reserve(100, &budgets))
    #expect(reserve(1, &budgets) == nil)
    _ = budgets.settle(reservation, cost: .zero)
    #expect(reserve(100, &budgets) != nil)
  }

  @Test func `each budget counts its own spenders`() {
    var budgets = budgets {
      $0.perClient = ["nvim": .init(daily: NanoDollars(10))]
      $0.perUser = [1001: .init(monthly: NanoDollars(5))]
    }
    #expect(refusal(11, &budgets)?.budget == "per_client.nvim.daily_usd")
    #expect(refusal(6, &budgets, shell)?.budget == "per_user.1001.monthly_usd")
    #expect(reserve(1000, &budgets, Budgets.Spender(.user(1), client: "other")) != nil)
    #expect(reserve(10, &budgets) != nil)
    #expect(reserve(5, &budgets, shell) != nil)
  }

  /// The token "zed" of a user, who may spend as much as he likes himself.
  private func token(_ amount: Int64, of uid: UInt32 = 1000) -> Budgets.Spender {
    Budgets.Spender(
      .user(uid), client: "zed", allowance: .init(NanoDollars(amount), name: "token.zed"))
  }

  @Test func `a token spends a day what it may, whatever its user has left`() throws {
    var budgets = budgets { _ in }
    let first = try #require(reserve(60, &budgets, token(100)))
    #expect(
      refusal(60, &budgets, token(100))
        == Budgets.Refusal(
          budget: "token.zed", spent: NanoDollars(60), limit: NanoDollars(100),
          isPriceUnknown: false))
    #expect(budgets.standing(of: token(100), on: day)?.spent == NanoDollars(60))
    #expect(budgets.standing(of: nvim, on: day) == nil)
    #expect(reserve(1_000_000, &budgets) != nil)
    #expect(budgets.settle(first, cost: NanoDollars(90)).map(\.budget) == ["token.zed"])
    #expect(reserve(20, &budgets, token(100)) == nil)
    #expect(reserve(60, &budgets, token(100, of: 1001)) != nil)
    #expect(reserve(20, &budgets, token(200)) != nil)
    #expect(reserve(60, &budgets, token(100), on: nextDay) != nil)
  }

  @Test func `what a token spent before the start counts`() {
    var budgets = budgets { _ in }
    budgets.restore([
      UsageSpending(day: day.number, subject: .user(1000), client: "zed", cost: 70)
    ])
    #expect(refusal(40, &budgets, token(100))?.spent == NanoDollars(70))
    #expect(reserve(30, &budgets, token(100)) != nil)
    #expect(reserve(100, &budgets, token(100, of: 1001)) != nil)
  }

  @Test func `a refused request leaves nothing reserved`() {
    var budgets = budgets {
      $0.overall.daily = NanoDollars(100)
      $0.perUser = [1000: .init(daily: NanoDollars(10))]
    }
    #expect(refusal(50, &budgets)?.budget == "per_user.1000.daily_usd")
    #expect(reserve(100, &budgets, shell) != nil)
  }

  @Test func `a day's budget begins anew, a month's goes on until its end`() throws {
    var budgets = budgets {
      $0.overall = .init(daily: NanoDollars(10), monthly: NanoDollars(15))
    }
    let before = LocalDay(number: 20_260_130)
    let first = try #require(reserve(10, &budgets, on: before))
    _ = budgets.settle(first, cost: NanoDollars(10))
    #expect(refusal(1, &budgets, on: before)?.budget == "daily_usd")
    #expect(refusal(6, &budgets)?.budget == "monthly_usd")
    let second = try #require(reserve(5, &budgets))
    _ = budgets.settle(second, cost: NanoDollars(5))
    #expect(reserve(10, &budgets, on: nextDay) != nil)
  }

  @Test func `a request counts for the day on which it began`() throws {
    var budgets = budgets { $0.overall.daily = NanoDollars(10) }
    let late = try #require(reserve(10, &budgets))
    #expect(reserve(10, &budgets, on: nextDay) != nil)
    #expect(budgets.settle(late, cost: NanoDollars(10)).map(\.budget) == ["daily_usd"])
    #expect(refusal(1, &budgets, on: nextDay)?.spent == NanoDollars(10))
  }

  @Test func `what was spent before a restart counts`() {
    var budgets = budgets { $0.overall = .init(daily: NanoDollars(10), monthly: NanoDollars(30)) }
    budgets.restore([
      UsageSpending(day: 20_260_130, subject: .user(1000), client: "nvim", cost: 20),
      UsageSpending(day: 20_260_131, subject: .user(1001), client: "halley", cost: 7),
    ])
    #expect(
      refusal(4, &budgets)
        == Budgets.Refusal(
          budget: "daily_usd", spent: NanoDollars(7), limit: NanoDollars(10),
          isPriceUnknown: false))
    #expect(reserve(3, &budgets) != nil)
    #expect(refusal(1, &budgets, on: LocalDay(number: 20_260_131))?.budget == "daily_usd")
  }

  @Test func `a price that nobody knows is allowed or denied as configured`() throws {
    var allowing = budgets { $0.overall.daily = NanoDollars(10) }
    let reservation = try #require(reserve(nil, &allowing))
    _ = allowing.settle(reservation, cost: nil)
    let known = try #require(reserve(10, &allowing))
    _ = allowing.settle(known, cost: NanoDollars(10))
    #expect(refusal(nil, &allowing)?.isPriceUnknown == true)
    var denying = budgets {
      $0.overall.daily = NanoDollars(10)
      $0.onUnknownPrice = .deny
    }
    #expect(refusal(nil, &denying)?.isPriceUnknown == true)
    #expect(reserve(10, &denying) != nil)
  }

  @Test func `what costs nothing is never refused`() throws {
    var budgets = budgets { $0.overall.daily = NanoDollars(10) }
    let reservation = try #require(reserve(10, &budgets))
    _ = budgets.settle(reservation, cost: NanoDollars(25))
    #expect(refusal(1, &budgets)?.spent == NanoDollars(25))
    #expect(reserve(0, &budgets) != nil)
  }

  @Test func `a budget warns once in a period, when so much is spent`() throws {
    var budgets = budgets {
      $0.overall = .init(daily: NanoDollars(100), monthly: NanoDollars(1000))
    }
    func spend(_ amount: Int64, on day: LocalDay) throws -> [Budgets.Warning] {
      let reservation = try #require(reserve(amount, &budgets, on: day))
      return budgets.settle(reservation, cost: NanoDollars(amount))
    }
    #expect(try spend(79, on: day).isEmpty)
    #expect(
      try spend(1, on: day) == [
        Budgets.Warning(budget: "daily_usd", spent: NanoDollars(80), limit: NanoDollars(100))
      ])
    #expect(try spend(20, on: day).isEmpty)
    #expect(try spend(90, on: nextDay).map(\.budget) == ["daily_usd"])
  }

  @Test func `a warning that was given before a restart is not given again`() throws {
    var budgets = budgets { $0.overall.daily = NanoDollars(100) }
    budgets.restore([UsageSpending(day: 20_260_131, subject: .user(1), client: "a", cost: 85)])
    let reservation = try #require(reserve(5, &budgets))
    #expect(budgets.settle(reservation, cost: NanoDollars(5)).isEmpty)
  }

  @Test func `a reload changes limits and forgets no spending`() throws {
    var budgets = budgets { _ in }
    #expect(budgets.isEmpty)
    let reservation = try #require(reserve(50, &budgets))
    _ = budgets.settle(reservation, cost: NanoDollars(50))
    budgets.configuration.overall.daily = NanoDollars(60)
    #expect(!budgets.isEmpty)
    #expect(refusal(11, &budgets)?.spent == NanoDollars(50))
  }
}
