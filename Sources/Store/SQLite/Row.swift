internal import CSQLite

/// The columns of the row that a statement stands on; valid until its next step.
@safe struct Row: ~Copyable {
  private let statement: OpaquePointer

  init(of statement: OpaquePointer) {
    unsafe self.statement = statement
  }

  func integer(_ column: Int32) -> Int64 {
    unsafe sqlite3_column_int64(statement, column)
  }

  func flag(_ column: Int32) -> Bool {
    integer(column) != 0
  }

  func optionalInteger(_ column: Int32) -> Int64? {
    isNull(column) ? nil : integer(column)
  }

  /// A double, zero for NULL.
  func double(_ column: Int32) -> Double {
    unsafe sqlite3_column_double(statement, column)
  }

  /// A text, empty for NULL.
  func text(_ column: Int32) -> String {
    String(decoding: bytes(column), as: UTF8.self)
  }

  func optionalText(_ column: Int32) -> String? {
    isNull(column) ? nil : text(column)
  }

  /// A copy of the bytes of a blob or text, empty for NULL.
  func bytes(_ column: Int32) -> [UInt8] {
    // The address comes first: asking for it may convert the value and change its size.
    guard let address = unsafe sqlite3_column_blob(statement, column) else { return [] }
    let count = unsafe sqlite3_column_bytes(statement, column)
    return unsafe Array(UnsafeRawBufferPointer(start: address, count: Int(count)))
  }

  func optionalBytes(_ column: Int32) -> [UInt8]? {
    isNull(column) ? nil : bytes(column)
  }

  /// The bytes that were packed; none where they are damaged, which a checksum tells.
  func unpacked(_ column: Int32) -> [UInt8] {
    PackedBytes.unpack(bytes(column)) ?? []
  }

  private func isNull(_ column: Int32) -> Bool {
    unsafe sqlite3_column_type(statement, column) == SQLITE_NULL
  }
}
