internal import EventLoop
internal import Glibc
internal import JSON
internal import Store
internal import Wire

/// The methods of the cache and of usage.
extension Daemon {
  func cacheStatistics(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    _ = try Parameters(params)
    answerInTurn(id, connection) { [cache] store, uid throws(RPCError) in
      try await store.performing { _ throws(StoreError) in try await cache.statistics(of: uid) }
    }
  }

  func clearCache(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(params, known: "older_than")
    let age = try Self.age(parameters["older_than"])
    answer(id, connection) { [cache] store, uid throws(RPCError) in
      let removed = try await store.performing { _ throws(StoreError) in
        try await cache.clear(of: uid, olderThan: age)
      }
      return .object { $0.member("removed", removed) }
    }
  }

  /// A duration as in the configuration, or a number of seconds.
  private static func age(_ json: RawJSON?) throws(RPCError) -> Duration? {
    guard let json else { return nil }
    if let seconds = json.double, 0...1e10 ~= seconds { return .seconds(seconds) }
    guard let age = json.string.flatMap({ DurationText.duration($0) }) else {
      throw .invalidParams(
        "older_than", "\(json.excerpt) found, a duration such as \"12h\" or seconds expected")
    }
    return age
  }

  func explainCaching(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    if let configurationErrors { throw RPCError(configurationErrors) }
    let request = try CreateRequest(params: params)
    let plan = try RequestPlan(request, configuration, upstreams)
    let run = ResponseRun(request, plan: plan, peer: connection.peer, services: responseServices)
    connection.perform(id) { () throws(RPCError) in
      connection.answer(id, .success(try await run.explainCaching()))
    }
  }

  /// Operators see everybody's usage, others their own.
  func summarizeUsage(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    _ = try Parameters(params, known: "since", "until", "by")
    let peer = connection.peer
    let query = try UsageReport.query(params, uid: peer.isOperator ? nil : peer.userID)
    answerInTurn(id, connection) { [state] store, _ throws(RPCError) in
      await state.usage.flush()
      let rows = try await store.performing { store throws(StoreError) in
        try await store.usageSummary(query)
      }
      return UsageReport.json(rows, query)
    }
  }
}
