/// Texts as words of a shell, whatever is in them.
package enum ShellText {
  /// Within single quotes everything but these is itself (POSIX.1-2024, Shell Command Language, 2.2.2).
  package static func posix(_ text: String) -> String {
    "'" + text.replacing("'", with: "'\\''") + "'"
  }

  /// The same, without quotes where none are needed.
  package static func word(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || "-_./,:=@%+".utf8.contains(byte)
    }
    return isPlain && !text.isEmpty ? text : posix(text)
  }

  /// In fish a backslash takes the meaning from a quote and a backslash within single quotes.
  package static func fish(_ text: String) -> String {
    "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
  }
}
