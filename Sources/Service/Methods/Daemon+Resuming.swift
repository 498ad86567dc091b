internal import Configuration
internal import EventLoop
internal import Glibc
internal import JSON
internal import Store
internal import Wire

/// What is known of the store, and background responses that their upstream continued while the
/// daemon was away.
extension Daemon: StateObserver {
  func opened(_ store: Store) async throws(StoreError) {
    if let migration = store.opening.migration { journal.migrated(migration) }
    try await lookForOthers(in: store)
    try await ledger.use(store)
    try await cache.use(store)
    try await tokens.use(store)
  }

  /// A user's own daemon that finds only others' rows would show an empty store, without a word.
  private func lookForOthers(in store: Store) async throws(StoreError) {
    let user = geteuid()
    guard PeerAccess.current.isPersonal else { return }
    state.others = try await store.others(than: user)
    guard !state.others.isEmpty else { return }
    let names = state.others.map(\.description).joined(separator: ", ")
    journal.warn(
      "Everything in \(state.path) belongs to \(names); this is the daemon of uid \(user), who has"
        + " nothing in it. halleyd(8) says under MOVING what can be done")
  }

  func canResume(_ response: StoredResponse) -> Bool {
    guard response.isBackground, response.upstreamID != nil, let name = response.upstream else {
      return false
    }
    return configuration.upstream(named: name)?.state == .upstream
  }

  func resume(_ resumable: ResumableResponse, from store: Store) {
    let response = resumable.response
    do throws(RPCError) {
      let request = try CreateRequest(params: Self.parameters(of: response))
      let plan = try RequestPlan(request, configuration, upstreams, within: nil)
      let caller = Caller(resumable.principal, name: response.client ?? "unknown")
      let run = TurnDriver(request, plan: plan, caller: caller, services: responseServices)
      registry.started(run)
      run.resume(response, from: store)
    } catch {
      journal.storageTrouble("Response \(response.id) can't be resumed: \(error.message)")
    }
  }

  /// What a request has to say to be planned; it is not sent again.
  private static func parameters(of response: StoredResponse) -> RawJSON {
    .object { request in
      request.member("model", response.model ?? "")
      request.member("input", "")
      request.member("background", true)
      request.member("stream", true)
      request.key("halley")
      request.object { $0.member("upstream", response.upstream ?? "") }
    }
  }
}
