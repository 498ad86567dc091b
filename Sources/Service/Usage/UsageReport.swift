internal import EventLoop
package import JSON
package import Store
package import Wire

/// The method `usage.summary`: what it is asked, and its answer.
package enum UsageReport {
  /// Reads `since`, `until` (Unix seconds, or a day as in `2026-01-31`: from its start, up to its
  /// end) and `by`.
  ///
  /// - Parameter uid: whose usage; nil for everybody's.
  package static func query(_ params: RawJSON, uid: UInt32?) throws(RPCError) -> UsageQuery {
    var query = UsageQuery()
    query.uid = uid
    if let since = params.nonNull("since") {
      query.since = try time(since, "since") { $0.start }
    }
    if let until = params.nonNull("until") {
      query.until = try time(until, "until") { $0.next.start }
    }
    if let by = params.nonNull("by") {
      guard let grouping = by.string.flatMap({ UsageQuery.Grouping(rawValue: $0) }) else {
        let known = UsageQuery.Grouping.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalidParams("by", "\(by.excerpt) found, one of \(known) expected")
      }
      query.grouping = grouping
    }
    return query
  }

  private static func time(
    _ json: RawJSON, _ name: String, ofDay: (LocalDay) -> Int64
  ) throws(RPCError) -> Int64 {
    if let seconds = json.double, 0...maximumSeconds ~= seconds { return Int64(seconds * 1000) }
    if let day = json.string.flatMap({ LocalDay(text: $0) }) { return ofDay(day) }
    throw .invalidParams(
      name, "\(json.excerpt) found, Unix seconds or a day such as \"2026-01-31\" expected")
  }

  /// The year 5138; milliseconds of it are far from the end of 64 bits.
  private static let maximumSeconds = 1e11

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

  /// The median under the plain name; it says more of what one waits.
  private static func write(
    _ latency: UsageSummary.Latency, _ name: String, _ json: inout JSONWriter
  ) {
    for (key, value) in [(name, latency.median), ("\(name)_average", latency.average)] {
      json.key(key)
      if let value { json.double((value * 1000).rounded() / 1000) } else { json.null() }
    }
  }

  private static func name(_ group: String?, _ grouping: UsageQuery.Grouping) -> RawJSON {
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
