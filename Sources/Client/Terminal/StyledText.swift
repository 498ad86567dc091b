/// Measures and wraps text that holds looks as SGR sequences.
enum StyledText {
  /// The columns that a text takes.
  static func width(_ text: String) -> Int {
    var width = 0
    forEachPart(of: text) { part in
      if case .character(_, let columns) = part { width += columns }
    }
    return width
  }

  /// Breaks a text into lines of at most some columns, at spaces where it has some. A look that goes
  /// on is ended at a line's end and begun again on the next.
  static func wrap(_ text: String, to columns: Int) -> [String] {
    var wrapper = Wrapper(columns: max(columns, 1))
    forEachPart(of: text) { wrapper.take($0) }
    return wrapper.finish()
  }

  fileprivate enum Part {
    case look(Substring)
    case character(Character, columns: Int)
  }

  private static func forEachPart(of text: String, _ body: (Part) -> Void) {
    var rest = text[...]
    while let first = rest.first {
      if first == "\u{1B}", let end = rest.firstIndex(of: "m") {
        body(.look(rest[...end]))
        rest = rest[end...].dropFirst()
      } else {
        body(.character(first, columns: TerminalText.width(first)))
        rest = rest.dropFirst()
      }
    }
  }

  private struct Wrapper {
    let columns: Int
    private var lines: [String] = []
    private var line = ""
    private var lineWidth = 0
    /// What has come since the last space, and the look at its start.
    private var word = ""
    private var wordWidth = 0
    private var lookBeforeWord = ""
    private var look = ""

    init(columns: Int) {
      self.columns = columns
    }

    mutating func take(_ part: Part) {
      switch part {
      case .look(let sequence):
        word += sequence
        look = sequence == TerminalStyle.reset ? "" : look + sequence
      case .character(" ", _):
        endWord()
        if lineWidth < columns {
          line += " "
          lineWidth += 1
        }
      case .character(let character, let width):
        if wordWidth + width > columns { endWord() }
        word.append(character)
        wordWidth += width
      }
    }

    mutating func finish() -> [String] {
      endWord()
      endLine(nextLook: "")
      return lines
    }

    private mutating func endWord() {
      if lineWidth + wordWidth > columns { endLine(nextLook: lookBeforeWord) }
      line += word
      lineWidth += wordWidth
      word = ""
      wordWidth = 0
      lookBeforeWord = look
    }

    private mutating func endLine(nextLook: String) {
      while line.last == " " { line.removeLast() }
      lines.append(nextLook.isEmpty ? line : line + TerminalStyle.reset)
      line = nextLook
      lineWidth = 0
    }
  }
}
