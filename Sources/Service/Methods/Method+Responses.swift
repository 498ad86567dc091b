internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension Method {
  static let responsesRetrieve = Method(
    "responses.retrieve", for: .everybody,
    .params(
      .responseID, .include,
      [
        "include_obfuscation": .boolean, "starting_after": .integer(0...Int64(Int32.max)),
        "stream": .boolean,
      ], required: ["response_id"], clauses: [.needs("starting_after", "stream")])
  ) { daemon, call in
    let first = call["starting_after"]?.wholeNumber.map { Int($0) + 1 } ?? 0
    @EventLoop func events(_ log: EventLog) -> Reply {
      .cursor(ResponseReader(log: log, wantsEvents: true, firstEvent: first))
    }
    let isStreaming = call.isSet("stream")
    if let run = daemon.registry.response(call.responseID, as: call.principal) {
      guard isStreaming else {
        return .result((run.currentObject ?? .emptyObject).dated(run.createdAt, for: call))
      }
      let reader = ResponseReader(log: run.log, wantsEvents: true, firstEvent: first)
      // There is a response, although it may end as an error: over HTTP that has to be told.
      if call.fillsIn { reader.failedLog = { ResponseRegistry.endedLog(of: run) } }
      return .cursor(reader)
    }
    if let ended = daemon.registry.unstored.response(call.responseID, as: call.principal) {
      return isStreaming ? events(ended.replay) : .result(ended.object)
    }
    return .work(isInTurn: true) { () throws(RPCError) in
      let store = try await daemon.state.openForReading()
      let response = try await call.response(in: store)
      guard isStreaming else {
        return .result(response.presentObject.dated(response.createdAt / 1000, for: call))
      }
      try daemon.requireRoomForEvents()
      return events(try await daemon.registry.replay(response, of: call.subject, from: store))
    }
  }

  static let responsesCancel = Method(
    "responses.cancel", for: [.writers, .page, .socket],
    .params(.responseID, required: ["response_id"])
  ) { daemon, call in
    if let run = daemon.registry.response(call.responseID, as: call.principal) {
      run.stop(.cancelled)
      return .cursor(ResponseReader(log: run.log, wantsEvents: false))
    }
    if let ended = daemon.registry.unstored.response(call.responseID, as: call.principal) {
      return .result(ended.object)
    }
    return .work(isInTurn: true) { () throws(RPCError) in
      let response = try await call.response(in: daemon.state.openForReading())
      return .result(response.presentObject.dated(response.createdAt / 1000, for: call))
    }
  }

  static let responsesDelete = writing(
    "responses.delete", for: [.writers, .socket], .params(.responseID, required: ["response_id"])
  ) { daemon, call, store throws(RPCError) in
    if let running = daemon.registry.response(call.responseID, as: call.principal) {
      running.stop(.cancelled)
      await running.ended()
    }
    let wasUnstored = daemon.registry.forgetUnstored(call.responseID, as: call.principal)
    do throws(StoreError) {
      try await store.deleteResponse(
        call.responseID, as: call.principal, patience: Method.erasurePatience)
    } catch {
      guard wasUnstored, error.code == .notFound else { throw RPCError(error) }
    }
    daemon.cache.forget(responseID: call.responseID, of: call.subject)
    return .deleted(call.responseID, "response.deleted")
  }

  static let responsesInputItemsList = reading(
    "responses.input_items.list", for: .everybody,
    .params(.responseID, .page, .include, required: ["response_id"])
  ) { _, call, store throws(RPCError) in
    try await store.performing { store throws(StoreError) in
      try await store.inputItems(ofResponse: call.responseID, as: call.principal, call.page)
    }.json(\.id, \.listed)
  }
}

extension Call {
  /// The response that the call names.
  fileprivate func response(in store: Store) async throws(RPCError) -> StoredResponse {
    do throws(StoreError) {
      return try await store.response(responseID, as: principal)
    } catch {
      throw error.code == .notFound ? .responseNotFound(responseID) : RPCError(error)
    }
  }
}

extension RawJSON {
  /// A response that says what it is and when it was created, for a client that takes that for
  /// granted.
  ///
  /// - Parameter createdAt: seconds since 1970.
  fileprivate func dated(_ createdAt: Int64, for call: Call) -> RawJSON {
    guard call.fillsIn, nonNull("id") != nil else { return self }
    return adding([("object", .string("response")), ("created_at", .integer(createdAt))])
  }
}

extension RPCError {
  /// The same for an id that is unknown and one that belongs to another user.
  static func responseNotFound(_ id: String) -> RPCError {
    RPCError(
      .notFound, "there is no response \(RawJSON.string(id).excerpt)",
      details: [("param", .string("response_id"))])
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
