internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
internal import Wire

extension Daemon {
  func createResponse(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    if let configurationErrors { throw RPCError(configurationErrors) }
    guard !isDraining else {
      throw RPCError(
        .overloaded, "the daemon is stopping", isRetryable: true,
        details: [("retry_after_ms", .integer(1000))])
    }
    guard registry.count(of: connection.peer.userID) < configuration.limits.requests else {
      throw RPCError(
        .overloaded,
        "\(configuration.limits.requests) responses of uid \(connection.peer.userID) are running",
        isRetryable: true, details: [("retry_after_ms", .integer(1000))])
    }
    try requireRoomForEvents()
    if answerAtOnce(params, id, connection) { return }
    let request = try CreateRequest(params: params)
    let plan = try RequestPlan(request, configuration, upstreams)
    let run = ResponseRun(
      request, plan: plan, peer: connection.peer, services: responseServices,
      asker: (connection, id))
    if cache.ready.takes(params) { run.params = params }
    registry.started(run)
    let reader = ResponseReader(
      id: id, log: run.acknowledgement ?? run.log, wantsEvents: request.isStreaming
    ) { run.readerLeft($0, $1) }
    run.reader = reader
    connection.subscribe(reader)
    run.start()
    scheduleStatus()
  }

  /// Refuses what would make another log of events while the ones there are hold too much.
  private func requireRoomForEvents() throws(RPCError) {
    guard EventLog.bytesOfAll >= configuration.limits.responses else { return }
    throw .exhausted(
      "the events of responses that run or are read take \(EventLog.bytesOfAll) bytes")
  }

  /// Answers a request that the cache answered before; false where it has to be worked out.
  private func answerAtOnce(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) -> Bool {
    guard let entry = cache.ready.entry(params, of: connection.peer.userID) else { return false }
    let run = ResponseRun(
      entry.request, plan: entry.plan, peer: connection.peer, services: responseServices)
    guard run.answerAtOnce(entry) else { return false }
    connection.subscribe(
      ResponseReader(id: id, log: run.log, wantsEvents: entry.request.isStreaming))
    scheduleStatus()
    return true
  }

  func cancelResponse(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let responseID = try Parameters(params, known: "response_id").requiredString("response_id")
    if let run = registry.response(responseID, of: connection.peer.userID) {
      run.stop(.cancelled)
      return connection.subscribe(ResponseReader(id: id, log: run.log, wantsEvents: false))
    }
    if let ended = registry.unstored(responseID, of: connection.peer.userID) {
      return connection.answer(id, .success(ended.object))
    }
    answerInTurn(id, connection) { store, uid throws(RPCError) in
      try await Self.stored(responseID, uid, store).presentObject
    }
  }

  func retrieveResponse(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(
      params, known: "response_id", "stream", "starting_after", "include", "include_obfuscation")
    let responseID = try parameters.requiredString("response_id")
    let isStreaming = try parameters.boolean("stream") ?? false
    let first = try Self.firstEvent(parameters, isStreaming: isStreaming)
    let uid = connection.peer.userID
    if let run = registry.response(responseID, of: uid) {
      guard isStreaming else {
        return connection.answer(id, .success(run.currentObject ?? .emptyObject))
      }
      return connection.subscribe(
        ResponseReader(id: id, log: run.log, wantsEvents: true, firstEvent: first))
    }
    if let ended = registry.unstored(responseID, of: uid) {
      guard isStreaming else { return connection.answer(id, .success(ended.object)) }
      return connection.subscribe(
        ResponseReader(id: id, log: ended.log, wantsEvents: true, firstEvent: first))
    }
    guard isStreaming else {
      return answerInTurn(id, connection) { store, uid throws(RPCError) in
        try await Self.stored(responseID, uid, store).presentObject
      }
    }
    connection.perform(id, isInTurn: true) { [self] () throws(RPCError) in
      let store = try await state.openForReading()
      let response = try await Self.stored(responseID, uid, store)
      try requireRoomForEvents()
      let log = try await registry.replay(response, uid: uid, from: store)
      connection.subscribe(ResponseReader(id: id, log: log, wantsEvents: true, firstEvent: first))
    }
  }

  private static func firstEvent(
    _ parameters: Parameters, isStreaming: Bool
  ) throws(RPCError) -> Int {
    guard let after = parameters["starting_after"] else { return 0 }
    guard let number = after.wholeNumber, 0...Int64(Int32.max) ~= number else {
      throw .invalidParams(
        "starting_after", "\(after.excerpt) found, an event's number from 0 was expected")
    }
    guard isStreaming else {
      throw .invalidParams("starting_after", "found without \"stream\": true")
    }
    return Int(number) + 1
  }

  func deleteResponse(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let responseID = try Parameters(params, known: "response_id").requiredString("response_id")
    let running = registry.response(responseID, of: connection.peer.userID)
    running?.stop(.cancelled)
    answer(id, connection) { [cache, registry] store, uid throws(RPCError) in
      await running?.ended()
      let wasUnstored = registry.forgetUnstored(responseID, of: uid)
      do throws(StoreError) {
        try await store.deleteResponse(responseID, uid: uid)
      } catch {
        guard wasUnstored, error.code == .notFound else { throw RPCError(error) }
      }
      cache.forget(responseID: responseID, of: uid)
      return .object {
        $0.member("id", responseID)
        $0.member("object", "response.deleted")
        $0.member("deleted", true)
      }
    }
  }

  func listInputItems(
    _ params: RawJSON, _ id: RPCID, _ connection: ClientConnection
  ) throws(RPCError) {
    let parameters = try Parameters(
      params, known: "response_id", "limit", "order", "after", "include")
    let responseID = try parameters.requiredString("response_id")
    let page = try parameters.page()
    answerInTurn(id, connection) { store, uid throws(RPCError) in
      try await store.performing { store throws(StoreError) in
        try await store.inputItems(ofResponse: responseID, uid: uid, page)
      }.json(\.id, \.listed)
    }
  }

  private static func stored(
    _ id: String, _ uid: UInt32, _ store: Store
  ) async throws(RPCError) -> StoredResponse {
    do throws(StoreError) {
      return try await store.response(id, uid: uid)
    } catch {
      throw error.code == .notFound ? .responseNotFound(id) : RPCError(error)
    }
  }

  /// Answers a request with what the store says.
  func answer(
    _ id: RPCID, _ connection: ClientConnection,
    _ body: @escaping @EventLoop (Store, UInt32) async throws(RPCError) -> RawJSON
  ) {
    connection.perform(id) { [self] () throws(RPCError) in
      let store = try await state.open()
      connection.answer(id, .success(try await body(store, connection.peer.userID)))
    }
  }

  /// Answers a request that only reads; its answer may be large.
  func answerInTurn(
    _ id: RPCID, _ connection: ClientConnection,
    _ body: @escaping @EventLoop (Store, UInt32) async throws(RPCError) -> RawJSON
  ) {
    connection.perform(id, isInTurn: true) { [self] () throws(RPCError) in
      let store = try await state.openForReading()
      connection.answer(id, .success(try await body(store, connection.peer.userID)))
    }
  }
}

extension StoredResponse {
  /// The object, final or as it was when it was last written.
  fileprivate var presentObject: RawJSON {
    object
      ?? .object {
        $0.member("id", id)
        $0.member("object", "response")
        $0.member("created_at", createdAt / 1000)
        $0.member("status", status.rawValue)
        $0.member("model", model.map { RawJSON.string($0) } ?? .null)
        $0.member("output", .emptyArray)
        $0.member("error", error ?? .null)
      }
  }
}
