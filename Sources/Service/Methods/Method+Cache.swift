internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension Method {
  static let cacheStats = reading("cache.stats", for: .readers) {
    daemon, call, store throws(RPCError) in
    try await store.performing { _ throws(StoreError) in
      try await daemon.cache.statistics(of: call.subject)
    }
  }

  /// `older_than` is a duration as in the configuration, or a number of seconds.
  static let cacheClear = writing(
    "cache.clear", for: .users,
    .params(["older_than": .either([.number(0...1e10), .matching(.duration)])])
  ) { daemon, call, store throws(RPCError) in
    let age = call["older_than"].flatMap { age in
      age.double.map { .seconds($0) } ?? age.string.flatMap { DurationText.duration($0) }
    }
    let removed = try await store.performing { _ throws(StoreError) in
      try await daemon.cache.clear(of: call.subject, olderThan: age)
    }
    return .object { $0.member("removed", removed) }
  }

  static let cacheExplain = planning("cache.explain", for: .writers) {
    daemon, call, request, plan throws(RPCError) in
    try await TurnDriver(
      request, plan: plan, caller: call.caller, services: daemon.responseServices
    )
    .explainCaching()
  }
}
