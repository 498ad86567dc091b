internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension Method {
  /// Operators see everybody's usage, others their own.
  static let usageSummary = reading("usage.summary", for: .readers, UsageReport.params) {
    daemon, call, store throws(RPCError) in
    let query = UsageReport.query(call.params, as: call.caller.isOperator ? nil : call.principal)
    await daemon.state.usage.flush()
    let rows = try await store.performing { store throws(StoreError) in
      try await store.usageSummary(query)
    }
    return UsageReport.json(rows, query)
  }
}
