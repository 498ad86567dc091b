extension Store {
  /// Ends a response in one transaction with its last changes and events.
  ///
  /// - Throws: as `updateResponse`, `appendEvents` and `finishResponse` do.
  package func finishResponse(
    _ response: ResponseHandle, _ ending: ResponseEnding, after update: ResponseUpdate?,
    events: [ArraySlice<UInt8>], from first: Int64
  ) async throws(StoreError) -> [StoredItem] {
    try await write { transaction throws(StoreError) in
      if let update { try transaction.apply(update, to: response) }
      try transaction.appendEvents(events, from: first, to: response)
      return try transaction.finish(response, ending)
    }
  }
}
