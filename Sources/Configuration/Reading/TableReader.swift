internal import Wire

/// Reads one table key by key, and so knows which keys there are.
struct TableReader {
  let path: [String]
  /// Where the table begins; the built-in origin for one that no file has.
  let origin: ConfigurationOrigin
  let findings: ConfigurationFindings
  private let table: TOMLTable
  /// Whether environment variables and flags may set its keys.
  private let takesText: Bool
  private var known: [String] = []

  init(
    path: [String], table: TOMLTable, origin: ConfigurationOrigin,
    findings: ConfigurationFindings, takesText: Bool = false
  ) {
    self.path = path
    self.table = table
    self.origin = origin
    self.findings = findings
    self.takesText = takesText
  }

  /// Reads a setting; what is not there keeps its default.
  mutating func read<Value>(
    _ key: String, as type: SettingType<Value>, into value: inout Value
  ) {
    var origin = ConfigurationOrigin.builtIn
    if let found = found(key, as: type) { (value, origin) = found }
    findings.record(path, key, type.show(value), origin)
  }

  /// Reads a setting that may be absent.
  mutating func read<Value>(
    _ key: String, as type: SettingType<Value>, into value: inout Value?
  ) {
    guard let found = found(key, as: type) else { return }
    value = found.value
    findings.record(path, key, type.show(found.value), found.origin)
  }

  /// Tells whether a file, a variable or a flag sets a key.
  func has(_ key: String) -> Bool {
    table[key] != nil || (takesText && findings.text(for: path + [key]) != nil)
  }

  private mutating func found<Value>(
    _ key: String, as type: SettingType<Value>
  ) -> (value: Value, origin: ConfigurationOrigin)? {
    let node = take(key)
    if takesText, let text = findings.text(for: path + [key]) {
      return read(text, key, as: type)
    }
    guard let node else { return nil }
    guard let value = type.read(node.value) else {
      refuse(node, key, expected: type.expected)
      return nil
    }
    return (value, node.origin)
  }

  private func read<Value>(
    _ text: ConfigurationFindings.Text, _ key: String, as type: SettingType<Value>
  ) -> (value: Value, origin: ConfigurationOrigin)? {
    guard let value = type.readText(text.text) else {
      let node = TOMLNode(value: .string(text.text), origin: text.origin)
      refuse(node, key, expected: type.expected)
      return nil
    }
    return (value, text.origin)
  }

  /// Returns the node of a key for a reading of its own, and counts the key among the known.
  mutating func take(_ key: String) -> TOMLNode? {
    known.append(key)
    return table[key]
  }

  /// Returns a reader of a table in this one; nil where the key holds something else.
  mutating func subtable(_ key: String, takesText: Bool = false) -> TableReader? {
    let path = path + [key]
    guard let node = take(key) else {
      return TableReader(
        path: path, table: TOMLTable(), origin: .builtIn, findings: findings, takesText: takesText)
    }
    return reader(of: node, path: path, expected: "a table [\(TOMLText.path(path))]", takesText)
  }

  /// Returns readers of the tables in a table, by name and in their order.
  mutating func subtables(
    _ key: String, named type: SettingType<String>
  ) -> [(name: String, reader: TableReader)] {
    entries(key).compactMap { entry in
      guard check(entry, in: key, type) else { return nil }
      let path = path + [key, entry.key]
      let header = "a table [\(TOMLText.path(path))]"
      return reader(of: entry.node, path: path, expected: header, false).map { (entry.key, $0) }
    }
  }

  /// Returns the keys and nodes of a table in their order.
  mutating func entries(_ key: String) -> [TOMLTable.Entry] {
    guard let node = take(key) else { return [] }
    guard case .table(let table) = node.value else {
      refuse(node, key, expected: "a table")
      return []
    }
    return table.entries
  }

  /// Refuses an entry whose key is no name of its kind.
  func check(
    _ entry: TOMLTable.Entry, in key: String, _ type: SettingType<String>
  ) -> Bool {
    if type.readText(entry.key) != nil { return true }
    findings.refuse(
      ConfigurationError(
        entry.keyOrigin, key: TOMLText.path(path + [key]),
        found: TOMLText.quoted(entry.key), expected: type.expected))
    return false
  }

  private func reader(
    of node: TOMLNode, path: [String], expected: String, _ takesText: Bool
  ) -> TableReader? {
    guard case .table(let table) = node.value else {
      findings.refuse(
        ConfigurationError(
          node.origin, key: TOMLText.path(path), found: node.described(), expected: expected))
      return nil
    }
    return TableReader(
      path: path, table: table, origin: node.origin, findings: findings, takesText: takesText)
  }

  func refuse(_ node: TOMLNode, _ key: String, expected: String, isSecret: Bool = false) {
    refuse(node.origin, key, found: node.described(isSecret: isSecret), expected: expected)
  }

  func refuse(
    _ origin: ConfigurationOrigin, _ key: String, found: String, expected: String,
    suggestion: String? = nil
  ) {
    findings.refuse(
      ConfigurationError(
        origin, key: TOMLText.path(path + [key]), found: found, expected: expected,
        suggestion: suggestion))
  }

  /// Refuses a table without a key that it must have.
  func refuseMissing(_ key: String, expected: String) {
    findings.refuseWhole(
      ConfigurationError(
        origin, key: TOMLText.path(path + [key]), found: "nothing", expected: expected))
  }

  /// Refuses every key that nobody asked for. Called last.
  ///
  /// - Parameter suggested: further names to suggest.
  func finish(alsoSuggesting suggested: [String] = []) {
    for entry in table.entries where !known.contains(entry.key) {
      let nearest = closest(to: entry.key, among: known + suggested)
      let header = path.isEmpty ? "at the top" : "in [\(TOMLText.path(path))]"
      refuse(
        entry.keyOrigin, entry.key, found: "an unknown key",
        expected: "a key that is known \(header): \(known.joined(separator: ", "))",
        suggestion: nearest)
    }
  }
}
