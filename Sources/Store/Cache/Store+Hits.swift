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
      var errors: [StoreError] = []
      for (hit, row) in zip(hits, rows) {
        try transaction.database.run("SAVEPOINT one_hit")
        do throws(StoreError) {
          try transaction.record(hit, row: row)
        } catch {
          guard transaction.database.isInTransaction else { throw error }
          try transaction.database.run("ROLLBACK TO one_hit")
          errors.append(error)
        }
        try transaction.database.run("RELEASE one_hit")
      }
      return errors
    }
  }

  /// Makes a response the last one of a scope.
  ///
  /// - Throws: `notFound` for a response that is not stored.
  package func setLastResponse(
    ofScope scope: String, to response: String, uid: UInt32
  ) async throws(StoreError) {
    try await write { transaction throws(StoreError) in
      let last = try transaction.response(response, uid: uid)
      guard last.isStored else { throw .notFound("response", response) }
      try transaction.setLast(last.handle, ofScope: scope)
    }
  }
}

/// A response that repeats a cached answer.
package struct CacheHit: Sendable {
  package let response: NewResponse
  package let ending: ResponseEnding
  /// Who made the answer that it repeats.
  package let origin: ResponseUpdate
  package let usage: NewUsage
  package let settled: UsageEnding

  package init(
    _ response: NewResponse, _ ending: ResponseEnding, origin: ResponseUpdate, usage: NewUsage,
    settled: UsageEnding
  ) {
    self.response = response
    self.ending = ending
    self.origin = origin
    self.usage = usage
    self.settled = settled
  }
}

extension Transaction {
  fileprivate func record(_ hit: CacheHit, row: Int64) throws(StoreError) {
    guard case .started(let handle, _) = try begin(hit.response, row: row) else { return }
    try apply(hit.origin, to: handle)
    _ = try finish(handle, hit.ending)
    var usage = hit.usage
    usage.response = handle
    try end(begin(usage), hit.settled)
  }
}
