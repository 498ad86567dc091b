/// Reads committed rows beside the writer, over a connection and on a thread of its own.
///
/// 1. It never writes and never holds up a commit, however long it reads.
/// 2. A read sees the database at one moment, with every write that had returned before it began.
///    What was answered before its commit (`isEager`) may be missing: who has to see that asks the
///    writer.
actor StoreReader {
  private let place: StorePlace
  private let clock: @Sendable () -> Int64
  private nonisolated let thread: StoreThread
  private nonisolated let ending = ReadEnding()
  /// Opened by the first read, and again after it failed.
  private var database: Database?

  init(
    _ place: StorePlace, clock: @escaping @Sendable () -> Int64
  ) throws(StoreError) {
    self.place = place
    self.clock = clock
    thread = StoreThread()
    try thread.start { _ in nil }
  }

  deinit {
    thread.stop()
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe thread.asUnownedSerialExecutor()
  }

  /// Runs several reads as of one moment.
  func read<Value: Sendable>(
    _ body: @Sendable (Transaction) throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    let database = try openDatabase()
    do throws(StoreError) {
      try database.run("BEGIN")
      let value = try body(Transaction(database: database, now: clock()))
      try database.run("COMMIT")
      return value
    } catch {
      recover(database, from: error)
      throw ending.hasCome ? Self.closed : error
    }
  }

  /// Runs several reads as of one moment on somebody's behalf.
  func read<Value: Sendable>(
    as principal: Principal,
    _ body: @Sendable (Transaction, Owner) throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    try read { transaction throws(StoreError) in
      try body(transaction, transaction.reader(principal))
    }
  }

  /// Ends the connection; what is being read ends with an error, and so do later reads.
  nonisolated func close() async {
    ending.come()
    await disconnect()
  }

  private func disconnect() {
    database = nil
  }

  private func openDatabase() throws(StoreError) -> Database {
    guard !ending.hasCome else { throw Self.closed }
    try place.check(log: database?.logIdentity)
    if let database { return database }
    let opened = try Database(beside: place, ending)
    database = opened
    return opened
  }

  /// A connection whose error is not the row's own is given up; the next read opens another.
  private func recover(_ database: Database, from error: StoreError) {
    do throws(StoreError) {
      try database.rollBack()
      if error.sqliteCode != 0 { self.database = nil }
    } catch {
      self.database = nil
    }
  }

  private static var closed: StoreError {
    StoreError(.closed, "use the store", "the store was closed")
  }
}

extension Database {
  /// KiB of pages that stay in memory (`PRAGMA cache_size`); the system has them, too.
  private static let cacheSize = 2048

  /// Opens the database for one that only reads it.
  ///
  /// The store has looked at the file and opened it before. To open and close it here, other than by
  /// SQLite, would end the locks of this process (https://sqlite.org/howtocorrupt.html, 2.2).
  fileprivate convenience init(
    beside place: StorePlace, _ ending: ReadEnding
  ) throws(StoreError) {
    let isComplete = !place.isWritten && place.file.logSize == 0
    try self.init(forReading: place.file.path, isComplete: isComplete)
    try protect()
    try script("PRAGMA cache_size = -\(Self.cacheSize)")
    // A read makes it; until then there may be none.
    _ = try integer("PRAGMA schema_version")
    logIdentity = FileIdentity(path: place.file.logPath)
    ending.watch(self)
  }
}
