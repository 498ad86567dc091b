/// What requests used. Rows outlive the responses that they are of.
extension Store {
  /// Makes rows of requests, some of which have ended already; returns how the others are settled.
  package func recordUsage(
    _ rows: [(usage: NewUsage, ending: UsageEnding?)]
  ) async throws(StoreError) -> [UsageHandle?] {
    try await write { transaction throws(StoreError) in
      var handles: [UsageHandle?] = []
      var ended: ClosedRange<Int64>?
      for (usage, ending) in rows {
        if let ending {
          let row = try transaction.record(usage, ending)
          ended = (ended?.lowerBound ?? row)...row
          handles.append(nil)
        } else {
          handles.append(try transaction.begin(usage))
        }
      }
      if let ended { try transaction.sum(ended) }
      return handles
    }
  }

  /// Settles a request's row. One that was settled as an estimate may be settled again.
  package func endUsage(
    _ handle: UsageHandle, _ ending: UsageEnding
  ) async throws(StoreError) {
    try await write { transaction throws(StoreError) in try transaction.end(handle, ending) }
  }

  /// Writes the settled row of a request that joined another's.
  ///
  /// Returns before it is on disk.
  package func recordUsage(
    _ usage: NewUsage, _ ending: UsageEnding
  ) async throws(StoreError) {
    try await write(isEager: true) { transaction throws(StoreError) in
      let row = try transaction.record(usage, ending)
      try transaction.sum(row...row)
    }
  }

  /// Returns the row of a response that goes on after a restart.
  package func usage(of response: ResponseHandle) throws(StoreError) -> UsageHandle? {
    try read { transaction throws(StoreError) in try transaction.usage(of: response) }
  }

  /// Sums up requests that have ended, the groups in order.
  package nonisolated func usageSummary(
    _ query: UsageQuery
  ) async throws(StoreError) -> [UsageSummary] {
    await settle()
    return try await reader.read { transaction throws(StoreError) in
      try transaction.usageSummary(query)
    }
  }

  /// Returns what was spent since a day (as in 20260131), running requests left out.
  package nonisolated func spending(sinceDay day: Int) async throws(StoreError) -> [UsageSpending] {
    try await reader.read { transaction throws(StoreError) in
      try transaction.spending(sinceDay: day)
    }
  }
}
