internal import CSQLite

extension Database {
  enum CheckpointMode {
    /// Merges what can be merged without waiting.
    case passive
    /// Merges everything and cuts the log to nothing.
    case truncate
  }

  /// Merges the write-ahead log into the database (`sqlite3_wal_checkpoint_v2`).
  ///
  /// - Parameter waits: for those who read the log, instead of throwing `busy`.
  func checkpoint(_ mode: CheckpointMode, waits: Bool = false) throws(StoreError) {
    var pages: Int32 = 0
    var merged: Int32 = 0
    unsafe sqlite3_busy_timeout(handle, waits ? Self.longestWait : 0)
    defer { unsafe sqlite3_busy_timeout(handle, Self.longestWait) }
    let code = unsafe sqlite3_wal_checkpoint_v2(
      handle, nil, mode == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE,
      &pages, &merged)
    guard code == SQLITE_OK else { throw failure("merge the log", code) }
    logPages = Int(pages - merged)
  }

  /// Lets the end of the connection neither merge nor delete a log (`SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE`):
  /// by now it may be another database's.
  func leaveLog() throws(StoreError) {
    try set(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
  }

  /// Counts the pages of the log at each commit (`sqlite3_wal_hook`).
  func watchLog() {
    _ = unsafe sqlite3_wal_hook(
      handle,
      { database, _, _, pages in
        if let database = unsafe database {
          unsafe Unmanaged<Database>.fromOpaque(database).takeUnretainedValue().logPages =
            Int(pages)
        }
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }
}
