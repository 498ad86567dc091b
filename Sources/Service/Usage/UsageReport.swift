internal import Configuration
internal import EventLoop
package import JSON
package import Store
package import Wire

/// The method `usage.summary`: what it is asked, and its answer.
package enum UsageReport {
  package static let params = Shape.params([
    "by": .words(of: UsageQuery.Grouping.self), "since": time, "until": time,
  ])

  /// Unix seconds up to the year 5138, milliseconds of which are far from the end of 64 bits; or a
  /// day as in `2026-01-31`.
  static let time = Rule.either([.number(0...1e11), .matching(.day)])

  /// Reads what `params` has let pass: `since` is from the start of a day, `until` up to its end.
  ///
  /// - Parameter principal: whose usage; nil for everybody's.
  package static func query(_ params: RawJSON, as principal: Principal?) -> UsageQuery {
    var query = UsageQuery()
    query.principal = principal
    query.since = start(params["since"])
    query.until = params["until"].flatMap { time($0) { $0.next.start } }
    query.grouping = params["by"]?.string.flatMap { .init(rawValue: $0) } ?? query.grouping
    return query
  }

  /// Milliseconds since 1970 of what `time` has let pass: a moment, or the beginning of a day.
  static func start(_ json: RawJSON?) -> Int64? {
    json.flatMap { time($0) { $0.start } }
  }

  private static func time(_ json: RawJSON, ofDay: (LocalDay) -> Int64) -> Int64? {
    json.double.map { Int64($0 * 1000) } ?? json.string.flatMap { LocalDay(checked: $0) }.map(ofDay)
  }

  // MARK: The answer

  package static func json(_ rows: [UsageSummary], _ query: UsageQuery) -> RawJSON {
    .object { result in
      result.member("object", "list")
      result.key("data")
      result.array { data in
        for row in rows { data.object { write(row, query.grouping, &$0) } }
      }
    }
  }

  private static func write(
    _ row: UsageSummary, _ grouping: UsageQuery.Grouping, _ json: inout JSONWriter
  ) {
    json.member(grouping.rawValue, name(row.group, grouping))
    json.member("requests", row.requests)
    json.member("unfinished", row.unfinished)
    json.member("input_tokens", row.tokens.input)
    json.member("cached_tokens", row.tokens.cached)
    json.member("output_tokens", row.tokens.output)
    json.member("reasoning_tokens", row.tokens.reasoning)
    json.member("total_tokens", row.tokens.input.addingSaturating(row.tokens.output))
    json.member("cost_usd", row.cost.map { NanoDollars($0).json } ?? .null)
    json.member("unpriced", row.unpriced)
    json.member("upper_bounds", row.upperBounds)
    json.member("estimated", row.estimated)
    json.member("cache_hits", row.hits)
    json.member("joined", row.joined)
    write(row.firstEvent, "first_event_ms", &json)
    write(row.total, "total_ms", &json)
  }

  /// The plain name is the median's: it tells the usual wait better than the average.
  private static func write(
    _ latency: UsageSummary.Latency, _ name: String, _ json: inout JSONWriter
  ) {
    for (key, value) in [(name, latency.median), ("\(name)_average", latency.average)] {
      json.key(key)
      if let value { json.double((value * 1000).rounded() / 1000) } else { json.null() }
    }
  }

  static func name(_ group: String?, _ grouping: UsageQuery.Grouping) -> RawJSON {
    guard let group else { return .null }
    switch (grouping, Int(group)) {
    case (.day, let number?): return .string(LocalDay(number: number).text)
    case (.uid, let number?): return .integer(number)
    default: return .string(group)
    }
  }
}

extension NanoDollars {
  /// US dollars as a number.
  package var json: RawJSON { .build { $0.double(dollars) } }
}
