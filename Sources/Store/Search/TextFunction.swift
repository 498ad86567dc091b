internal import CSQLite
internal import JSON

/// The SQL function `item_text(json)`, through which the search index reads the text of an item
/// for snippets, so that no text is stored twice.
enum TextFunction {
  static func register(in database: Database) throws(StoreError) {
    // Innocuous lets a view call it although the schema is not trusted: it only reads its argument.
    let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
    let code = unsafe sqlite3_create_function_v2(
      database.handle, "item_text", 1, flags, nil,
      { context, _, arguments in
        unsafe TextFunction.answer(context, arguments?[0])
      }, nil, nil, nil)
    guard code == SQLITE_OK else { throw database.failure("register item_text", code) }
  }

  private static func answer(_ context: OpaquePointer?, _ argument: OpaquePointer?) {
    guard let address = unsafe sqlite3_value_blob(argument) else { return }
    let count = unsafe Int(sqlite3_value_bytes(argument))
    let bytes = unsafe Array(UnsafeRawBufferPointer(start: address, count: count))
    guard var text = said(in: bytes) else { return }
    text.withUTF8 { buffer in
      unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
        unsafe halley_sqlite_result_text(
          context, characters.baseAddress, UInt64(characters.count))
      }
    }
  }

  /// The bytes may be damaged here; whoever shows the item checks its row.
  private static func said(in bytes: [UInt8]) -> String? {
    do throws(JSONError) {
      return ItemText.said(in: try RawJSON(parsing: bytes, limits: .relayed))
    } catch {
      return nil
    }
  }
}
