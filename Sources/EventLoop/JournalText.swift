/// Text of others as it may stand in a log.
///
/// What could forge a line, move a terminal or turn the direction of writing is escaped as
/// `\u{202E}`: control and format characters, line and paragraph separators.
package enum JournalText {
  /// One line: line ends and tabs become spaces.
  package static func line(_ text: String) -> String { escaped(text) { _ in " " } }

  /// A field, which may have several lines.
  package static func field(_ text: String) -> String { escaped(text) { $0 } }

  private static func escaped(
    _ text: String, space: (Unicode.Scalar) -> Unicode.Scalar
  ) -> String {
    if text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 }) { return text }
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n", "\r", "\t": escaped.append(space(scalar))
      case _ where isUnsafe(scalar):
        let digits = String(scalar.value, radix: 16, uppercase: true)
        escaped.append(contentsOf: "\\u{\(digits)}".unicodeScalars)
      default: escaped.append(scalar)
      }
    }
    return String(escaped)
  }

  /// Whether a character shows nothing of its own and changes what others show.
  package static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    // Joiners are parts of words and of emoji.
    case .format: !(0x200C...0x200D ~= scalar.value)
    default: false
    }
  }
}
