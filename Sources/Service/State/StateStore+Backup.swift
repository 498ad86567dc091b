internal import EventLoop
internal import Store
internal import Wire

extension StateStore {
  /// Writes a copy of everything that is stored to a file that is not there yet; returns its bytes.
  /// A cancelled task leaves none.
  func backUp(to path: String) async throws(RPCError) -> Int {
    await usage.flush()
    let store = try await openForReading()
    do throws(StoreError) {
      let file = try await Self.apart { () throws(StoreError) in try BackupFile(path) }
      try await store.copy(to: file) { () throws(StoreError) in
        try await Self.apart { () throws(StoreError) in try file.sync() }
      }
      try await Self.apart { () throws(StoreError) in try file.publish() }
      return file.size
    } catch {
      throw RPCError(error)
    }
  }

  /// Does what waits for a disk that may be slow, and is not the store's.
  private nonisolated static func apart<Value: Sendable>(
    _ body: @escaping @Sendable () throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    try await EventLoop.offload { Result { () throws(StoreError) in try body() } }.get()
  }
}
