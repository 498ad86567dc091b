/// Writing rows of `usage`.
extension Transaction {
  func begin(_ usage: NewUsage) throws(StoreError) -> UsageHandle {
    let subject = try added(usage.subject)
    let row = try database.insert(
      """
      INSERT INTO usage (subject, client, client_pid, conversation, response, upstream, model, cache,
        day, started_at, attempts, tool_calls, input_tokens, cached_tokens, output_tokens,
        reasoning_tokens, cost, output_price, is_estimated, is_upper_bound)
      VALUES (?, ?, ?, ?, ?, ?, ?, 'miss', ?, ?, 0, 0, ?, 0, 0, 0, ?, ?, 1, 0)
      """, .integer(subject), .text(usage.client), .integer(usage.clientPID.map(Int64.init)),
      .text(usage.conversation), .integer(usage.response?.row), .text(usage.upstream),
      .text(usage.model), .integer(Int64(usage.day)), .integer(now),
      .integer(Int64(usage.inputTokens)), .integer(usage.inputCost), .integer(usage.outputPrice))
    return UsageHandle(row: row)
  }

  /// Makes the row of a request that has ended; it is not in the sums yet.
  func record(_ usage: NewUsage, _ ending: UsageEnding) throws(StoreError) -> Int64 {
    let subject = try added(usage.subject)
    return try database.insert(
      """
      INSERT INTO usage (subject, client, client_pid, conversation, response, upstream, model, cache,
        day, started_at, attempts, tool_calls, input_tokens, cached_tokens, output_tokens,
        reasoning_tokens, cost, is_estimated, is_upper_bound, status, ended_at, queue, connect,
        first_event, total)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, .integer(subject), .text(usage.client), .integer(usage.clientPID.map(Int64.init)),
      .text(usage.conversation), .integer(usage.response?.row),
      .text(ending.upstream ?? usage.upstream), .text(ending.model ?? usage.model),
      .text(ending.origin.rawValue), .integer(Int64(usage.day)), .integer(now),
      .integer(Int64(ending.attempts)), .integer(Int64(ending.toolCalls)),
      .integer(Int64(ending.tokens.input)), .integer(Int64(ending.tokens.cached)),
      .integer(Int64(ending.tokens.output)), .integer(Int64(ending.tokens.reasoning)),
      .integer(ending.cost), .flag(ending.isEstimated), .flag(ending.isUpperBound),
      .text(ending.status), .integer(now), .integer(ending.timing.queue),
      .integer(ending.timing.connect), .integer(ending.timing.firstEvent),
      .integer(ending.timing.total))
  }

  func end(_ handle: UsageHandle, _ ending: UsageEnding) throws(StoreError) {
    // One that was estimated may be settled again.
    try sum(handle.row...handle.row, sign: -1)
    let changed = try database.run(
      """
      UPDATE usage SET status = ?, cache = ?, upstream = coalesce(?, upstream),
        model = coalesce(?, model), ended_at = ?, attempts = ?, tool_calls = ?, input_tokens = ?,
        cached_tokens = ?, output_tokens = ?, reasoning_tokens = ?, queue = ?, connect = ?,
        first_event = ?, total = ?, cost = ?, is_estimated = ?, is_upper_bound = ?
      WHERE id = ? AND (ended_at IS NULL OR is_estimated)
      """, .text(ending.status), .text(ending.origin.rawValue), .text(ending.upstream),
      .text(ending.model), .integer(now), .integer(Int64(ending.attempts)),
      .integer(Int64(ending.toolCalls)), .integer(Int64(ending.tokens.input)),
      .integer(Int64(ending.tokens.cached)), .integer(Int64(ending.tokens.output)),
      .integer(Int64(ending.tokens.reasoning)), .integer(ending.timing.queue),
      .integer(ending.timing.connect), .integer(ending.timing.firstEvent),
      .integer(ending.timing.total), .integer(ending.cost), .flag(ending.isEstimated),
      .flag(ending.isUpperBound), .integer(handle.row))
    guard changed == 1 else {
      throw StoreError(.conflict, "settle usage", "the usage of the request was settled before")
    }
    try sum(handle.row...handle.row)
  }

  func usage(of response: ResponseHandle) throws(StoreError) -> UsageHandle? {
    try database.integer(
      "SELECT max(id) FROM usage WHERE response = ? AND subject = ?", .integer(response.row),
      .integer(response.subject)
    ).map { UsageHandle(row: $0) }
  }
}

extension Database {
  /// Settles the rows of requests that the daemon did not live to settle: the input as it was
  /// estimated, and a token of output for each stored event, of which most tell of one or few.
  func settleInterruptedUsage(at time: Int64) throws(StoreError) {
    let rows = try all("SELECT id FROM usage WHERE ended_at IS NULL AND id > 0") { $0.integer(0) }
    guard !rows.isEmpty else { return }
    let transaction = Transaction(database: self, now: time)
    try inTransaction { () throws(StoreError) in
      for row in rows { try transaction.settleInterrupted(UsageHandle(row: row)) }
    }
  }
}

extension Transaction {
  fileprivate func settleInterrupted(_ usage: UsageHandle) throws(StoreError) {
    try database.run(
      """
      UPDATE usage SET status = 'incomplete', ended_at = ?, is_estimated = 1, output_tokens =
        coalesce((SELECT sum(count) FROM events WHERE events.response = usage.response), 0)
      WHERE id = ?
      """, .integer(now), .integer(usage.row))
    // The price of one token is rounded up, as all cost is. SQLite goes on with doubles where a sum
    // does not fit 64 bits; the cast brings it back to what does.
    try database.run(
      """
      UPDATE usage SET
        cost = CAST(cost + output_tokens * ((output_price + 999999) / 1000000) AS INTEGER)
      WHERE id = ? AND output_price IS NOT NULL
      """, .integer(usage.row))
    try sum(usage.row...usage.row)
  }
}
