/// The looks that an answer's text can have, as SGR sequences (ECMA-48, section 8.3.117).
package enum TerminalStyle: String, Sendable {
  case bold = "1"
  case dim = "2"
  case italic = "3"
  case underline = "4"
  case struck = "9"
  case cyan = "36"
  case heading = "1;34"
  case warning = "1;31"

  static let reset = "\u{1B}[0m"

  var start: String { "\u{1B}[\(rawValue)m" }

  /// Puts a text into this look and returns to the plain one behind it.
  package func callAsFunction(_ text: some StringProtocol) -> String {
    text.isEmpty ? "" : start + text + Self.reset
  }
}
