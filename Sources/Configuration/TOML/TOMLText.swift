/// Writes values as TOML 1.0 spells them.
enum TOMLText {
  /// A basic string in quotes.
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}": quoted += escaped(scalar)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
  }

  static func array(_ texts: [String]) -> String {
    "[" + texts.map(quoted).joined(separator: ", ") + "]"
  }

  /// A table in braces; its values are TOML already.
  static func table(_ members: [(key: String, value: String)]) -> String {
    guard !members.isEmpty else { return "{}" }
    return "{ " + members.map { "\(key($0.key)) = \($0.value)" }.joined(separator: ", ") + " }"
  }

  /// A key, in quotes where it is not bare.
  static func key(_ key: String) -> String {
    let isBare = key.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-_".utf8.contains($0) }
    return isBare && !key.isEmpty ? key : quoted(key)
  }

  static func path(_ keys: [String]) -> String {
    keys.map(key).joined(separator: ".")
  }
}

extension TOMLText {
  /// Any value, tables in braces.
  static func value(_ node: TOMLNode) -> String {
    switch node.value {
    case .string(let text): quoted(text)
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    case .dateTime: "a date or time"
    case .array(let elements): "[" + elements.map(value).joined(separator: ", ") + "]"
    case .table(let members): table(members.entries.map { ($0.key, value($0.node)) })
    }
  }
}
