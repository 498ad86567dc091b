extension Store {
  /// Makes a response's row and keeps its input, before the upstream is asked.
  ///
  /// - Throws: `notFound` when the parent is not there, `conflict` when the id is taken or when the
  ///   idempotency key was used with another body.
  package func beginResponse(_ response: NewResponse) async throws(StoreError) -> Beginning {
    let row = nextResponseRow()
    return try await write { transaction throws(StoreError) in
      try transaction.begin(response, row: row)
    }
  }

  func nextResponseRow() -> Int64 {
    newestResponseRow += 1
    return newestResponseRow
  }

  /// Gives a response the id that the upstream gave it, unless another response of the user has
  /// that id, and returns the id that holds.
  ///
  /// Returns before it is on disk, and its commit may yet fail: the next write of the response has
  /// to carry the id that was returned (`ResponseUpdate.id`).
  package func adoptID(
    _ id: String, for response: ResponseHandle
  ) async throws(StoreError) -> String {
    try await write(isEager: true) { transaction throws(StoreError) in
      try transaction.adopt(id, for: response)
    }
  }

  /// Changes what is known of a running response.
  package func updateResponse(
    _ response: ResponseHandle, _ update: ResponseUpdate
  ) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      try transaction.apply(update, to: response)
    }
  }

  /// Adds events to a running response's log; of a response that is not stored, nothing is kept.
  ///
  /// - Parameter update: changes that go with them.
  /// - Throws: `conflict` when `first` is not the number behind the last one kept.
  package func appendEvents(
    _ events: [ArraySlice<UInt8>], from first: Int64, to response: ResponseHandle,
    after update: ResponseUpdate? = nil
  ) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      if let update { try transaction.apply(update, to: response) }
      try transaction.appendEvents(events, from: first, to: response)
    }
  }

  /// Ends a response: its object, its output and, where asked, the new end of its conversation and
  /// scope are on disk when this returns. Returns the output items.
  ///
  /// - Throws: `conflict` when it has ended before.
  package func finishResponse(
    _ response: ResponseHandle, _ ending: ResponseEnding
  ) async throws(StoreError) -> [StoredItem] {
    try await write { transaction throws(StoreError) in
      try transaction.finish(response, ending)
    }
  }

  /// Returns a response of the user; one that is not stored is not found.
  package nonisolated func response(
    _ id: String, as principal: Principal
  ) async throws(StoreError) -> StoredResponse {
    do throws(StoreError) {
      return try await reader.read(as: principal) { transaction, owner throws(StoreError) in
        try transaction.storedResponse(id, as: owner)
      }
    } catch {
      guard error.code == .notFound else { throw error }
      return try await newResponse(id, as: principal)
    }
  }

  /// Finds also what has an id of which its client knows before it is on disk (`adoptID`).
  private func newResponse(
    _ id: String, as principal: Principal
  ) throws(StoreError) -> StoredResponse {
    try read { transaction throws(StoreError) in
      try transaction.storedResponse(id, as: transaction.reader(principal))
    }
  }

  /// Returns events with a number above `sequence`, in order; -1 for all.
  ///
  /// - Parameter maximumBytes: about how much is read at once. Ask again from the last number on
  ///   until nothing comes.
  package nonisolated func events(
    of response: ResponseHandle, after sequence: Int64, maximumBytes: Int = 1 << 20
  ) async throws(StoreError) -> [StoredEvent] {
    try await reader.read { transaction throws(StoreError) in
      try transaction.events(
        of: transaction.response(response).handle.row, after: sequence,
        maximumBytes: maximumBytes)
    }
  }

  /// Returns the id of the response that `continue` goes on from.
  package nonisolated func lastResponse(
    ofScope scope: String, as principal: Principal
  ) async throws(StoreError) -> String? {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.lastResponse(ofScope: scope, as: owner)
    }
  }

  /// Returns on whose behalf a response was made. A token is taken for one that is not shared.
  package nonisolated func principal(of response: StoredResponse) async throws(StoreError)
    -> Principal
  {
    try await reader.read { transaction throws(StoreError) in
      let subject = try transaction.subject(response.handle.subject)
      let turn = try response.turn.map { (row) throws(StoreError) in try transaction.turn(row) }
      return turn?.token.map { Principal(subject, token: $0) } ?? Principal(subject)
    }
  }

  /// Returns the responses that were running when the daemon last stopped or crashed. Called once,
  /// after opening; each is then resumed, or ended with what its events hold. One whose row is damaged
  /// comes as the error that says so.
  package func interruptedResponses() throws(StoreError) -> [Result<StoredResponse, StoreError>] {
    try read { transaction throws(StoreError) in try transaction.runningResponses() }
  }
}

extension Transaction {
  fileprivate func storedResponse(
    _ id: String, as owner: Owner
  ) throws(StoreError) -> StoredResponse {
    let response = try response(id, as: owner)
    guard response.isStored else { throw .notFound("response", id) }
    return response
  }
}
