internal import CSQLite

/// A prepared statement; reset after each use and finalized with its last reference.
@safe final class Statement {
  private let handle: OpaquePointer
  private unowned let database: Database

  init(_ sql: String, in database: Database) throws(StoreError) {
    var handle: OpaquePointer?
    let code = unsafe sqlite3_prepare_v3(
      database.handle, sql, Int32(sql.utf8.count), UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
    guard code == SQLITE_OK, let handle = unsafe handle else {
      throw database.failure("prepare \"\(sql)\"", code)
    }
    unsafe self.handle = handle
    self.database = database
  }

  deinit {
    unsafe sqlite3_finalize(handle)
  }

  func bind(_ values: [SQLValue]) throws(StoreError) {
    for (index, value) in values.enumerated() {
      let code = bind(value, at: Int32(index + 1))
      guard code == SQLITE_OK else { throw database.failure("bind a parameter", code) }
    }
  }

  private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
    switch value {
    case .integer(.some(let integer)):
      unsafe sqlite3_bind_int64(handle, index, integer)
    case .text(.some(let text)):
      bind(text, at: index)
    case .blob(.some(let bytes)):
      unsafe bytes.withUnsafeBytes { buffer in
        // An empty buffer has no address, and a null address would bind NULL.
        unsafe buffer.isEmpty
          ? sqlite3_bind_zeroblob(handle, index, 0)
          : halley_sqlite_bind_blob(handle, index, buffer.baseAddress, UInt64(buffer.count))
      }
    case .integer(.none), .text(.none), .blob(.none):
      unsafe sqlite3_bind_null(handle, index)
    }
  }

  private func bind(_ text: String, at index: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { buffer in
      unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
        unsafe characters.isEmpty
          ? halley_sqlite_bind_text(handle, index, "", 0)
          : halley_sqlite_bind_text(
            handle, index, characters.baseAddress, UInt64(characters.count))
      }
    }
  }

  /// Moves to the next row (`sqlite3_step`); false when there is none.
  func step() throws(StoreError) -> Bool {
    switch unsafe sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code:
      throw database.failure("run \"\(unsafe String(cString: sqlite3_sql(handle)))\"", code)
    }
  }

  func reset() {
    // The result repeats the error of the last step, which was thrown then.
    _ = unsafe sqlite3_reset(handle)
    _ = unsafe sqlite3_clear_bindings(handle)
  }

  var row: Row { unsafe Row(of: handle) }
}
