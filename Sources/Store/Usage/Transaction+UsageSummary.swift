/// Summing up rows of `usage`.
extension Transaction {
  /// Requests up to which latencies are exact; of more, they are counted in bins.
  private static let mostExact = 4096

  /// Days are summed up already; of one that is asked for in part, and for conversations, the
  /// requests themselves are.
  func usageSummary(_ query: UsageQuery) throws(StoreError) -> [UsageSummary] {
    guard query.grouping != .conversation else { return try summaryOfRequests(query) }
    var rows = try sums(query)
    let isExact =
      rows.reduce(0) { $0.addingReportingOverflow($1.requests).partialValue } <= Self.mostExact
    let firstEvents =
      try isExact ? latencies("first_event", query) : bins(0, "first_event", query)
    let totals = try isExact ? latencies("total", query) : bins(1, "total", query)
    for index in rows.indices {
      rows[index].firstEvent = firstEvents[rows[index].group] ?? UsageSummary.Latency()
      rows[index].total = totals[rows[index].group] ?? UsageSummary.Latency()
    }
    return rows
  }

  /// Joins what is asked for of a day's sums with its requests.
  private static let requestsOfSum = """
    usage_days d CROSS JOIN usage u ON u.day = d.day AND u.subject = d.subject
      AND u.client = d.client AND u.upstream = d.upstream AND u.model = d.model
    """

  private func sums(_ query: UsageQuery) throws(StoreError) -> [UsageSummary] {
    let values = try Selection(query, self)
    let sum = { (column: String) in "CAST(total(\(column)) AS INTEGER)" }
    return try database.all(
      """
      WITH parts (\(UsageSums.columns)) AS (
        SELECT \(UsageSums.columns) FROM usage_days d WHERE \(Selection.wholeDays)
        UNION ALL
        SELECT \(UsageSums.added("u.")) FROM \(Self.requestsOfSum)
        WHERE \(Selection.cutDays) AND \(Selection.requests))
      SELECT \(query.grouping.column) AS grouped, sum(requests), sum(unfinished),
        \(sum("input_tokens")), \(sum("cached_tokens")), \(sum("output_tokens")),
        \(sum("reasoning_tokens")),
        CASE WHEN sum(requests) > sum(unpriced) THEN \(sum("cost")) END, sum(unpriced),
        sum(estimated), sum(upper_bounds), sum(hits), sum(joined)
      FROM parts GROUP BY grouped HAVING sum(requests) > 0 ORDER BY grouped
      """, values.since, values.until, values.subject, values.client
    ) { Self.summary($0) }
  }

  /// Average and median of a time, for each group that has one, as its bins tell.
  private func bins(
    _ kind: Int, _ column: String, _ query: UsageQuery
  ) throws(StoreError) -> [String?: UsageSummary.Latency] {
    let values = try Selection(query, self)
    let keys = { (table: String) in
      ["day", "subject", "client", "upstream", "model"].map { table + $0 }.joined(separator: ", ")
    }
    let rows = try database.all(
      """
      WITH parts (\(keys("")), bin, count) AS (
        SELECT \(keys("d.")), bin, count
        FROM usage_days d CROSS JOIN usage_times t ON t.day = d.id AND t.kind = \(kind)
        WHERE \(Selection.wholeDays)
        UNION ALL
        SELECT \(keys("u.")), \(UsageSums.bin(of: "u.\(column)")), 1 FROM \(Self.requestsOfSum)
        WHERE \(Selection.cutDays) AND \(Selection.requests) AND u.cache = 'miss'
          AND u.\(column) IS NOT NULL)
      SELECT \(query.grouping.column) AS grouped, bin, sum(count) FROM parts
      GROUP BY grouped, bin HAVING sum(count) > 0 ORDER BY grouped, bin
      """, values.since, values.until, values.subject, values.client
    ) { (group: $0.optionalText(0), bin: $0.integer(1), count: $0.integer(2)) }
    return Dictionary(grouping: rows, by: \.group).mapValues { rows in
      UsageSums.latency(of: rows.map { (bin: $0.bin, count: $0.count) })
    }
  }

  private func summaryOfRequests(_ query: UsageQuery) throws(StoreError) -> [UsageSummary] {
    let values = try Selection(query, self)
    let sum = Self.sum(of:)
    var rows = try database.all(
      """
      SELECT \(query.grouping.column) AS grouped, count(*), sum(status <> 'completed'),
        \(sum("input_tokens")), \(sum("cached_tokens")), \(sum("output_tokens")),
        \(sum("reasoning_tokens")), \(sum("cost")), sum(cost IS NULL), sum(is_estimated), sum(is_upper_bound),
        sum(cache = 'hit'), sum(cache = 'joined')
      FROM usage WHERE \(Selection.condition) GROUP BY grouped ORDER BY grouped
      """, values.since, values.until, values.subject, values.client
    ) { Self.summary($0) }
    let firstEvents = try latencies("first_event", query)
    let totals = try latencies("total", query)
    for index in rows.indices {
      rows[index].firstEvent = firstEvents[rows[index].group] ?? UsageSummary.Latency()
      rows[index].total = totals[rows[index].group] ?? UsageSummary.Latency()
    }
    return rows
  }

  /// The sum of a column, NULL where no row has a value. SQLite's `sum()` fails beyond 64 bits, which
  /// an upstream reaches that tells of enough tokens; this one stays at their end, and is exact up to
  /// 2^53.
  private static func sum(of column: String) -> String {
    "CASE WHEN count(\(column)) > 0 THEN CAST(total(\(column)) AS INTEGER) END"
  }

  /// The parameters that every question about a query has.
  private struct Selection {
    /// Whose sums count, `d`.
    private static let days = """
      d.day > 0 AND (?3 IS NULL OR d.subject = ?3) AND (?4 IS NULL OR d.client = ?4)
        AND d.last_start >= ?1 AND d.first_start < ?2
      """
    /// Days of which all is asked for, and those of which only a part is.
    static let wholeDays = "\(days) AND d.first_start >= ?1 AND d.last_start < ?2"
    static let cutDays = "\(days) AND (d.first_start < ?1 OR d.last_start >= ?2)"
    /// All of which something is asked for.
    static let anyDays = days
    /// Which of their requests, `u`.
    static let requests = """
      u.started_at >= ?1 AND u.started_at < ?2 AND u.ended_at IS NOT NULL
      """

    static let condition = """
      started_at >= ?1 AND started_at < ?2 AND (?3 IS NULL OR subject = ?3)
        AND (?4 IS NULL OR client = ?4) AND ended_at IS NOT NULL
      """

    let since: SQLValue
    let until: SQLValue
    let subject: SQLValue
    let client: SQLValue

    init(_ query: UsageQuery, _ transaction: Transaction) throws(StoreError) {
      since = .integer(query.since ?? 0)
      until = .integer(query.until ?? .max)
      let owner = try query.principal.map { (principal) throws(StoreError) in
        try transaction.reader(principal)
      }
      subject = .integer(owner?.subject)
      client = .text(owner?.seesAll == false ? owner?.token : nil)
    }
  }

  private static func summary(_ row: borrowing Row) -> UsageSummary {
    func count(_ column: Int32) -> Int { Int(row.integer(column)) }
    return UsageSummary(
      group: row.optionalText(0), requests: count(1), unfinished: count(2),
      tokens: TokenCounts(
        input: count(3), cached: count(4), output: count(5), reasoning: count(6)),
      cost: row.optionalInteger(7), unpriced: count(8), estimated: count(9),
      upperBounds: count(10), hits: count(11), joined: count(12),
      firstEvent: UsageSummary.Latency(), total: UsageSummary.Latency())
  }

  /// Average and median of a time in milliseconds, for each group that has one.
  private func latencies(
    _ column: String, _ query: UsageQuery
  ) throws(StoreError) -> [String?: UsageSummary.Latency] {
    let values = try Selection(query, self)
    let requests =
      query.grouping == .conversation
      ? "SELECT * FROM usage WHERE \(Selection.condition)"
      : "SELECT u.* FROM \(Self.requestsOfSum) WHERE \(Selection.anyDays) AND \(Selection.requests)"
    let rows = try database.all(
      """
      WITH ranked AS (
        SELECT \(query.grouping.column) AS grouped, \(column) AS time,
          row_number() OVER (PARTITION BY \(query.grouping.column) ORDER BY \(column)) AS rank,
          count(*) OVER (PARTITION BY \(query.grouping.column)) AS count
        FROM (\(requests)) WHERE \(column) IS NOT NULL AND cache = 'miss')
      SELECT grouped, avg(time),
        avg(CASE WHEN rank IN ((count + 1) / 2, count / 2 + 1) THEN time END)
      FROM ranked GROUP BY grouped
      """, values.since, values.until, values.subject, values.client
    ) { row in
      (
        row.optionalText(0),
        UsageSummary.Latency(average: row.double(1) / 1000, median: row.double(2) / 1000)
      )
    }
    return Dictionary(rows) { $1 }
  }

  func spending(sinceDay day: Int) throws(StoreError) -> [UsageSpending] {
    try database.all(
      """
      SELECT day, subject, client, \(Self.sum(of: "cost")) FROM usage_days
      WHERE day >= ? AND cost > 0 GROUP BY day, subject, client
      """, .integer(Int64(day))
    ) { row throws(StoreError) in
      UsageSpending(
        day: Int(row.integer(0)), subject: try subject(row.integer(1)), client: row.text(2),
        cost: row.integer(3))
    }
  }
}

extension UsageQuery.Grouping {
  fileprivate var column: String { self == .uid ? Self.subjectName : rawValue }

  /// Users have their numbers, others their names.
  private static let subjectName = """
    CASE WHEN subject < 4294967296 THEN subject ELSE (SELECT name FROM subjects WHERE subjects.id = subject) END
    """
}
