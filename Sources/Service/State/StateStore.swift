internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// The store as the daemon holds it: opened at start, and again when it could not be.
@EventLoop
final class StateStore {
  /// A disk that fails is not asked more often.
  private static let pauseBetweenTries: Duration = .seconds(1)

  private let configuration: StoreConfiguration
  private let onTrouble: @EventLoop (String) -> Void
  /// Whether the rest of an interrupted response can be had of its upstream.
  var canResume: @EventLoop (StoredResponse) -> Bool = { _ in false }
  var onResumable: @EventLoop (StoredResponse, Store) -> Void = { _, _ in }
  private var store: Store?
  private var opening: Task<Void, Never>?
  private var failure: StoreError?
  private var lastTry: LoopInstant?

  init(directory: String, onTrouble: @escaping @EventLoop (String) -> Void) {
    configuration = StoreConfiguration(directory: directory)
    self.onTrouble = onTrouble
  }

  /// The store; throws `storage` while the database can't be opened.
  func open() async throws(RPCError) -> Store {
    if let store { return store }
    if opening == nil { opening = EventLoop.start { [self] in await tryToOpen() } }
    await opening?.value
    if let store { return store }
    throw failure.map { RPCError($0) } ?? RPCError(.storage, "the database is closed")
  }

  private func tryToOpen() async {
    defer { opening = nil }
    if failure != nil, let lastTry, EventLoop.now - lastTry < Self.pauseBetweenTries { return }
    lastTry = EventLoop.now
    let configuration = configuration
    let result = await EventLoop.offload {
      Result { () throws(StoreError) in try Store.open(configuration) }
    }
    do throws(StoreError) {
      let opened = try result.get()
      if let damage = opened.opening.damage {
        onTrouble("The database was damaged and is set aside as \(damage.path): \(damage.finding)")
      }
      let resumable = try await ResponseRecovery.run(on: opened, canResume: canResume)
      store = opened
      failure = nil
      for response in resumable { onResumable(response, opened) }
    } catch {
      if failure != error { onTrouble("The database can't be used: \(error)") }
      failure = error
    }
  }

  func close() async {
    guard let store else { return }
    self.store = nil
    do throws(StoreError) {
      try await store.close()
    } catch {
      onTrouble("The database was not closed: \(error)")
    }
  }
}

extension RPCError {
  /// Turns an error of the store into what a client gets.
  init(_ error: StoreError) {
    switch error.code {
    case .notFound: self.init(.notFound, error.message)
    case .conflict: self.init(.conflict, error.message)
    case .full: self.init(.storageFull, "\(error)", isRetryable: true)
    case .io, .busy, .readOnly: self.init(.storage, "\(error)", isRetryable: true)
    case .closed, .corrupt, .tooNew, .foreign, .permission, .failed: self.init(.storage, "\(error)")
    }
  }
}

extension Store {
  /// Runs an operation and turns its error into what a client gets.
  nonisolated func performing<Value>(
    _ body: (Store) async throws(StoreError) -> Value
  ) async throws(RPCError) -> Value {
    do throws(StoreError) {
      return try await body(self)
    } catch {
      throw RPCError(error)
    }
  }
}
