import Store
import Testing

/// The sums of days against the requests themselves.
@Suite struct UsageSumTests {
  fileprivate struct Request {
    var usage: NewUsage
    var ending: UsageEnding
    let startedAt: Int64
  }

  private struct Sum: Equatable {
    var requests = 0
    var unfinished = 0
    var tokens = 0
    var cost: Int64?
    var unpriced = 0
    var hits = 0
  }

  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  /// Requests over several days, a few of which were settled twice.
  private func record(_ count: Int) async throws -> [Request] {
    var random = Numbers()
    var requests: [Request] = []
    for _ in 0..<count {
      temporary.clock.advance(by: random.next(below: 3_000_000))
      let startedAt = temporary.clock.read()
      let subject = Subject.user(UInt32(1000 + random.next(below: 2)))
      var usage = NewUsage(
        of: subject, client: "c\(random.next(below: 2))", upstream: "u\(random.next(below: 2))",
        model: "m\(random.next(below: 3))", day: 20_231_100 + Int(startedAt / 86_400_000 % 30))
      usage.conversation = random.next(below: 2) == 0 ? nil : "conv"
      let first = ending(&random)
      let handle = try await store.beginUsage(usage)
      var last = first
      if first.isEstimated {
        try await store.endUsage(handle, first)
        last = ending(&random)
      }
      try await store.endUsage(handle, last)
      requests.append(Request(usage: usage, ending: last, startedAt: startedAt))
    }
    return requests
  }

  private func ending(_ random: inout Numbers) -> UsageEnding {
    let status = random.next(below: 4) == 0 ? "failed" : "completed"
    var ending = UsageEnding(status: status, origin: random.next(below: 3) == 0 ? .hit : .miss)
    ending.tokens.input = Int(random.next(below: 1000))
    ending.cost = random.next(below: 4) == 0 ? nil : random.next(below: 1_000_000)
    ending.isEstimated = random.next(below: 4) == 0
    ending.timing.total = random.next(below: 5) == 0 ? nil : random.next(below: 5_000_000)
    return ending
  }

  private func expected(
    _ requests: [Request], _ query: UsageQuery
  ) -> [String?: Sum] {
    var sums: [String?: Sum] = [:]
    for request in requests
    where request.startedAt >= query.since ?? 0 && request.startedAt < query.until ?? .max
      && query.principal.map({ $0.subject == request.usage.subject }) ?? true
    {
      let group: String? =
        switch query.grouping {
        case .day: String(request.usage.day)
        case .model: request.usage.model
        case .upstream: request.usage.upstream
        case .client: request.usage.client
        case .conversation: request.usage.conversation
        case .uid: request.usage.subject.userID.map { String($0) }
        }
      var sum = sums[group] ?? Sum()
      sum.requests += 1
      sum.unfinished += request.ending.status == "completed" ? 0 : 1
      sum.tokens += request.ending.tokens.input
      if let cost = request.ending.cost { sum.cost = (sum.cost ?? 0) + cost }
      sum.unpriced += request.ending.cost == nil ? 1 : 0
      sum.hits += request.ending.origin == .hit ? 1 : 0
      sums[group] = sum
    }
    return sums
  }

  private func found(_ query: UsageQuery) async throws -> [String?: Sum] {
    let rows = try await store.usageSummary(query).map { row in
      (
        row.group,
        Sum(
          requests: row.requests, unfinished: row.unfinished, tokens: row.tokens.input,
          cost: row.cost, unpriced: row.unpriced, hits: row.hits)
      )
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }

  @Test func `sums are those of the requests, wherever a day is cut`() async throws {
    let requests = try await record(300)
    var random = Numbers()
    for grouping in UsageQuery.Grouping.allCases {
      for number in 0..<20 {
        var query = UsageQuery()
        query.grouping = grouping
        if number.isMultiple(of: 2) { query.principal = .user(1000) }
        let times = [requests.randomStart(&random), requests.randomStart(&random)].sorted()
        if number > 2 { query.since = times[0] }
        if number > 6 { query.until = times[1] }
        #expect(try await found(query) == expected(requests, query), "\(query)")
      }
    }
  }

  @Test func `a settled request adds to sums in the same transaction`() async throws {
    _ = try await record(40)
    let file = try SQLiteFile(temporary.databasePath)
    let ended = try file.column("SELECT count(*) FROM usage WHERE ended_at IS NOT NULL")
    #expect(try file.column("SELECT sum(requests) FROM usage_days") == ended)
    let timed = try file.column(
      "SELECT count(total) FROM usage WHERE ended_at IS NOT NULL AND cache = 'miss'")
    #expect(try file.column("SELECT sum(count) FROM usage_times WHERE kind = 1") == timed)
  }

  @Test func `latencies of many requests are near those of the requests`() async throws {
    var random = Numbers()
    let usage = NewUsage(
      of: .user(1000), client: "c", upstream: "u", model: "m", day: 20_231_114)
    var times: [Int64] = []
    var rows: [(usage: NewUsage, ending: UsageEnding?)] = []
    for _ in 0..<6001 {
      var ending = UsageEnding(status: "completed", origin: .miss)
      let time = 10_000 + random.next(below: 3_000_000)
      ending.timing.total = time
      times.append(time)
      rows.append((usage: usage, ending: ending))
    }
    _ = try await store.recordUsage(rows)
    let row = try #require(try await store.usageSummary(UsageQuery()).first)
    let median = Double(times.sorted()[3000]) / 1000
    let average = Double(times.reduce(0, +)) / Double(times.count) / 1000
    #expect(row.requests == 6001)
    #expect(abs(try #require(row.total.median) - median) <= median * 0.05)
    #expect(abs(try #require(row.total.average) - average) <= average * 0.05)
    #expect(row.firstEvent.median == nil && row.firstEvent.average == nil)
  }
}

extension [UsageSumTests.Request] {
  fileprivate func randomStart(_ random: inout Numbers) -> Int64 {
    self[Int(random.next(below: Int64(count)))].startedAt
  }
}

/// Numbers that are the same in each run (SplitMix64).
private struct Numbers {
  private var state: UInt64 = 14

  mutating func next(below limit: Int64) -> Int64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return Int64((bits ^ bits >> 31) % UInt64(limit))
  }
}
