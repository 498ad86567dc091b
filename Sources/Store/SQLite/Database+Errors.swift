internal import CSQLite
internal import Glibc

extension Database {
  /// Turns a result code into an error, with what SQLite and the system say about it.
  static func failure(
    _ operation: String, _ code: Int32, _ handle: OpaquePointer?
  ) -> StoreError {
    let systemError = unsafe handle.map { unsafe sqlite3_system_errno($0) } ?? 0
    let message =
      unsafe handle.map { unsafe String(cString: sqlite3_errmsg($0)) }
      ?? String(cString: sqlite3_errstr(code))
    let kind = kind(of: code, systemError)
    return StoreError(
      kind, operation, message, sqliteCode: code,
      systemError: kind == .io || kind == .full || kind == .readOnly ? systemError : 0)
  }

  private static func kind(of code: Int32, _ systemError: Int32) -> StoreError.Code {
    switch code & 0xFF {
    case SQLITE_FULL: .full
    case SQLITE_READONLY: .readOnly
    case SQLITE_IOERR, SQLITE_CANTOPEN: kind(ofSystem: systemError)
    case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    case SQLITE_PERM, SQLITE_AUTH: .permission
    default: .failed
    }
  }

  /// SQLite reports a full or read-only file system as a plain I/O error where it happens in the
  /// write-ahead log's index or in a sync.
  private static func kind(ofSystem error: Int32) -> StoreError.Code {
    switch error {
    case ENOSPC, EDQUOT: .full
    case EROFS: .readOnly
    case EACCES, EPERM: .permission
    default: .io
    }
  }
}
