internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// Work on the loop that can be waited for.
typealias BackgroundTask = Task<Void, Never>

/// Hears of the store when it is opened, before anybody else gets it; called in this order.
@EventLoop
protocol StateObserver: AnyObject {
  func opened(_ store: Store) async throws(StoreError)
  /// Whether the rest of an interrupted response can be had of its upstream.
  func canResume(_ response: StoredResponse) -> Bool
  func resume(_ response: ResumableResponse, from store: Store)
}

/// The store as the daemon holds it: opened at start, and again when it could not be.
@EventLoop
final class StateStore {
  /// A disk that fails is not asked more often.
  private static let pauseBetweenTries: Duration = .seconds(1)

  private(set) var configuration: StoreConfiguration
  private let onTrouble: @EventLoop (String) -> Void
  private unowned let observer: any StateObserver
  private var store: Store?
  /// The database while it can't be written.
  private var readable: Store?
  private var opening: Task<Void, Never>?
  private var failure: StoreError?
  private var lastTry: LoopInstant?
  /// Work that nobody waits for but the end.
  private var background: [Int: Task<Void, Never>] = [:]
  private var lastBackground = 0
  /// Responses that repeat cached answers, and were answered already; their rows may follow by a
  /// second at most.
  private(set) lazy var hits = LateWriter<CacheHit>(
    pause: .milliseconds(200), mostWaiting: 8192
  ) { [unowned self] in await record($0) }
  /// The usage of requests that leave no other row: a commit beside the first event would make that
  /// wait, and most requests that come one after the other share one.
  private(set) lazy var usage = LateWriter<UsageMeter>(
    pause: .milliseconds(100), mostWaiting: 8192
  ) { [unowned self] in await record($0) }

  init(
    directory: String, observer: any StateObserver,
    onTrouble: @escaping @EventLoop (String) -> Void
  ) {
    configuration = StoreConfiguration(directory: directory)
    self.observer = observer
    self.onTrouble = onTrouble
  }

  var isOpen: Bool { store?.isMoved == false }
  /// nil while the database is not open.
  var gauge: StoreGauge? { isOpen ? store?.gauge : nil }
  /// What was deleted of itself when that was last looked for.
  var lastExpiry: ExpiryRecord?
  /// Who has rows in a user's database in which that user has none.
  var others: [Subject] = []
  var path: String { configuration.databasePath }

  /// Names the socket by which others know this daemon.
  func name(_ socket: String?) {
    configuration.socket = socket
  }

  /// The store, with every response that was answered in it; throws `storage` while the database
  /// can't be opened.
  func open() async throws(RPCError) -> Store {
    await hits.flush()
    return try await openDatabase()
  }

  /// The store, or one that can only be read where the database can't be written.
  func openForReading() async throws(RPCError) -> Store {
    do throws(RPCError) {
      return try await open()
    } catch {
      guard let readable else { throw error }
      return readable
    }
  }

  private func openDatabase() async throws(RPCError) -> Store {
    if let store, isOpen { return store }
    if opening == nil { opening = EventLoop.start { [self] in await tryToOpen() } }
    await opening?.value
    if let store { return store }
    guard let failure else { throw RPCError(.storage, "the database is closed") }
    var error = RPCError(failure)
    if let remedy = failure.remedy(configuration.directory) {
      error.details.append(("hint", .string(remedy)))
    }
    throw error
  }

  private func tryToOpen() async {
    defer { opening = nil }
    await giveUpMoved()
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
      try await observer.opened(opened)
      let resumable = try await ResponseRecovery.run(
        on: opened, canResume: { [observer] in observer.canResume($0) }, onTrouble: onTrouble)
      store = opened
      failure = nil
      await stopReading()
      for response in resumable { observer.resume(response, from: opened) }
    } catch {
      if failure != error {
        let remedy = error.remedy(configuration.directory).map { "; \($0)" } ?? ""
        onTrouble("The database can't be used: \(error)\(remedy)")
      }
      failure = error
      if error.code == .readOnly || error.code == .permission { await startReading() }
    }
  }

  /// Ends a store whose files are no longer there, before another one takes what is.
  private func giveUpMoved() async {
    guard let moved = store else { return }
    store = nil
    onTrouble("\(path) was replaced, moved or deleted while it was in use, and is opened again")
    await close(moved)
  }

  private func startReading() async {
    guard readable == nil else { return }
    let configuration = configuration
    let result = await EventLoop.offload {
      Result { () throws(StoreError) in try Store.openForReading(configuration) }
    }
    do throws(StoreError) {
      readable = try result.get()
    } catch {
      onTrouble("The database can't be read either: \(error)")
    }
  }

  private func stopReading() async {
    guard let readable else { return }
    self.readable = nil
    await close(readable)
  }

  func close() async {
    await usage.flush()
    while let (_, task) = background.first { await task.value }
    await hits.flush()
    await stopReading()
    guard let store else { return }
    self.store = nil
    await close(store)
  }

  private func close(_ store: Store) async {
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
        if isOpen { onTrouble(error.message) }
      }
    }
    background[number] = task
    return task
  }

  // MARK: Work that may wait

  private func record(_ hits: [CacheHit]) async {
    await write("\(hits.count) cached answers were not stored") { store throws(StoreError) in
      for error in try await store.record(hits) {
        onTrouble("A cached answer was not stored: \(error)")
      }
    }
  }

  private func record(_ meters: [UsageMeter]) async {
    await write("The usage of \(meters.count) requests was not stored") {
      store throws(StoreError) in
      let rows = try await store.recordUsage(meters.map(\.row))
      for (meter, row) in zip(meters, rows) { meter.recorded(row, in: self) }
    }
  }

  private func write(
    _ failure: String, _ body: @EventLoop (Store) async throws(StoreError) -> Void
  ) async {
    do throws(RPCError) {
      try await openDatabase().performing(body)
    } catch {
      onTrouble("\(failure): \(error.message)")
    }
  }
}

extension StoreError {
  /// What to do where the database can't be opened, if it is not said.
  fileprivate func remedy(_ directory: String) -> String? {
    switch code {
    case .readOnly:
      "mount it for writing; where the sandbox of a unit forbids it, add ReadWritePaths=\(directory) "
        + "to its [Service] with \"systemctl edit halley.service\" (--user for one's own)"
    case .permission: "give it to the daemon's user, or name another directory with --state"
    case .busy: "stop the other daemon, or give this one a directory of its own with --state"
    default: nil
    }
  }
}

extension Store {
  /// The item of an id; nil where the user has none.
  nonisolated func itemIfThere(
    _ id: String, as principal: Principal
  ) async throws(RPCError) -> RawJSON? {
    do throws(StoreError) {
      return try await item(id, as: principal).json
    } catch {
      if error.code == .notFound { return nil }
      throw RPCError(error)
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
    case .io, .busy, .readOnly, .moved: self.init(.storage, "\(error)", isRetryable: true)
    case .cancelled: self.init(.cancelled, error.message)
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
