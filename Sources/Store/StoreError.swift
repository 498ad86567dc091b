/// Tells why the store could not do what was asked; nothing of that operation is on disk.
package struct StoreError: Error, Equatable, Sendable {
  package enum Code: Sendable {
    /// No such row for this user; one that belongs to another user looks the same.
    case notFound
    /// The row is there already, or is past the state that the operation needs.
    case conflict
    /// The file system has no space left, or the database has reached its largest size.
    case full
    case readOnly
    /// The file system failed; the next operation may succeed.
    case io
    /// What was read is not what was written.
    case corrupt
    /// Another process holds the database.
    case busy
    /// A newer Halley made this database.
    case tooNew
    /// Another program made this database.
    case foreign
    /// Owner or mode of the file or its directory are not as they must be.
    case permission
    /// The files were replaced, renamed or deleted since they were opened.
    case moved
    /// The store was closed.
    case closed
    /// The task was cancelled.
    case cancelled
    /// SQLite failed in a way that has no other code.
    case failed
  }

  package let code: Code
  /// What was being done, as in "finish a response".
  package let operation: String
  /// For people; names what was found and what was expected.
  package let message: String
  /// SQLite's extended result code; 0 where SQLite was not asked.
  package let sqliteCode: Int32
  /// `errno` of the system call that failed; 0 where it is not known.
  package let systemError: Int32

  init(
    _ code: Code, _ operation: String, _ message: String, sqliteCode: Int32 = 0,
    systemError: Int32 = 0
  ) {
    self.code = code
    self.operation = operation
    self.message = message
    self.sqliteCode = sqliteCode
    self.systemError = systemError
  }

  /// The answer for an id that is absent or another user's.
  static func notFound(_ kind: String, _ id: String) -> StoreError {
    StoreError(.notFound, "find the \(kind)", "no \(kind) \"\(id)\"")
  }

  /// The answer for a conversation's name that the user does not have.
  package static func noConversation(_ name: String) -> StoreError {
    .notFound("conversation", name)
  }

  static func corrupt(_ table: String, _ row: Int64) -> StoreError {
    StoreError(
      .corrupt, "read \(table)", "row \(row) of \(table) does not match its checksum")
  }
}

extension StoreError: CustomStringConvertible {
  package var description: String {
    var text = "\(operation): \(message)"
    if sqliteCode != 0 { text += " (SQLite code \(sqliteCode))" }
    if systemError != 0 { text += " (errno \(systemError))" }
    return text
  }
}
