/// Makes text harmless to a terminal.
package enum TerminalText {
  /// Replaces control characters other than tab and line feed, so that nothing that a model, a file
  /// or a server wrote can move the cursor, set the title or fill the clipboard.
  ///
  /// C0 characters become their pictures (ESC is ␛), C1 characters U+FFFD. A CR before LF is dropped.
  package static func safe(_ text: String) -> String {
    guard text.utf8.contains(where: isSuspect) else { return text }
    var safe = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if scalar == "\n", previous == "\r" { safe.removeLast() }
      safe.append(replacement(scalar))
      previous = scalar
    }
    return String(safe)
  }

  /// The same for what somebody decides about: characters that are not seen and that turn or hide
  /// others (Unicode's category Format) become U+FFFD too.
  package static func exact(_ text: String) -> String {
    var exact = String.UnicodeScalarView()
    for scalar in safe(text).unicodeScalars {
      exact.append(scalar.properties.generalCategory == .format ? "\u{FFFD}" : scalar)
    }
    return String(exact)
  }

  /// 0xC2 begins every C1 character, and some harmless ones.
  private static func isSuspect(_ byte: UInt8) -> Bool {
    (byte < 0x20 && byte != 0x0A && byte != 0x09) || byte == 0x7F || byte == 0xC2
  }

  private static func replacement(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x09, 0x0A: scalar
    case 0x00..<0x20: Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}"
    case 0x7F: "\u{2421}"
    case 0x80..<0xA0: "\u{FFFD}"
    default: scalar
    }
  }

  /// Cuts a text to a number of columns, with an ellipsis where something was cut.
  package static func cut(_ text: String, to columns: Int) -> String {
    guard width(text) > columns, columns > 0 else { return text }
    var kept = ""
    var used = 0
    for character in text {
      let width = width(character)
      guard used + width < columns else { break }
      kept.append(character)
      used += width
    }
    return kept + "…"
  }

  /// The columns that a text takes, by the wide ranges of Unicode's East Asian Width.
  package static func width(_ text: String) -> Int {
    text.reduce(0) { $0 + width($1) }
  }

  static func width(_ character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x20..<0x7F:
      return 1
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      return 2
    default:
      return otherWidth(scalar)
    }
  }

  private static func otherWidth(_ scalar: Unicode.Scalar) -> Int {
    if scalar.properties.isEmojiPresentation { return 2 }
    return switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: 0
    default: 1
    }
  }
}
