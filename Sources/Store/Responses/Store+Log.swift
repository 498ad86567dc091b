extension Store {
  /// Lists stored responses by their beginning.
  package func log(
    _ request: ResponseLogRequest, as principal: Principal
  ) throws(StoreError) -> Page<ResponseSummary> {
    try read(as: principal) { transaction, owner throws(StoreError) in
      try transaction.log(request, as: owner)
    }
  }
}
