import Client

/// The key that turns the line into a command, and the one beside it that explains the line.
struct ShellKey {
  private enum Modifier {
    case alt
    case control
  }

  /// The ways in which terminals, shells and their users spell a modifier.
  private static let spellings: [(prefix: String, modifier: Modifier)] = [
    ("alt-", .alt), ("alt+", .alt), ("meta-", .alt), ("m-", .alt), ("\\m-", .alt), ("\\e", .alt),
    ("^[", .alt), ("\u{1B}", .alt), ("control-", .control), ("ctrl-", .control),
    ("ctrl+", .control), ("c-", .control), ("\\c-", .control), ("\\c", .control), ("^", .control),
  ]

  /// What these letters mean with Ctrl, on every terminal.
  private static let taken: [Character: String] = [
    "c": "interrupts", "d": "ends the input", "h": "is Backspace on some terminals",
    "i": "is Tab", "j": "is Enter", "m": "is Enter", "q": "starts the output again",
    "s": "stops the output", "z": "suspends",
  ]

  private let modifier: Modifier
  private let letter: Character

  init(_ text: String) throws(Failure) {
    let typed = text.lowercased()
    let found = Self.spellings.lazy.compactMap { spelling in
      typed.hasPrefix(spelling.prefix)
        ? (spelling.modifier, typed.dropFirst(spelling.prefix.count)) : nil
    }.first { Self.isLetter($0.1) }
    guard let (modifier, rest) = found, let letter = rest.first else {
      throw .usage(
        "--key: \"\(text)\" found where alt-LETTER or ctrl-LETTER was expected",
        advice: "as in: --key alt-k, which explains with Shift too")
    }
    if modifier == .control, let meaning = Self.taken[letter] {
      throw .usage(
        "--key: ctrl-\(letter) can't be taken: it \(meaning)",
        advice: "alt-\(letter) is free in most shells")
    }
    self.modifier = modifier
    self.letter = letter
  }

  private static func isLetter(_ text: Substring) -> Bool {
    text.utf8.count == 1 && text.utf8.allSatisfy { ($0 &- UInt8(ascii: "a")) < 26 }
  }

  /// The arguments for `__halley_bind`: the key, then the key that explains. With Alt that is the same
  /// with Shift, and with Ctrl, where terminals send no Shift, the same with Alt.
  func arguments(for shell: Shell) -> String {
    let capital = letter.uppercased()
    switch (shell, modifier) {
    case (.bash, .alt): return "'\\e\(letter)' '\\e\(capital)'"
    case (.bash, .control): return "'\\C-\(letter)' '\\e\\C-\(letter)'"
    case (.zsh, .alt): return "'^[\(letter)' '^[\(capital)'"
    case (.zsh, .control): return "'^\(capital)' '^[^\(capital)'"
    case (.fish, .alt): return "\\e\(letter) \\e\(capital)"
    case (.fish, .control): return "\\c\(letter) \\e\\c\(letter)"
    }
  }
}
