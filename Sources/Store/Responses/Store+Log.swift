extension Store {
  /// Lists stored responses by their beginning.
  package nonisolated func log(
    _ request: ResponseLogRequest, as principal: Principal
  ) async throws(StoreError) -> Page<ResponseSummary> {
    try await reader.read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.log(request, as: owner)
    }
  }
}
