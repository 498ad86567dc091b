/// How a text that is being typed is laid out on the rows of a terminal.
struct EditorLayout {
  struct Place: Equatable {
    var row = 0
    var column = 0
  }

  /// What the rows show; the first begins behind the prompt, that of a further line behind as many
  /// spaces.
  private(set) var rows: [String] = [""]
  private(set) var cursor = Place()
  private let columns: Int
  /// Columns of the prompt; 0 where the terminal is too narrow for it.
  let indent: Int
  private var column: Int

  /// - Parameter indent: columns of the prompt.
  init(_ buffer: EditBuffer, indent: Int, columns: Int) {
    self.columns = max(columns, 4)
    self.indent = indent < self.columns / 2 ? indent : 0
    column = self.indent
    add(buffer.before)
    if column >= self.columns { breakRow() }
    cursor = Place(row: rows.count - 1, column: column)
    add(buffer.after)
  }

  private mutating func add(_ text: String) {
    for character in text {
      switch character {
      case "\n":
        breakRow()
        column = indent
        rows[rows.count - 1] = String(repeating: " ", count: indent)
      case "\t":
        repeat { put(" ", width: 1) } while !column.isMultiple(of: 8) && column < columns
      default:
        put(character, width: TerminalText.width(character))
      }
    }
  }

  private mutating func put(_ character: Character, width: Int) {
    if column + width > columns { breakRow() }
    rows[rows.count - 1].append(character)
    column += width
  }

  private mutating func breakRow() {
    rows.append("")
    column = 0
  }
}
