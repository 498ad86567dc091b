internal import CSQLite

extension Database {
  /// Milliseconds for which a lock is waited for that another program may hold for a moment.
  static let longestWait: Int32 = 2000

  /// Sets all that has to hold before anything is read or written.
  func configure(_ configuration: StoreConfiguration) throws(StoreError) {
    try protect()
    // The vacuum mode is fixed by the first write, which setting the journal mode is. Later it would
    // only write the same again, also where nothing is to be changed.
    if try integer("PRAGMA page_count") ?? 0 == 0 {
      try script("PRAGMA auto_vacuum = INCREMENTAL")
    }
    try useLog()
    if let maximumPages = configuration.maximumPages {
      _ = try integer("PRAGMA max_page_count = \(maximumPages)")
    }
  }

  /// Sets what has to hold before anything is read: the database may be damaged or hostile.
  func protect() throws(StoreError) {
    try set(SQLITE_DBCONFIG_DEFENSIVE, true)
    try set(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, false)
    try set(SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
    try set(SQLITE_DBCONFIG_DQS_DML, false)
    try set(SQLITE_DBCONFIG_DQS_DDL, false)
    unsafe sqlite3_busy_timeout(handle, Self.longestWait)
    try script(
      """
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;
      PRAGMA mmap_size = 0;
      PRAGMA foreign_keys = ON;
      PRAGMA secure_delete = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -8192;
      """)
  }

  /// Checkpoints are the store's own, at quiet moments, so SQLite makes none inside a commit.
  private func useLog() throws(StoreError) {
    let mode = try first("PRAGMA journal_mode = WAL") { $0.text(0) }
    guard mode == "wal" else {
      throw StoreError(
        .failed, "open the store", "the journal mode is \"\(mode ?? "")\", expected \"wal\"")
    }
    try script(
      """
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = 4194304;
      """)
    watchLog()
  }

  /// Refuses a database of another program or of a newer Halley.
  func checkOrigin(_ file: DatabaseFile) throws(StoreError) {
    let version = try integer("PRAGMA user_version") ?? 0
    let application = try integer("PRAGMA application_id") ?? 0
    let tables = try integer("SELECT count(*) FROM sqlite_schema") ?? 0
    guard application == Schema.applicationID || (application == 0 && tables == 0) else {
      throw StoreError(
        .foreign, "open the store",
        "the database has application id \(application), expected \(Schema.applicationID)")
    }
    guard version <= Schema.version else {
      let backup = file.backup(forVersion: Schema.version).map { ", or go back to \($0)" } ?? ""
      throw StoreError(
        .tooNew, "open the store",
        "the database has version \(version), this program knows versions up to"
          + " \(Schema.version): use the newer program or another state directory\(backup)")
    }
  }

  /// Reads every page of the database (`PRAGMA quick_check`).
  func checkPages() throws(StoreError) {
    let finding = try first("PRAGMA quick_check(1)") { $0.text(0) }
    guard finding == "ok" else {
      throw StoreError(.corrupt, "check the database", finding ?? "no answer")
    }
  }

  func countUnindexedTurns() throws(StoreError) {
    unindexedTurns = Int(try integer("SELECT count(*) FROM turns WHERE search = 1") ?? 0)
  }

  /// Runs the body between BEGIN IMMEDIATE and COMMIT; rolls back when either fails.
  func inTransaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    try run("BEGIN IMMEDIATE")
    do throws(StoreError) {
      try body()
      try run("COMMIT")
    } catch {
      try rollBack()
      throw error
    }
  }

  /// Ends the transaction that is open, if any.
  func rollBack() throws(StoreError) {
    if isInTransaction { try run("ROLLBACK") }
  }
}
