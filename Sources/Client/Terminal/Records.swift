package import JSON

/// Shows a list of JSON objects, whatever their members: as a table or as CSV.
package struct Records {
  private let keys: [String]
  private let records: [[String: RawJSON]]

  /// Takes objects; the members of inner ones count as `outer.inner`, arrays are left out.
  package init(_ elements: [RawJSON]) {
    var keys: [String] = []
    var records: [[String: RawJSON]] = []
    for element in elements {
      var record: [String: RawJSON] = [:]
      for (key, value) in Self.flatten(element, "") {
        record[key] = value
        if !keys.contains(key) { keys.append(key) }
      }
      records.append(record)
    }
    self.keys = keys
    self.records = records
  }

  package var isEmpty: Bool { records.isEmpty }

  package func table(styles: Bool) -> String {
    var table = Table(keys)
    for record in records {
      table.add(keys.map { key in record[key].map { FieldText.text($0, of: key) } })
    }
    return table.text(styles: styles)
  }

  /// The records as CSV (RFC 4180, with LF for line ends): values as they came, null as nothing.
  package var csv: String {
    let lines = records.map { record in
      keys.map { key in
        guard let value = record[key], !value.isNull else { return "" }
        return Self.quote(value.string ?? value.text)
      }
    }
    return ([keys.map(Self.quote)] + lines).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  private static func flatten(_ json: RawJSON, _ prefix: String) -> [(String, RawJSON)] {
    json.members.flatMap { member in
      let key = prefix + member.key
      switch member.value.kind {
      case .object: return flatten(member.value, key + ".")
      case .array: return []
      default: return [(key, member.value)]
      }
    }
  }

  private static func quote(_ text: String) -> String {
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
