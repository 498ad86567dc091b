import JSON
import Store
import Testing

@Suite struct UsageTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  private func new(
    of subject: Subject = .user(1000), client: String = "nvim", model: String = "gpt-5.4",
    day: Int = 20_260_131
  ) -> NewUsage {
    NewUsage(of: subject, client: client, upstream: "cometapi", model: model, day: day)
  }

  private func ending(
    _ tokens: TokenCounts = TokenCounts(), cost: Int64? = nil, status: String = "completed",
    origin: UsageEnding.Origin = .miss, total: Int64? = nil
  ) -> UsageEnding {
    var ending = UsageEnding(status: status, origin: origin)
    ending.tokens = tokens
    ending.cost = cost
    ending.timing.total = total
    ending.timing.firstEvent = total.map { $0 / 2 }
    return ending
  }

  private func record(_ usage: NewUsage, _ ending: UsageEnding) async throws {
    try await store.endUsage(try await store.beginUsage(usage), ending)
  }

  private func summary(
    by grouping: UsageQuery.Grouping = .day, as principal: Principal? = nil, of store: Store? = nil
  ) async throws -> [UsageSummary] {
    var query = UsageQuery()
    query.grouping = grouping
    query.principal = principal
    return try await (store ?? self.store).usageSummary(query)
  }

  @Test func `a settled request is summed up, a running one is not yet`() async throws {
    let handle = try await store.beginUsage(new())
    #expect(try await summary().isEmpty)
    let tokens = TokenCounts(input: 100, cached: 40, output: 20, reasoning: 5)
    try await store.endUsage(handle, ending(tokens, cost: 7))
    let row = try #require(try await summary().first)
    #expect(row.group == "20260131" && row.requests == 1 && row.unfinished == 0)
    #expect(row.tokens == tokens)
    #expect(row.cost == 7 && row.unpriced == 0 && row.estimated == 0)
  }

  @Test(arguments: UsageQuery.Grouping.allCases)
  func `requests are grouped by what is asked for`(grouping: UsageQuery.Grouping) async throws {
    var one = new()
    one.conversation = "conv_1"
    try await record(one, ending())
    var other = new(of: .user(1001), client: "halley", model: "gemma", day: 20_260_201)
    other.upstream = "local"
    try await record(other, ending())
    try await record(other, ending())
    let rows = try await summary(by: grouping)
    let expected: [String?] =
      switch grouping {
      case .day: ["20260131", "20260201"]
      case .model: ["gemma", "gpt-5.4"]
      case .upstream: ["cometapi", "local"]
      case .client: ["halley", "nvim"]
      case .conversation: [nil, "conv_1"]
      case .uid: ["1000", "1001"]
      }
    #expect(rows.map(\.group) == expected)
    #expect(Set(rows.map(\.requests)) == [1, 2])
  }

  @Test func `cost is unknown only where no price is known at all`() async throws {
    try await record(new(model: "a"), ending(cost: 3))
    try await record(new(model: "a"), ending(cost: nil))
    try await record(new(model: "b"), ending(cost: nil))
    try await record(new(model: "c"), ending(cost: 0))
    let rows = try await summary(by: .model)
    #expect(rows.map(\.cost) == [3, nil, 0])
    #expect(rows.map(\.unpriced) == [1, 1, 0])
  }

  @Test func `hits, joined, estimated and unfinished requests are counted`() async throws {
    try await store.recordUsage(new(), ending(cost: 0, origin: .hit))
    try await record(new(), ending(origin: .joined))
    var estimated = ending(status: "cancelled")
    estimated.isEstimated = true
    estimated.isUpperBound = true
    try await record(new(), estimated)
    let row = try #require(try await summary().first)
    #expect(row.requests == 3 && row.hits == 1 && row.joined == 1)
    #expect(row.estimated == 1 && row.upperBounds == 1 && row.unfinished == 1)
  }

  @Test(
    arguments: [([4], 4, 4), ([1, 2, 9], 4, 2), ([1, 3, 5, 11], 5, 4)]
      as [([Int64], Double, Double)])
  func `latency is that of requests that asked an upstream`(
    times: [Int64], average: Double, median: Double
  ) async throws {
    for time in times { try await record(new(), ending(total: time * 1000)) }
    try await record(new(), ending(origin: .hit, total: 900_000))
    try await record(new(), ending())
    let row = try #require(try await summary().first)
    #expect(row.total == latency(row.total, average, median))
    #expect(row.firstEvent == latency(row.firstEvent, average / 2, median / 2))
  }

  private func latency(
    _ found: UsageSummary.Latency, _ average: Double, _ median: Double
  ) -> UsageSummary.Latency? {
    found.average == average && found.median == median ? found : nil
  }

  @Test func `a user's summary holds nothing of another user`() async throws {
    try await record(new(), ending(cost: 1))
    try await record(new(of: .user(1001)), ending(cost: 10))
    #expect(try await summary(as: .user(1001)).map(\.cost) == [10])
    #expect(try await summary().map(\.cost) == [11])
  }

  @Test func `a period begins with its first and ends before its last moment`() async throws {
    let start = temporary.clock.read()
    for _ in 0..<3 {
      try await record(new(), ending())
      temporary.clock.advance(by: 1000)
    }
    var query = UsageQuery()
    query.since = start + 1000
    query.until = start + 2000
    #expect(try await store.usageSummary(query).map(\.requests) == [1])
  }

  @Test func `a request is settled once`() async throws {
    let handle = try await store.beginUsage(new())
    try await store.endUsage(handle, ending(cost: 1))
    #expect(
      try await code { try await store.endUsage(handle, ending(cost: 2)) } == .conflict)
    #expect(try await summary().map(\.cost) == [1])
  }

  @Test func `who answered may be another than who was asked`() async throws {
    var ended = ending()
    ended.upstream = "openai"
    ended.model = "gpt-5.4-mini"
    try await record(new(), ended)
    #expect(try await summary(by: .upstream).map(\.group) == ["openai"])
    #expect(try await summary(by: .model).map(\.group) == ["gpt-5.4-mini"])
  }

  // MARK: Crashes

  /// Begins a request whose response has three stored events.
  private func begin(price: Int64?) async throws -> ResponseHandle {
    let response = try await store.start(
      NewResponse(as: .user(1000), id: "resp_a", input: [message("q")]))
    try await store.appendEvents([[1], [2], [3]], from: 0, to: response)
    var usage = new()
    usage.response = response
    usage.inputTokens = 50
    usage.inputCost = price.map { _ in 100 }
    usage.outputPrice = price
    _ = try await store.beginUsage(usage)
    return response
  }

  @Test(arguments: [(nil, nil), (2_000_000, 106), (1, 103)] as [(Int64?, Int64?)])
  func `a request that a crash cut off is settled by an estimate`(price: Int64?, cost: Int64?)
    async throws
  {
    _ = try await begin(price: price)
    let reopened = try await temporary.reopened()
    let row = try #require(try await summary(of: reopened).first)
    #expect(row.requests == 1 && row.estimated == 1 && row.unfinished == 1)
    #expect(row.tokens == TokenCounts(input: 50, output: 3))
    #expect(row.cost == cost)
  }

  @Test func `starting again changes nothing that was settled`() async throws {
    _ = try await begin(price: 2_000_000)
    let first = try await temporary.reopened()
    temporary.clock.advance(by: 1000)
    try await first.close()
    let second = try Store.open(
      StoreConfiguration(
        directory: "\(temporary.directory)/state", clock: temporary.clock.read))
    #expect(try await summary(of: second).map(\.cost) == [106])
  }

  @Test func `a response that goes on after a crash settles its usage again`() async throws {
    let response = try await begin(price: 2_000_000)
    let reopened = try await temporary.reopened()
    let handle = try #require(try await reopened.usage(of: response))
    try await reopened.endUsage(handle, ending(TokenCounts(input: 40, output: 9), cost: 5))
    let row = try #require(try await summary(of: reopened).first)
    #expect(row.cost == 5 && row.estimated == 0 && row.tokens.output == 9)
  }

  @Test func `usage outlives its response`() async throws {
    let response = try await begin(price: nil)
    let handle = try #require(try await store.usage(of: response))
    _ = try await store.finishResponse(
      response,
      ResponseEnding(status: .failed, object: nil, output: [], continuesConversation: false))
    try await store.endUsage(handle, ending(cost: 1))
    try await store.deleteResponse("resp_a", as: .user(1000))
    #expect(try await summary().map(\.requests) == [1])
    #expect(try await store.usage(of: response) == nil)
  }

  @Test func `the highest price does not keep the store from opening`() async throws {
    _ = try await begin(price: 1_000_000_000_000_000)
    #expect(try await summary(of: temporary.reopened()).map(\.cost) == [3_000_000_100])
  }

  // MARK: Spending and prices

  @Test func `spending is told by day, user and client`() async throws {
    try await record(new(day: 20_260_130), ending(cost: 1))
    try await record(new(), ending(cost: 2))
    try await record(new(), ending(cost: 4))
    try await record(new(client: "halley"), ending(cost: 8))
    try await record(new(client: "free"), ending(cost: nil))
    _ = try await store.beginUsage(new())
    let spending = try await store.spending(sinceDay: 20_260_131)
    #expect(Set(spending.map(\.client)) == ["nvim", "halley"])
    #expect(Set(spending.map(\.cost)) == [6, 8])
    #expect(spending.allSatisfy { $0.day == 20_260_131 && $0.subject == .user(1000) })
  }

  @Test func `a new price list replaces that of its upstream`() async throws {
    let old = StoredPrice(model: "a", input: 1, cachedInput: 2, output: 3)
    let new = StoredPrice(model: "b", input: 4, cachedInput: nil, output: 6)
    try await store.replacePrices(of: "cometapi", with: [old])
    try await store.replacePrices(of: "other", with: [old])
    temporary.clock.advance(by: 1000)
    try await store.replacePrices(of: "cometapi", with: [new])
    let reopened = try await temporary.reopened()
    #expect(
      try await reopened.priceLists() == [
        StoredPriceList(upstream: "cometapi", readAt: 1_700_000_001_000, prices: [new]),
        StoredPriceList(upstream: "other", readAt: 1_700_000_000_000, prices: [old]),
      ])
  }

  // MARK: Numbers that an upstream makes up

  @Test func `sums that no number holds stay at the end of the numbers`() async throws {
    for _ in 0..<3 {
      try await record(
        new(), ending(TokenCounts(input: .max, cached: .max, output: .max), cost: .max))
    }
    let row = try #require(try await summary().first)
    #expect(row.tokens.input == .max && row.tokens.cached == .max && row.tokens.output == .max)
    #expect(row.cost == .max)
    #expect(try await store.spending(sinceDay: 20_260_101).map(\.cost) == [.max])
  }

  @Test func `an interrupted request of any price is settled at the next start`() async throws {
    var request = new()
    request.inputTokens = .max
    request.inputCost = .max
    request.outputPrice = .max
    let handle = try await store.start(NewResponse(as: .user(1000), id: "resp_a", input: []))
    request.response = handle
    _ = try await store.beginUsage(request)
    try await store.appendEvents([[1], [2]], from: 0, to: handle)
    let reopened = try await temporary.reopened()
    let row = try #require(try await summary(of: reopened).first)
    #expect(row.cost == .max && row.tokens.output == 2)
  }
}

extension Store {
  /// Makes the row of a request that has not ended.
  func beginUsage(_ usage: NewUsage) async throws -> UsageHandle {
    try #require(try await recordUsage([(usage, nil)]).first ?? nil)
  }
}
