/// The sums of requests that `usage_days` and `usage_times` hold.
enum UsageSums {
  static let columns = """
    day, subject, client, upstream, model, first_start, last_start, requests, unfinished,
    input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost, unpriced, estimated,
    upper_bounds, hits, joined
    """

  /// What a row of `usage` adds, in the order of `columns`.
  ///
  /// - Parameter table: the name of `usage` in the statement, and a point.
  static func added(_ table: String = "") -> String {
    let keys = ["day", "subject", "client", "upstream", "model", "started_at", "started_at"]
    let sums = [
      "1", "(\(table)status <> 'completed')", "\(table)input_tokens", "\(table)cached_tokens",
      "\(table)output_tokens", "\(table)reasoning_tokens", "coalesce(\(table)cost, 0)",
      "(\(table)cost IS NULL)", "\(table)is_estimated", "\(table)is_upper_bound",
      "(\(table)cache = 'hit')", "(\(table)cache = 'joined')",
    ]
    return (keys.map { table + $0 } + sums).joined(separator: ", ")
  }

  /// What rows have in common that are summed up.
  static let group = "day, subject, client, upstream, model"

  /// The columns that hold sums.
  private static let sums = columns.split(separator: ",")
    .map { String($0.filter { !$0.isWhitespace }) }.dropFirst(7)

  /// What several of what rows add come to; `?3` is 1, or -1 to take it off.
  static let totals =
    "\(group), min(first_start), max(last_start), "
    + sums.map { "CAST(?3 * total(\($0)) AS INTEGER)" }.joined(separator: ", ")

  /// Adds what did not fit to the row that is there. Sums stay at the end of 64 bits, and are exact up
  /// to 2^53.
  static let merging = sums.map { "\($0) = CAST(1.0 * \($0) + excluded.\($0) AS INTEGER)" }
    .joined(separator: ", ")

  // MARK: Times

  /// The bin of a time in microseconds, as an expression.
  static func bin(of column: String) -> String {
    "length(max(\(column), 0)) * 100 + CAST(substr(max(\(column), 0), 1, 2) AS INTEGER)"
  }

  /// The middle of a bin in milliseconds; at most 5 % away from what is in it.
  static func milliseconds(ofBin bin: Int64) -> Double {
    var middle = Double(bin % 100)
    let digits = max(bin / 100, 1)
    guard digits > 2 else { return middle / 1000 }
    middle += 0.5
    for _ in 2..<min(digits, 20) { middle *= 10 }
    return middle / 1000
  }

  /// Average and median of times that were counted, the bins in their order.
  static func latency(of bins: [(bin: Int64, count: Int64)]) -> UsageSummary.Latency {
    let count = bins.reduce(0) { $0 + $1.count }
    guard count > 0 else { return UsageSummary.Latency() }
    let sum = bins.reduce(0.0) { $0 + milliseconds(ofBin: $1.bin) * Double($1.count) }
    var below: Int64 = 0
    let middle = bins.first { bin in
      below += bin.count
      return below * 2 >= count
    }
    return UsageSummary.Latency(
      average: sum / Double(count), median: middle.map { milliseconds(ofBin: $0.bin) })
  }
}

extension Transaction {
  /// Adds those of some rows to the sums that have ended, or takes one off before it is settled anew.
  /// Rows that are written together are added together: a statement for each is dearer than all else of
  /// a request.
  func sum(_ rows: ClosedRange<Int64>, sign: Int64 = 1) throws(StoreError) {
    let (first, last) = (SQLValue.integer(rows.lowerBound), SQLValue.integer(rows.upperBound))
    let changed = try database.run(
      """
      WITH parts (\(UsageSums.columns)) AS (
        SELECT \(UsageSums.added()) FROM usage
        WHERE id BETWEEN ?1 AND ?2 AND ended_at IS NOT NULL)
      INSERT INTO usage_days (\(UsageSums.columns))
        SELECT \(UsageSums.totals) FROM parts GROUP BY \(UsageSums.group)
      ON CONFLICT (\(UsageSums.group)) DO UPDATE SET
        first_start = min(first_start, excluded.first_start),
        last_start = max(last_start, excluded.last_start), \(UsageSums.merging)
      """, first, last, .integer(sign))
    guard changed > 0 else { return }
    for (kind, column) in [(0, "first_event"), (1, "total")] as [(Int64, String)] {
      try database.run(
        """
        INSERT INTO usage_times (day, kind, bin, count)
          SELECT usage_days.id, ?4, \(UsageSums.bin(of: column)) AS bin, ?3 * count(*)
          FROM usage JOIN usage_days USING (\(UsageSums.group))
          WHERE usage.id BETWEEN ?1 AND ?2 AND ended_at IS NOT NULL AND cache = 'miss'
            AND \(column) IS NOT NULL
          GROUP BY usage_days.id, bin
        ON CONFLICT (day, kind, bin) DO UPDATE SET count = count + excluded.count
        """, first, last, .integer(sign), .integer(kind))
    }
  }
}
