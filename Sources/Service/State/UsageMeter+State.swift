internal import EventLoop
internal import Store

/// The row of a request that leaves no other.
extension UsageMeter {
  /// Has it made.
  func begin(in state: StateStore) {
    isApart = true
    state.usage.add(self)
  }

  /// It is on disk.
  ///
  /// - Parameter handle: where the request had not ended when it was written.
  func recorded(_ handle: UsageHandle?, in state: StateStore) {
    began(handle)
    finish(in: state)
  }

  /// Writes the end to a row that was made apart; one that is still to be made gets it then.
  func finish(in state: StateStore) {
    guard isApart, let handle, let ending else { return }
    state.inBackground { store throws(StoreError) in try await store.endUsage(handle, ending) }
  }
}
