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
  /// nil for a response that leaves no row.
  package let response: (new: NewResponse, ending: ResponseEnding)?
  /// Who made the answer that it repeats.
  package let origin: ResponseUpdate
  package let usage: NewUsage
  package let settled: UsageEnding

  package init(
    _ response: (new: NewResponse, ending: ResponseEnding)?, origin: ResponseUpdate,
    usage: NewUsage, settled: UsageEnding
  ) {
    self.response = response
    self.origin = origin
    self.usage = usage
    self.settled = settled
  }
}

extension Transaction {
  fileprivate func record(_ hit: CacheHit, row: Int64) throws(StoreError) {
    var usage = hit.usage
    if let response = hit.response {
      guard case .started(let handle, _) = try begin(response.new, row: row) else { return }
      try apply(hit.origin, to: handle)
      _ = try finish(handle, response.ending)
      usage.response = handle
    }
    try record(usage, hit.settled)
  }
}
