/// Breaks text that arrives in pieces into lines of a terminal's width, at spaces.
///
/// A word is held back until its end is there, or until it is released. Looks as SGR sequences take no
/// room.
struct WordWrapper {
  private let columns: Int
  private var column = 0
  /// Spaces that stand before the word, which a break takes the place of.
  private var gap = 0
  private var word = ""
  private var wordWidth = 0
  /// Whether a part of the word is on the screen, which nothing moves any more.
  private var isReleased = false

  init(columns: Int) {
    self.columns = max(columns, 1)
  }

  /// Whether there is something that could be released.
  var holds: Bool { wordWidth > 0 }

  mutating func append(_ text: String) -> String {
    var wrapped = ""
    var rest = text[...]
    while let character = rest.first {
      if character == "\u{1B}", let end = rest.firstIndex(of: "m") {
        word += rest[...end]
        rest = rest[end...].dropFirst()
        continue
      }
      rest = rest.dropFirst()
      take(character, &wrapped)
    }
    if wordWidth == 0 || isReleased { wrapped += endWord(keepsOpen: true) }
    return wrapped
  }

  private mutating func take(_ character: Character, _ wrapped: inout String) {
    switch character {
    case " ":
      wrapped += endWord()
      gap += 1
    case "\n":
      wrapped += endWord() + "\n"
      (column, gap) = (0, 0)
    case "\t":
      wrapped += endWord() + String(repeating: " ", count: gap) + "\t"
      column = (column + gap) / 8 * 8 + 8
      gap = 0
    default:
      word.append(character)
      wordWidth += TerminalText.width(character)
    }
  }

  /// What is not to be broken, such as code.
  mutating func verbatim(_ text: String) -> String {
    let before = endWord() + String(repeating: " ", count: gap)
    gap = 0
    if let end = text.lastIndex(of: "\n") {
      column = TerminalText.width(String(text[end...].dropFirst()))
    }
    return before + text
  }

  /// The part of the word that is there.
  mutating func release() -> String { holds ? endWord(keepsOpen: true) : "" }

  mutating func finish() -> String { endWord() }

  private mutating func endWord(keepsOpen: Bool = false) -> String {
    defer {
      if wordWidth > 0 || !keepsOpen { isReleased = keepsOpen }
      (word, wordWidth) = ("", 0)
    }
    guard wordWidth > 0 else { return word }
    let needed = isReleased ? wordWidth : gap + wordWidth
    if !isReleased, column > 0, column + needed > columns {
      (column, gap) = (wordWidth % columns, 0)
      return "\n" + word
    }
    let spaces = isReleased ? "" : String(repeating: " ", count: gap)
    gap = 0
    column = (column + needed) % columns == 0 ? columns : (column + needed) % columns
    return spaces + word
  }
}
