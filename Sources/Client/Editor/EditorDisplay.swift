/// Shows the text that is being typed, over what it has shown of it before.
struct EditorDisplay {

  private static let clearBelow = "\u{1B}[J"

  private let prompt: String
  private let styles: Bool
  /// The row of the cursor, counted from the first row that is shown.
  private var cursorRow = 0

  /// - Parameter prompt: what stands before the text, in plain characters.
  init(prompt: String, styles: Bool) {
    self.prompt = prompt
    self.styles = styles
  }

  /// The bytes that show the text and put the cursor where it belongs.
  mutating func show(_ state: EditorState, _ size: TerminalSize) -> String {
    let layout = Self.layout(state, prompt, size)
    let first = max(0, layout.cursor.row - size.rows + 1)
    let last = min(layout.rows.count, first + size.rows) - 1
    var text = start
    if first == 0, layout.indent > 0 { text += styles ? TerminalStyle.bold(prompt) : prompt }
    text += layout.rows[first...last].joined(separator: "\r\n")
    cursorRow = layout.cursor.row - first
    text += Self.up(last - layout.cursor.row) + "\r" + Self.right(layout.cursor.column)
    return text
  }

  /// Leaves what is shown as it is and goes to a line of its own behind it.
  mutating func finish(_ state: EditorState, _ size: TerminalSize) -> String {
    let layout = Self.layout(state, prompt, size)
    let below = min(layout.rows.count - 1 - layout.cursor.row, size.rows)
    cursorRow = 0
    return (below > 0 ? "\u{1B}[\(below)B" : "") + "\r\n"
  }

  /// Takes the text off the screen, the screen's other contents too.
  mutating func clearScreen() -> String {
    cursorRow = 0
    return "\u{1B}[H\u{1B}[2J"
  }

  private var start: String { Self.up(cursorRow) + "\r" + Self.clearBelow }

  private static func layout(_ state: EditorState, _ prompt: String, _ size: TerminalSize)
    -> EditorLayout
  {
    guard let search = state.search else {
      return EditorLayout(
        state.buffer, indent: TerminalText.width(prompt), columns: size.columns)
    }
    let title = search.isFailing ? "not found" : "search"
    let found = EditBuffer("(\(title)) \(search.query): \(state.buffer.text)")
    return EditorLayout(found, indent: 0, columns: size.columns)
  }

  private static func up(_ count: Int) -> String { count > 0 ? "\u{1B}[\(count)A" : "" }
  private static func right(_ count: Int) -> String { count > 0 ? "\u{1B}[\(count)C" : "" }
}
