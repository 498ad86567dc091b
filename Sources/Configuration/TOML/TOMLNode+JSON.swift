internal import JSON

extension TOMLNode {
  /// The value as JSON; nil where JSON has no such value (dates, infinity, not-a-number).
  var json: RawJSON? {
    var writer = JSONWriter()
    guard write(to: &writer) else { return nil }
    do throws(JSONError) {
      return try RawJSON(parsing: writer.bytes)
    } catch {
      return nil
    }
  }

  /// Returns false where something can't be written; what was written is then void.
  private func write(to writer: inout JSONWriter) -> Bool {
    switch value {
    case .string(let text): writer.string(text)
    case .integer(let number): writer.integer(number)
    case .float(let number):
      guard number.isFinite else { return false }
      writer.double(number)
    case .boolean(let flag): writer.boolean(flag)
    case .dateTime: return false
    case .array(let elements): return write(elements, to: &writer)
    case .table(let table): return write(table, to: &writer)
    }
    return true
  }

  private func write(_ elements: [TOMLNode], to writer: inout JSONWriter) -> Bool {
    writer.beginArray()
    for element in elements where !element.write(to: &writer) { return false }
    writer.endArray()
    return true
  }

  private func write(_ table: TOMLTable, to writer: inout JSONWriter) -> Bool {
    writer.beginObject()
    for entry in table.entries {
      writer.key(entry.key)
      guard entry.node.write(to: &writer) else { return false }
    }
    writer.endObject()
    return true
  }
}
