import CSQLite

/// A database file, looked at and changed beside the store.
@safe final class SQLiteFile {
  private let handle: OpaquePointer

  init(_ path: String) throws {
    var handle: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    guard unsafe sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK, let handle = unsafe handle
    else { throw TestFailure("open \(path)") }
    unsafe self.handle = handle
  }

  deinit { unsafe sqlite3_close_v2(handle) }

  func run(_ script: String) throws {
    guard unsafe sqlite3_exec(handle, script, nil, nil, nil) == SQLITE_OK else {
      throw TestFailure(unsafe String(cString: sqlite3_errmsg(handle)))
    }
  }

  /// The first column of all rows.
  func column(_ sql: String) throws -> [String] {
    var statement: OpaquePointer?
    defer { unsafe sqlite3_finalize(statement) }
    guard unsafe sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else {
      throw TestFailure(unsafe String(cString: sqlite3_errmsg(handle)))
    }
    var values: [String] = []
    while unsafe sqlite3_step(statement) == SQLITE_ROW {
      let text = unsafe sqlite3_column_text(statement, 0)
      values.append(unsafe text.map { unsafe String(cString: $0) } ?? "NULL")
    }
    return values
  }

  /// How many rows each table has, the tables of search indexes among them.
  func rowCounts() throws -> [String: String] {
    let tables = try column("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    var counts: [String: String] = [:]
    for table in tables where !table.hasPrefix("sqlite_") {
      // A search index takes up what it lacks, and merges its segments, when it is convenient.
      guard !table.hasPrefix("said_"), !table.hasPrefix("words_") else { continue }
      counts[table] = try column("SELECT count(*) FROM \"\(table)\"").first
    }
    return counts
  }
}
