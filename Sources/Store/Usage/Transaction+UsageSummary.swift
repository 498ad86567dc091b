/// Summing up rows of `usage`.
extension Transaction {
  func usageSummary(_ query: UsageQuery) throws(StoreError) -> [UsageSummary] {
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
    let rows = try database.all(
      """
      WITH ranked AS (
        SELECT \(query.grouping.column) AS grouped, \(column) AS time,
          row_number() OVER (PARTITION BY \(query.grouping.column) ORDER BY \(column)) AS rank,
          count(*) OVER (PARTITION BY \(query.grouping.column)) AS count
        FROM usage WHERE \(Selection.condition) AND \(column) IS NOT NULL AND cache = 'miss')
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
      SELECT day, subject, client, \(Self.sum(of: "cost")) FROM usage
      WHERE day >= ? AND ended_at IS NOT NULL AND cost > 0 GROUP BY day, subject, client
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
