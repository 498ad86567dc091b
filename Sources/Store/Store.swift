internal import Synchronization

/// Everything that survives the daemon: responses, conversations, event logs and scopes.
///
/// It runs on a thread of its own. Every row belongs to a user, and the id of another user's row is
/// answered as an absent one. A write returns when it is on disk (committed and synced); writes
/// that wait at the same time share a transaction and a sync.
package actor Store {
  /// What happened when the database was opened.
  package struct Opening: Sendable {
    /// A damaged database that was found and renamed; the store began an empty one.
    package struct Damage: Sendable {
      package let finding: StoreError
      /// Where the damaged database is now.
      package let path: String
    }

    /// An older database that was brought to the current version.
    package struct Migration: Sendable, Equatable {
      package let from: Int64
      package let to: Int64
      /// Where a copy of the older one is.
      package let backup: String
    }

    package let damage: Damage?
    package let migration: Migration?
  }

  package nonisolated let opening: Opening
  let configuration: StoreConfiguration
  private nonisolated let place: StorePlace
  /// What needs not see a write that has not returned yet reads there.
  nonisolated let reader: StoreReader
  /// Runs the store, and tasks of its own.
  nonisolated let thread: StoreThread
  private var lock: DirectoryLock?

  /// nil once the store is closed.
  var database: Database?
  var isClosed = false
  var queue = WriteQueue()
  var counters = Counters()
  var steps = StepQueue()
  var sweeper = Sweeper()
  var pauses = Pauses()
  nonisolated let gauges = Mutex(StoreGauge())
  /// The row of the newest response. Rows are not used twice while the program runs, so that a
  /// handle of a deleted response never meets another one.
  var newestResponseRow: Int64

  /// Opens the database, or begins one. The caller waits for the disk.
  package static func open(_ configuration: StoreConfiguration) throws(StoreError) -> Store {
    let store = try Store(configuration)
    try store.thread.start { [weak store] in store?.betweenRounds(isQuiet: $0) }
    return store
  }

  /// Opens a database that can't be written, only to read it. The caller waits for the disk.
  ///
  /// - Throws: `readOnly` where there is none yet, or one of another version.
  package static func openForReading(
    _ configuration: StoreConfiguration
  ) throws(StoreError) -> Store {
    try openForReading(configuration, isBeside: false)
  }

  /// Opens a database that another store of this program writes, only to read it: what takes long
  /// holds up nobody then. The caller waits for the disk.
  package static func openBeside(
    _ configuration: StoreConfiguration
  ) throws(StoreError) -> Store {
    try openForReading(configuration, isBeside: true)
  }

  private static func openForReading(
    _ configuration: StoreConfiguration, isBeside: Bool
  ) throws(StoreError) -> Store {
    let store = try Store(configuration, forReading: true, isBeside: isBeside)
    try store.thread.start { _ in nil }
    return store
  }

  private init(
    _ configuration: StoreConfiguration, forReading: Bool = false, isBeside: Bool = false
  ) throws(StoreError) {
    self.configuration = configuration
    let file = DatabaseFile(
      directory: configuration.directory, path: configuration.databasePath)
    thread = StoreThread()
    if !forReading {
      try file.prepare()
      lock = try DirectoryLock(configuration)
      file.removeAbandonedCopies()
    }
    let (database, opening) =
      try forReading
      ? (Self.connectForReading(file, isBeside: isBeside), Opening(damage: nil, migration: nil))
      : Self.openOrReplace(file, configuration)
    self.opening = opening
    place = StorePlace(file, isWritten: !forReading)
    reader = try StoreReader(place, clock: configuration.clock)
    newestResponseRow = try database.integer("SELECT max(id) FROM responses") ?? 0
    self.database = database
  }

  deinit {
    thread.stop()
  }

  nonisolated var file: DatabaseFile { place.file }

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe thread.asUnownedSerialExecutor()
  }

  private nonisolated func betweenRounds(isQuiet: Bool) -> Duration? {
    assumeIsolated { store in
      let rest = store.commitAndRest(isQuiet: isQuiet)
      return [rest, store.pauses.endDue()].compactMap(\.self).min()
    }
  }

  // MARK: Opening

  private static func openOrReplace(
    _ file: DatabaseFile, _ configuration: StoreConfiguration
  ) throws(StoreError) -> (Database, Opening) {
    do throws(StoreError) {
      let (database, migration) = try connect(file, configuration)
      return (database, Opening(damage: nil, migration: migration))
    } catch {
      guard error.code == .corrupt else { throw error }
      let path = try file.setAside(at: configuration.clock())
      try file.prepare()
      let (database, _) = try connect(file, configuration)
      let damage = Opening.Damage(finding: error, path: path)
      return (database, Opening(damage: damage, migration: nil))
    }
  }

  private static func connect(
    _ file: DatabaseFile, _ configuration: StoreConfiguration
  ) throws(StoreError) -> (Database, Opening.Migration?) {
    let database = try Database(path: file.path)
    guard !database.isReadOnly else {
      throw StoreError(.readOnly, "open the store", "\(file.path) can't be written")
    }
    try database.configure(configuration)
    try database.checkOrigin(file)
    if file.size <= configuration.largestCheckedBytes { try database.checkPages() }
    let migration = try database.migrate(file)
    try database.settleInterruptedUsage(at: configuration.clock())
    try database.countUnindexedTurns()
    database.logIdentity = FileIdentity(path: file.logPath)
    return (database, migration)
  }

  private static func connectForReading(
    _ file: DatabaseFile, isBeside: Bool
  ) throws(StoreError) -> Database {
    try file.check()
    let isComplete = !isBeside && file.logSize == 0
    let database = try Database(forReading: file.path, isComplete: isComplete)
    try database.protect()
    try database.checkOrigin(file)
    let version = try database.integer("PRAGMA user_version") ?? 0
    guard version == Schema.version else {
      throw StoreError(
        .readOnly, "open the store",
        "the database has version \(version) and can't be brought to \(Schema.version)")
    }
    return database
  }

  // MARK: Its place

  /// Whether the files were replaced, renamed or deleted: what is written here would be gone with
  /// the next start. Such a store does nothing more.
  package nonisolated var isMoved: Bool { place.isMoved }

  func checkPlace() throws(StoreError) {
    try place.check(log: database?.logIdentity)
  }

  // MARK: Connecting

  /// Replaces a connection that no longer works.
  func reconnect() throws(StoreError) {
    database = nil
    let database = try anotherConnection()
    database.hasDiskError = true
    self.database = database
  }

  private func anotherConnection() throws(StoreError) -> Database {
    let database = try Database(path: file.path)
    try database.configure(configuration)
    try database.countUnindexedTurns()
    database.logIdentity = FileIdentity(path: file.logPath)
    return database
  }

  /// The database, for writing: where its disk has failed, only when what is committed is known to
  /// be in its file.
  ///
  /// The system takes pages for clean whose sync failed, and SQLite believes the next sync. So the
  /// log is merged, which writes all of it once more and cuts off what was not committed, and the
  /// file is read again over a connection that remembers nothing. The old one serves reads until
  /// then: to close it earlier could bring a write back that was answered with an error.
  func verifiedDatabase() throws(StoreError) -> Database {
    let old = try openDatabase()
    guard old.hasDiskError else { return old }
    try old.checkpoint(.truncate, waits: true)
    let database = try anotherConnection()
    if file.size <= configuration.largestCheckedBytes { try database.checkPages() }
    self.database = database
    return database
  }

  // MARK: Closing

  /// Ends the store: writes that wait are committed, the log is merged into the database, which
  /// saves what was in a log that is gone. Of files that were moved nothing is touched, nor of what
  /// is in their place.
  ///
  /// Later calls fail with `closed`.
  package func close() async throws(StoreError) {
    guard !isClosed else { return }
    commitPending()
    isClosed = true
    refuseSteps()
    sweeper.end(with: StoreError(.closed, "use the store", "the store was closed"))
    await reader.close()
    defer {
      database = nil
      lock = nil
    }
    guard let database, !database.isReadOnly else { return }
    guard place.isDatabaseInPlace else { return try database.leaveLog() }
    try database.checkpoint(.truncate)
  }

  // MARK: Access

  /// Reads what was written, where no commit may be in between.
  func read<Value>(
    _ body: (Transaction) throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    try body(transaction(on: openDatabase()))
  }

  /// Returns when what was answered before its commit is on disk.
  func settle() {}

  func openDatabase() throws(StoreError) -> Database {
    guard !isClosed else { throw StoreError(.closed, "use the store", "the store was closed") }
    try checkPlace()
    if database == nil { try reconnect() }
    guard let database else {
      throw StoreError(.closed, "use the store", "the store has no database")
    }
    return database
  }

  func transaction(on database: Database) -> Transaction {
    Transaction(database: database, now: configuration.clock())
  }
}
