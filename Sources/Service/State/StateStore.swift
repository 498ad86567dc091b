internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// Work on the loop that can be waited for.
typealias BackgroundTask = Task<Void, Never>

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
  /// Called with the store before anybody else gets it.
  var onOpened: @EventLoop (Store) async throws(StoreError) -> Void = { (_) throws(StoreError) in }
  private var store: Store?
  private var opening: Task<Void, Never>?
  private var failure: StoreError?
  private var lastTry: LoopInstant?
  /// Work that nobody waits for but the end.
  private var background: [Int: Task<Void, Never>] = [:]
  private var lastBackground = 0
  private var hits: [CacheHit] = []
  /// Hits that came and that were written since the start.
  private var hitsTaken = 0
  private var hitsRecorded = 0
  private var recording: Task<Void, Never>?
  /// Runs while more hits are waited for.
  private var gathering: Task<Void, Never>?

  init(directory: String, onTrouble: @escaping @EventLoop (String) -> Void) {
    configuration = StoreConfiguration(directory: directory)
    self.onTrouble = onTrouble
  }

  var isOpen: Bool { store != nil }
  var path: String { configuration.databasePath }

  /// The store, with every response that was answered in it; throws `storage` while the database
  /// can't be opened.
  func open() async throws(RPCError) -> Store {
    await recordedHits()
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
      try await onOpened(opened)
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
    while let (_, task) = background.first { await task.value }
    await recordedHits()
    guard let store else { return }
    self.store = nil
    do throws(StoreError) {
      try await store.close()
    } catch {
      onTrouble("The database was not closed: \(error)")
    }
  }

  // MARK: Work that nobody waits for

  /// Runs work on the store; its errors go to the journal. `close` waits for it.
  @discardableResult
  func inBackground(
    _ body: @escaping @EventLoop (Store) async throws(StoreError) -> Void
  ) -> BackgroundTask {
    lastBackground += 1
    let number = lastBackground
    let task = EventLoop.start { [self] in
      defer { background[number] = nil }
      do throws(RPCError) {
        try await open().performing(body)
      } catch {
        // That the database can't be opened was said when it was tried.
        if store != nil { onTrouble(error.message) }
      }
    }
    background[number] = task
    return task
  }

  /// Hits are written together; they may follow their answers by a second at most.
  private static let pauseBetweenHits: Duration = .milliseconds(200)
  /// Hits that may wait to be written; more of them are waited for.
  private static let mostWaitingHits = 8192

  /// Writes a response that was answered already, together with others. Whoever asks for the store
  /// finds it there.
  func record(_ hit: CacheHit) async {
    hits.append(hit)
    hitsTaken += 1
    if recording == nil { startRecording() }
    guard hits.count > Self.mostWaitingHits else { return }
    gathering?.cancel()
    await recording?.value
  }

  /// Waits until the hits that came before are written; later ones may still wait.
  private func recordedHits() async {
    let taken = hitsTaken
    gathering?.cancel()
    while hitsRecorded < taken, let recording { await recording.value }
  }

  private func startRecording() {
    let gathering = EventLoop.start { await EventLoop.sleep(for: Self.pauseBetweenHits) }
    self.gathering = gathering
    recording = EventLoop.start { [self] in
      await gathering.value
      await recordHits()
      recording = nil
      if !hits.isEmpty { startRecording() }
    }
  }

  private func recordHits() async {
    let written = hits
    hits = []
    defer { hitsRecorded += written.count }
    guard let store else {
      return onTrouble("\(written.count) cached answers were not stored: the database is closed")
    }
    do throws(StoreError) {
      for error in try await store.record(written) {
        onTrouble("A cached answer was not stored: \(error)")
      }
    } catch {
      onTrouble("\(written.count) cached answers were not stored: \(error)")
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
