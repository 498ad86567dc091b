internal import Wire

/// The text of a TOML file, in which one value is set and all else stays as it is (TOML 1.0).
package struct TOMLFile {
  private struct Entry {
    let path: [String]
    /// Where the value stands.
    let value: Range<Int>
    /// Behind the line on which it ends.
    let end: Int
  }

  private struct Table {
    let path: [String]
    /// Behind its last line that says something.
    var end: Int
  }

  private var bytes: [UInt8]
  private var entries: [Entry] = []
  private var tables = [Table(path: [], end: 0)]
  private var firstHeader: Int?

  package init(_ text: String) {
    bytes = Array(text.utf8)
    scan()
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether a key is set, be it with members of its own.
  package func has(_ path: [String]) -> Bool {
    entries.contains { $0.path == path } || tables.contains { $0.path == path && !path.isEmpty }
  }

  /// Reads a key as it stands in a file: words with dots between them, some of them in quotes.
  package static func path(_ key: String) -> [String]? {
    var file = TOMLFile("")
    file.bytes = Array(key.utf8) + [UInt8(ascii: "=")]
    var index = 0
    guard let path = file.keys(&index, until: UInt8(ascii: "=")), index == file.bytes.count - 1
    else { return nil }
    return path
  }

  /// A value as TOML spells it: what is none is taken for a text.
  package static func value(_ text: String) -> String {
    let isNumber = Int(text) != nil || (Double(text) != nil && text.first?.isLetter == false)
    if text == "true" || text == "false" || isNumber { return text }
    if let first = text.first, "[{\"'".contains(first) { return text }
    return TOMLText.quoted(text)
  }

  /// Sets a value, which is spelled as TOML has it.
  ///
  /// - Throws: where the key is a table, or would have to be set within a value.
  package mutating func set(_ path: [String], to value: String) throws(Failure) {
    if tables.contains(where: { $0.path == path }) {
      throw .usage("\(path.joined(separator: ".")) is a table, the name of a value was expected")
    }
    if let entry = entries.first(where: { $0.path == path }) {
      bytes.replaceSubrange(entry.value, with: Array(value.utf8))
    } else if let holder = entries.first(where: { path.starts(with: $0.path) }) {
      throw .usage(
        "\(path.joined(separator: ".")) stands within the value of "
          + holder.path.joined(separator: "."),
        advice: "set that one whole, or use: halley config edit")
    } else {
      insert(path, value)
    }
    self = TOMLFile(text)
  }

  private mutating func insert(_ path: [String], _ value: String) {
    let parent = Array(path.dropLast())
    let line = "\(TOMLText.path(path.suffix(1))) = \(value)\n"
    if let table = tables.first(where: { $0.path == parent && !parent.isEmpty }) {
      return insert(line, at: table.end)
    }
    guard parent.isEmpty else {
      let gap = bytes.isEmpty ? "" : bytes.suffix(2) == [0x0A, 0x0A] ? "" : "\n"
      return insert("\(gap)[\(TOMLText.path(parent))]\n\(line)", at: bytes.count)
    }
    guard tables[0].end == 0 else { return insert(line, at: tables[0].end) }
    // Comments at the top stay there, unless a table follows them.
    if firstHeader == nil { insert(line, at: bytes.count) } else { insert(line + "\n", at: 0) }
  }

  private mutating func insert(_ text: String, at index: Int) {
    let needsLine = index > 0 && bytes[index - 1] != 0x0A
    bytes.insert(contentsOf: Array(((needsLine ? "\n" : "") + text).utf8), at: index)
  }

  // MARK: Reading

  /// Finds tables and keys. A line that is neither ends the search: the daemon says what is wrong.
  private mutating func scan() {
    var index = 0
    var table: [String] = []
    while index < bytes.count {
      skipBlank(&index)
      guard index < bytes.count else { return }
      let start = index
      if bytes[index] == UInt8(ascii: "[") {
        guard let path = header(&index) else { return }
        firstHeader = firstHeader ?? start
        table = path
        skipLine(&index)
        tables.append(Table(path: path, end: index))
        continue
      }
      guard let path = keys(&index, until: UInt8(ascii: "=")), index < bytes.count else { return }
      index += 1
      skipSpaces(&index)
      let value = index
      skipValue(&index)
      let end = trimmed(value..<index)
      skipLine(&index)
      entries.append(Entry(path: table + path, value: value..<end, end: index))
      tables[tables.count - 1].end = index
    }
  }

  private func trimmed(_ range: Range<Int>) -> Int {
    var end = range.upperBound
    while end > range.lowerBound, bytes[end - 1] <= 0x20 { end -= 1 }
    return end
  }

  private mutating func header(_ index: inout Int) -> [String]? {
    let isArray = index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "[")
    index += isArray ? 2 : 1
    guard let path = keys(&index, until: UInt8(ascii: "]")) else { return nil }
    // What stands in an array of tables has no name of its own.
    return isArray ? path + ["[]"] : path
  }

  private func keys(_ index: inout Int, until end: UInt8) -> [String]? {
    var path: [String] = []
    while index < bytes.count {
      skipSpaces(&index)
      guard let word = key(&index) else { return nil }
      path.append(word)
      skipSpaces(&index)
      guard index < bytes.count else { return nil }
      if bytes[index] == end { return path }
      guard bytes[index] == UInt8(ascii: ".") else { return nil }
      index += 1
    }
    return nil
  }

  private func key(_ index: inout Int) -> String? {
    guard index < bytes.count else { return nil }
    let start = index
    let quote = bytes[index]
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      skipString(&index)
      guard index - start >= 2 else { return nil }
      let inner = String(decoding: bytes[(start + 1)..<(index - 1)], as: UTF8.self)
      return quote == UInt8(ascii: "'")
        ? inner : inner.replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
    }
    while index < bytes.count, TOMLText.isBare(bytes[index]) { index += 1 }
    return index == start ? nil : String(decoding: bytes[start..<index], as: UTF8.self)
  }

  private func skipSpaces(_ index: inout Int) {
    while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
  }

  private func skipLine(_ index: inout Int) {
    while index < bytes.count, bytes[index] != 0x0A { index += 1 }
    if index < bytes.count { index += 1 }
  }

  private func skipBlank(_ index: inout Int) {
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "#") {
        skipLine(&index)
      } else if bytes[index] <= 0x20 {
        index += 1
      } else {
        return
      }
    }
  }

  /// Goes to the end of a value, which may have lines within brackets and long strings.
  private func skipValue(_ index: inout Int) {
    var depth = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        skipString(&index)
        continue
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: "#"):
        guard depth > 0 else { return }
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
        continue
      case 0x0A: if depth <= 0 { return }
      default: break
      }
      index += 1
    }
  }

  private func skipString(_ index: inout Int) {
    let quote = bytes[index]
    let isLong = bytes[index...].starts(with: [quote, quote, quote])
    index += isLong ? 3 : 1
    while index < bytes.count {
      if quote == UInt8(ascii: "\""), bytes[index] == UInt8(ascii: "\\") {
        index = min(index + 2, bytes.count)
      } else if isLong
        ? bytes[index...].starts(with: [quote, quote, quote]) : bytes[index] == quote
      {
        index += isLong ? 3 : 1
        return
      } else if !isLong, bytes[index] == 0x0A {
        return
      } else {
        index += 1
      }
    }
  }
}
