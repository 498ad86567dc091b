/// Texts as words of a shell, whatever is in them.
package enum ShellText {
  /// Within single quotes everything but these is itself (POSIX.1-2024, Shell Command Language, 2.2.2).
  package static func posix(_ text: String) -> String {
    "'" + text.replacing("'", with: "'\\''") + "'"
  }

  /// In fish a backslash takes the meaning from a quote and a backslash within single quotes.
  package static func fish(_ text: String) -> String {
    "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
  }
}
