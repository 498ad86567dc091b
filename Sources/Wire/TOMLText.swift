/// Writes values as TOML 1.0 spells them.
package enum TOMLText {
  /// A basic string in quotes.
  package static func quoted(_ text: String) -> String {
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

  package static func array(_ texts: [String]) -> String {
    "[" + texts.map(quoted).joined(separator: ", ") + "]"
  }

  /// A table in braces; its values are TOML already.
  package static func table(_ members: [(key: String, value: String)]) -> String {
    guard !members.isEmpty else { return "{}" }
    return "{ " + members.map { "\(key($0.key)) = \($0.value)" }.joined(separator: ", ") + " }"
  }

  /// A key, in quotes where it is not bare.
  package static func key(_ key: String) -> String {
    key.utf8.allSatisfy(isBare) && !key.isEmpty ? key : quoted(key)
  }

  /// Whether a byte stands in a key without quotes.
  package static func isBare(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }

  package static func path(_ keys: [String]) -> String {
    keys.map(key).joined(separator: ".")
  }
}
