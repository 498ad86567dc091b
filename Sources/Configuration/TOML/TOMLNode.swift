internal import Wire

/// One value of a TOML text, with the place where it stands.
struct TOMLNode: Sendable {
  enum Value: Sendable {
    case string(String)
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    /// A date or time, which no setting takes.
    case dateTime
    case array([TOMLNode])
    case table(TOMLTable)
  }

  var value: Value
  let origin: ConfigurationOrigin

  /// What was found, for people.
  ///
  /// - Parameter isSecret: leaves the value itself out.
  func described(isSecret: Bool = false) -> String {
    switch value {
    case .string(let text): isSecret ? "a string" : "the string \(TOMLText.quoted(shortened(text)))"
    case .integer(let number): isSecret ? "an integer" : "the integer \(number)"
    case .float(let number): isSecret ? "a number" : "the number \(number)"
    case .boolean(let flag): "\(flag)"
    case .dateTime: "a date or time"
    case .array(let elements): elements.isEmpty ? "an empty array" : "an array"
    case .table: "a table"
    }
  }

  /// A message should fit a line.
  private func shortened(_ text: String) -> String {
    text.count > 60 ? text.prefix(60) + "…" : text
  }
}

/// The keys of a table in the order in which they stand.
struct TOMLTable: Sendable {
  struct Entry: Sendable {
    let key: String
    let keyOrigin: ConfigurationOrigin
    var node: TOMLNode
  }

  var entries: [Entry] = []
  /// Whether it is written as `{ … }`.
  var isInline = false

  subscript(key: String) -> TOMLNode? {
    entries.first { $0.key == key }?.node
  }

  /// Lays another table over this one.
  ///
  /// Tables are merged key by key. Any other value replaces the earlier one whole, and so do
  /// arrays and tables in braces: half of `{ env = "A" }` and half of `{ file = "b" }` are no value.
  mutating func merge(_ later: TOMLTable) {
    for entry in later.entries {
      guard let index = entries.firstIndex(where: { $0.key == entry.key }) else {
        entries.append(entry)
        continue
      }
      if case .table(let over) = entry.node.value, !over.isInline,
        case .table(var under) = entries[index].node.value
      {
        under.merge(over)
        entries[index].node.value = .table(under)
      } else {
        entries[index] = entry
      }
    }
  }
}
