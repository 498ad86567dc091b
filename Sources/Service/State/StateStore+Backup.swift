internal import EventLoop
internal import Store
internal import Wire

extension StateStore {
  /// Writes a copy of everything that is stored to a file that is not there yet; returns its bytes.
  /// A cancelled task leaves none.
  func backUp(to path: String) async throws(RPCError) -> Int {
    await usage.flush()
    let store = try await openForReading()
    let configuration = configuration
    do throws(StoreError) {
      let file = try await Self.apart { () throws(StoreError) in
        try BackupFile(path, of: configuration)
      }
      try await store.copy(to: file) { () throws(StoreError) in
        try await Self.apart { () throws(StoreError) in try file.sync() }
      }
      try await Self.apart { () throws(StoreError) in try file.publish() }
      return file.size
    } catch {
      throw RPCError(error)
    }
  }

  /// Reads what takes long on a connection and a thread of its own, so that nobody waits for it.
  func inspect<Value: Sendable>(
    _ body: (Store) async throws(StoreError) -> Value
  ) async throws(RPCError) -> Value {
    await usage.flush()
    let store = try await openForReading()
    // One that can only be read holds up no writer.
    guard isOpen else { return try await store.performing(body) }
    let configuration = configuration
    do throws(StoreError) {
      let beside = try await Self.apart { () throws(StoreError) in
        try Store.openBeside(configuration)
      }
      let result: Result<Value, StoreError>
      do throws(StoreError) {
        result = .success(try await body(beside))
      } catch {
        result = .failure(error)
      }
      try await beside.close()
      return try result.get()
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
