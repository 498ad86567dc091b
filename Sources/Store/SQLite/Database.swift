internal import CSQLite

/// One connection to the database; used by one thread at a time.
@safe final class Database {
  let handle: OpaquePointer
  private var statements: [String: Statement] = [:]
  /// Statements by where their text lies: nearly all are literals, of which to look at the whole text
  /// would take longer than the rest of the look-up.
  private var placedStatements: [UInt: (sql: String, statement: Statement)] = [:]
  /// Pages in the log that are not yet known to be merged into the database.
  var logPages = 0
  /// About how many turns wait for the search index; more than there are when a transaction was
  /// rolled back.
  var unindexedTurns = 0
  /// The file of the log, for as long as this connection is open.
  var logIdentity: FileIdentity?
  /// Whether the disk failed under this connection, or under one that it stands in for.
  var hasDiskError = false

  /// Opens a file that is there already (`sqlite3_open_v2`); `configure` comes next.
  convenience init(path: String) throws(StoreError) {
    try self.init(path, SQLITE_OPEN_READWRITE)
  }

  /// Opens a file that can't be written.
  ///
  /// - Parameter isComplete: whether nothing is in the log. Without one, and where none can be made,
  ///   SQLite opens only what it is told to be immutable (https://sqlite.org/wal.html#readonly).
  convenience init(forReading path: String, isComplete: Bool) throws(StoreError) {
    let name = path.utf8.map { byte in
      let isPlain = byte < 0x80 && byte > 0x20 && ![0x23, 0x25, 0x3F].contains(byte)
      return isPlain ? String(UnicodeScalar(byte)) : Self.escape(byte)
    }
    try self.init(
      "file:\(name.joined())\(isComplete ? "?immutable=1" : "")",
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI)
  }

  private static func escape(_ byte: UInt8) -> String {
    "%\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))"
  }

  /// Nobody asks SQLite how much memory it takes, and counting takes a lock for each piece of it.
  private static let forgoesStatistics = halley_sqlite_forgo_statistics() == SQLITE_OK

  private init(_ path: String, _ access: Int32) throws(StoreError) {
    _ = Self.forgoesStatistics
    var handle: OpaquePointer?
    let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = unsafe sqlite3_open_v2(path, &handle, flags, nil)
    guard code == SQLITE_OK, let handle = unsafe handle else {
      let failure = unsafe Self.failure("open \(path)", code, handle)
      unsafe sqlite3_close_v2(handle)
      throw failure
    }
    unsafe self.handle = handle
  }

  deinit {
    statements.removeAll()
    placedStatements.removeAll()
    unsafe sqlite3_close_v2(handle)
  }

  // MARK: Running statements

  /// Runs a statement and returns how many rows it changed.
  @discardableResult
  func run(_ sql: String, _ values: SQLValue...) throws(StoreError) -> Int {
    let statement = try start(sql, values)
    defer { statement.reset() }
    while try statement.step() {}
    return Int(unsafe sqlite3_changes64(handle))
  }

  /// Runs an INSERT and returns the row's id.
  func insert(_ sql: String, _ values: SQLValue...) throws(StoreError) -> Int64 {
    let statement = try start(sql, values)
    defer { statement.reset() }
    while try statement.step() {}
    return unsafe sqlite3_last_insert_rowid(handle)
  }

  /// Reads the first row; nil when there is none.
  func first<Value>(
    _ sql: String, _ values: SQLValue...,
    read: (borrowing Row) throws(StoreError) -> Value
  ) throws(StoreError) -> Value? {
    let statement = try start(sql, values)
    defer { statement.reset() }
    return try statement.step() ? read(statement.row) : nil
  }

  /// Reads all rows.
  func all<Value>(
    _ sql: String, _ values: SQLValue...,
    read: (borrowing Row) throws(StoreError) -> Value
  ) throws(StoreError) -> [Value] {
    let statement = try start(sql, values)
    defer { statement.reset() }
    var rows: [Value] = []
    while try statement.step() { rows.append(try read(statement.row)) }
    return rows
  }

  /// Reads rows until the body returns false.
  func each(
    _ sql: String, _ values: SQLValue..., body: (borrowing Row) throws(StoreError) -> Bool
  ) throws(StoreError) {
    let statement = try start(sql, values)
    defer { statement.reset() }
    while try statement.step(), try body(statement.row) {}
  }

  /// Reads the first column of the first row.
  func integer(_ sql: String, _ values: SQLValue...) throws(StoreError) -> Int64? {
    let statement = try start(sql, values)
    defer { statement.reset() }
    return try statement.step() ? statement.row.optionalInteger(0) : nil
  }

  /// Runs several statements without parameters (`sqlite3_exec`).
  func script(_ sql: String) throws(StoreError) {
    let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw failure("run a script", code) }
  }

  /// Runs the body in a savepoint, undoes it where it returns an error, and returns that.
  ///
  /// Some errors end the whole transaction: then nothing is left to undo (`isInTransaction`).
  func inSavepoint(_ body: () -> StoreError?) throws(StoreError) -> StoreError? {
    try run("SAVEPOINT part")
    let error = body()
    if error != nil {
      guard isInTransaction else { return error }
      try run("ROLLBACK TO part")
    }
    try run("RELEASE part")
    return error
  }

  private func start(_ sql: String, _ values: [SQLValue]) throws(StoreError) -> Statement {
    let statement = try prepared(sql)
    try statement.bind(values)
    return statement
  }

  private func prepared(_ sql: String) throws(StoreError) -> Statement {
    // A text that is held lies where no other can, and equals itself without being looked at.
    let place = unsafe sql.utf8.withContiguousStorageIfAvailable {
      UInt(bitPattern: $0.baseAddress)
    }
    if let place, let known = placedStatements[place], known.sql == sql { return known.statement }
    if let statement = statements[sql] { return statement }
    let statement = try Statement(sql, in: self)
    statements[sql] = statement
    if let place, sql.utf8.count > Self.longestInlineText {
      placedStatements[place] = (sql, statement)
    }
    return statement
  }

  /// Bytes of a text that has no place of its own.
  private static let longestInlineText = 15

  var runStatements: [String] { Array(statements.keys) }

  // MARK: State

  /// Whether a transaction is open (`sqlite3_get_autocommit`); some errors end it by themselves.
  var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

  /// Rows changed since the connection was opened (`sqlite3_total_changes64`).
  var totalChanges: Int64 { unsafe sqlite3_total_changes64(handle) }

  var isReadOnly: Bool { unsafe sqlite3_db_readonly(handle, "main") == 1 }

  func set(_ option: Int32, _ isOn: Bool) throws(StoreError) {
    let code = unsafe halley_sqlite_configure(handle, option, isOn ? 1 : 0)
    guard code == SQLITE_OK else { throw failure("configure the database", code) }
  }

  // MARK: Errors

  func failure(_ operation: String, _ code: Int32) -> StoreError {
    if code & 0xFF == SQLITE_IOERR { hasDiskError = true }
    return unsafe Self.failure(operation, code, handle)
  }
}
