internal import CSQLite

/// A copy of a database that is made while that is in use (`sqlite3_backup`).
///
/// What the source's connection writes meanwhile goes into pages that are copied already, so that a
/// complete copy is the database as it was at its last step. Between steps nothing is locked.
@safe final class DatabaseCopy {
  let source: Database
  private let destination: Database
  private let handle: OpaquePointer

  /// - Parameter path: of an empty file, which is good for nothing until the copy is complete and
  ///   synced: nothing of it is written twice and nothing waited for.
  init(of source: Database, to path: String) throws(StoreError) {
    let destination = try Database(path: path)
    try destination.script(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE")
    guard
      let handle = unsafe sqlite3_backup_init(
        destination.handle, "main", source.handle, "main")
    else {
      throw destination.failure("begin a copy", unsafe sqlite3_errcode(destination.handle))
    }
    self.source = source
    self.destination = destination
    unsafe self.handle = handle
  }

  deinit {
    // Its result repeats that of the last step.
    _ = unsafe sqlite3_backup_finish(handle)
  }

  /// Copies some pages; returns whether there are more.
  func step(pages: Int32) throws(StoreError) -> Bool {
    switch unsafe sqlite3_backup_step(handle, pages) {
    case SQLITE_DONE: return false
    case SQLITE_OK: return true
    // Neither connection knows of the error.
    case let code: throw unsafe Database.failure("copy the database", code, nil)
    }
  }
}
