internal import CSQLite
internal import Glibc

extension Database {
  /// Turns a result code into an error, with what SQLite and the system say about it.
  static func failure(
    _ operation: String, _ code: Int32, _ handle: OpaquePointer?
  ) -> StoreError {
    // A COMMIT keeps none, but leaves that of the thread.
    let last = errno
    let kept = unsafe handle.map { unsafe sqlite3_system_errno($0) } ?? 0
    let systemError = kept == 0 ? last : kept
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
    case SQLITE_IOERR, SQLITE_CANTOPEN: StoreError.Code(system: systemError)
    case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    case SQLITE_PERM, SQLITE_AUTH: .permission
    default: .failed
    }
  }
}

extension StoreError.Code {
  /// What a system call's error comes to. SQLite reports a full or read-only file system, a quota and
  /// a limit of files as a plain I/O error.
  init(system error: Int32) {
    self =
      switch error {
      case ENOSPC, EDQUOT, EFBIG: .full
      case EROFS: .readOnly
      case EACCES, EPERM, ELOOP: .permission
      default: .io
      }
  }
}
