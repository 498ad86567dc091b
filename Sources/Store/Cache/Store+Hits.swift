package import JSON

/// Responses that were answered before they are written: their text is on disk as the answer that
/// they repeat.
extension Store {
  /// Writes responses that began and ended at once, all in one transaction.
  ///
  /// One that can't be written, as when its parent was deleted meanwhile, takes none of the others
  /// with it; the errors are returned.
  package func record(_ hits: [CacheHit]) async throws(StoreError) -> [StoreError] {
    let rows = hits.map { _ in nextResponseRow() }
    return try await write { transaction throws(StoreError) in
      try transaction.record(hits, rows)
    }
  }

  /// Makes a response the last one of a scope.
  ///
  /// - Throws: `notFound` for a response that is not stored.
  package func setLastResponse(
    ofScope scope: String, to response: String, as principal: Principal
  ) async throws(StoreError) {
    try await write(as: principal) { transaction, owner throws(StoreError) in
      let last = try transaction.response(response, as: owner)
      guard last.isStored else { throw .notFound("response", response) }
      try transaction.setLast(last.handle, ofScope: scope, token: owner.token)
    }
  }
}

/// A response that repeats a cached answer.
package struct CacheHit: Sendable {
  /// A stored response, in no conversation.
  package struct Stored: Sendable {
    let new: NewResponse
    let object: RawJSON

    /// - Parameter object: the completed response.
    package init(_ new: NewResponse, _ object: RawJSON) {
      self.new = new
      self.object = object
    }
  }

  /// nil for a response that leaves no row.
  package let response: Stored?
  /// Who made the answer that it repeats.
  package let origin: ResponseUpdate
  package let usage: NewUsage
  package let settled: UsageEnding

  /// The id of a stored response.
  package var responseID: String? { response?.new.id }

  package init(
    _ response: Stored?, origin: ResponseUpdate,
    usage: NewUsage, settled: UsageEnding
  ) {
    self.response = response
    self.origin = origin
    self.usage = usage
    self.settled = settled
  }
}

extension Transaction {
  /// Returns the errors of those that could not be written.
  fileprivate func record(
    _ hits: [CacheHit], _ rows: [Int64]
  ) throws(StoreError) -> [StoreError] {
    // A savepoint takes as long as a hit: each gets one of its own only where one has failed.
    let error = try attempt { () throws(StoreError) in
      var ended: ClosedRange<Int64>?
      for (hit, row) in zip(hits, rows) {
        let usage = try record(hit, row: row)
        ended = (ended?.lowerBound ?? usage)...usage
      }
      if let ended { try sum(ended) }
    }
    guard error != nil else { return [] }
    var errors: [StoreError] = []
    for (hit, row) in zip(hits, rows) {
      let error = try attempt { () throws(StoreError) in
        let usage = try record(hit, row: row)
        try sum(usage...usage)
      }
      if let error { errors.append(error) }
    }
    return errors
  }

  /// Does all of it or nothing; throws only what ended the transaction.
  private func attempt(_ body: () throws(StoreError) -> Void) throws(StoreError) -> StoreError? {
    let error = try database.inSavepoint {
      do throws(StoreError) {
        try body()
        return nil
      } catch {
        return error
      }
    }
    if let error, !database.isInTransaction { throw error }
    return error
  }

  /// Returns the row of its usage, which is not in the sums yet.
  private func record(_ hit: CacheHit, row: Int64) throws(StoreError) -> Int64 {
    var usage = hit.usage
    if let response = hit.response {
      usage.response = try recordEnded(response.new, response.object, hit.origin, row: row)
    }
    return try record(usage, hit.settled)
  }
}
