import Client
import Glibc

/// One row of the terminal that is drawn again and again, and never wraps into the next.
struct TerminalRow {
  /// Goes to the row's beginning, clears it, and lets lines wrap again (ECMA-48 EL; DEC DECAWM).
  static let erase = "\r\u{1B}[K\u{1B}[?7h"

  private let prompt: String
  private let room: Int

  /// - Parameter prompt: as the shell has expanded it, colours and all; its last line counts, and one
  ///   that leaves little room is left out.
  init(prompt: String) {
    let line =
      prompt.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).last ?? ""
    let visible = TerminalText.width(Self.visible(line))
    let columns = Self.columns
    let fits = visible <= columns / 2
    // readline marks what takes no room by ^A and ^B (its manual, Redisplay).
    self.prompt = fits ? line.filter { $0 != "\u{1}" && $0 != "\u{2}" } : ""
    room = columns - 1 - (fits ? visible : 0)
  }

  /// The bytes that show a text; of one that is too long, its end.
  func showing(_ text: String) -> String {
    let line = TerminalText.safe(text).replacing("\n", with: "↵").replacing("\t", with: " ")
    return "\r\u{1B}[?7l\u{1B}[K" + prompt + Self.end(of: line, columns: room)
  }

  private static func end(of text: String, columns: Int) -> String {
    guard TerminalText.width(text) > columns else { return text }
    var kept: [Character] = []
    var used = 1
    for character in text.reversed() {
      used += TerminalText.width(String(character))
      guard used <= columns else { break }
      kept.append(character)
    }
    return "…" + String(kept.reversed())
  }

  /// A text without its escape sequences (ECMA-48 CSI and OSC) and other marks that take no room.
  private static func visible(_ text: Substring) -> String {
    var visible = ""
    var scalars = text.unicodeScalars[...]
    while let scalar = scalars.popFirst() {
      switch scalar.value {
      case 0x1B: skipSequence(&scalars)
      case 0x01: scalars = scalars.drop { $0.value != 0x02 }
      case 0x00..<0x20, 0x7F: continue
      default: visible.unicodeScalars.append(scalar)
      }
    }
    return visible
  }

  private static func skipSequence(_ scalars: inout Substring.UnicodeScalarView) {
    switch scalars.popFirst() {
    case "[":
      scalars = scalars.drop { !(0x40...0x7E).contains($0.value) }.dropFirst()
    case "]":
      scalars = scalars.drop { $0.value != 0x07 && $0.value != 0x1B }
      if scalars.popFirst()?.value == 0x1B { scalars = scalars.dropFirst() }
    default: return
    }
  }

  private static var columns: Int {
    var size = winsize()
    guard unsafe ioctl(StandardStream.errorDescriptor, UInt(TIOCGWINSZ), &size) == 0,
      size.ws_col > 0
    else { return 80 }
    return Int(size.ws_col)
  }
}
