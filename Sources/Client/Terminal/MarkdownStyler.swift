/// Turns Markdown that arrives in pieces into styled text for a terminal, line by line.
///
/// A line's kind is told from its first bytes; from there on its text is shown as it comes, except
/// for constructs that are still open. A table waits for its end, because its columns depend on all
/// of it. Nothing is ever moved or written over.
package struct MarkdownStyler {
  private enum Place {
    /// At the start of a line, behind any quote marks that were taken.
    case lineStart
    case text(base: String)
    case code
    /// Behind a line that is kept back because it may belong to a table.
    case row
  }

  private let columns: Int?
  /// Breaks lines between words; nil where they are left to the terminal.
  private var wrapper: WordWrapper?

  private var place = Place.lineStart
  private var openFence: Fence?
  private var pending: [UInt8] = []
  private var previous: UInt8 = 0x20
  private var isQuoted = false
  /// The lines of a table so far, or one that may be its heading.
  private var rows: [[UInt8]] = []

  /// - Parameters:
  ///   - columns: how many the terminal has; nil for as many as a table takes.
  ///   - wraps: whether lines of text are broken between words.
  package init(columns: Int? = nil, wraps: Bool = false) {
    self.columns = columns
    wrapper = wraps ? columns.map { WordWrapper(columns: $0) } : nil
  }

  /// Whether a word is held back until its end comes.
  package var holdsWord: Bool { wrapper?.holds ?? false }

  /// The part of a word that was held back.
  package mutating func release() -> String { wrapper?.release() ?? "" }

  /// Takes a piece of Markdown and returns what can be shown.
  package mutating func append(_ text: String) -> String {
    pending.append(contentsOf: text.utf8)
    return drain(isEnd: false)
  }

  /// Ends the text.
  package mutating func finish() -> String {
    let styled = drain(isEnd: true) + endTable()
    let rest = wrapper?.finish() ?? ""
    guard case .row = place else { return styled + rest }
    return String(styled.dropLast()) + rest
  }

  private mutating func drain(isEnd: Bool) -> String {
    var styled = ""
    while !pending.isEmpty {
      let end = pending.firstIndex(of: 0x0A)
      guard let step = take(pending[..<(end ?? pending.count)], isWhole: end != nil || isEnd) else {
        break
      }
      styled += wrapped(step.text)
      pending.removeFirst(step.count)
      if pending.first == 0x0A { styled += wrapped(endLine()) }
    }
    return styled
  }

  /// Code stays on the lines that it has.
  private mutating func wrapped(_ text: String) -> String {
    guard wrapper != nil else { return text }
    if case .code = place { return wrapper?.verbatim(text) ?? text }
    return wrapper?.append(text) ?? text
  }

  private mutating func endLine() -> String {
    pending.removeFirst()
    previous = 0x20
    isQuoted = false
    defer { place = .lineStart }
    switch place {
    case .text(let base) where !base.isEmpty: return TerminalStyle.reset + "\n"
    case .row: return ""
    default: return "\n"
    }
  }

  /// Takes what can be told of the current line; nil where more has to come first.
  private mutating func take(
    _ line: ArraySlice<UInt8>, isWhole: Bool
  ) -> (text: String, count: Int)? {
    switch place {
    case .lineStart:
      if line.isEmpty { return (endTable(), 0) }
      return openFence == nil ? takeStart(line, isWhole) : takeStartInCode(line, isWhole)
    case .text(let base):
      let step = InlineMarkdown.style(line, isWhole: isWhole, base: base, previous: previous)
      if step.count > 0 { previous = line[line.startIndex + step.count - 1] }
      return step.count > 0 || isWhole ? step : nil
    case .code:
      return (TerminalStyle.cyan(String(decoding: line, as: UTF8.self)), line.count)
    case .row:
      return ("", line.count)
    }
  }

  private mutating func takeStart(
    _ line: ArraySlice<UInt8>, _ isWhole: Bool
  ) -> (text: String, count: Int)? {
    guard let start = MarkdownLineStart(line, isWhole: isWhole) else { return nil }
    if case .row = start.kind, !isQuoted { return (takeRow(line), line.count) }
    let (text, count) = takeStart(start, line)
    return (endTable() + text, count)
  }

  private mutating func takeStart(
    _ start: MarkdownLineStart, _ line: ArraySlice<UInt8>
  ) -> (text: String, count: Int) {
    switch start.kind {
    case .fence(let fence):
      openFence = fence
      place = .code
      return (TerminalStyle.dim(String(decoding: line, as: UTF8.self)), line.count)
    case .rule:
      place = .text(base: "")
      return (TerminalStyle.dim(String(repeating: "─", count: 40)), line.count)
    case .quote:
      isQuoted = true
      return (start.indent + TerminalStyle.dim("│ "), start.count)
    case .heading:
      let base = TerminalStyle.heading.start
      place = .text(base: base)
      return (base, start.count)
    case .item(let marker):
      place = .text(base: "")
      return (start.indent + TerminalStyle.cyan(marker) + " ", start.count)
    case .text:
      place = .text(base: "")
      return (start.indent, start.count)
    case .row:
      place = .text(base: "")
      return (start.indent, start.indent.utf8.count)
    }
  }

  // MARK: Tables

  /// Keeps a line that begins with a pipe; shows the one before it where the two begin no table.
  private mutating func takeRow(_ line: ArraySlice<UInt8>) -> String {
    rows.append(Array(line))
    place = .row
    guard rows.count == 2, MarkdownTable(rows) == nil else { return "" }
    return Self.textLine(rows.removeFirst())
  }

  private mutating func endTable() -> String {
    guard !rows.isEmpty else { return "" }
    defer { rows = [] }
    guard let table = MarkdownTable(rows) else { return rows.map(Self.textLine).joined() }
    let indent = String(decoding: rows[0].prefix { $0 <= 0x20 }, as: UTF8.self)
    let lines = table.lines(columns: columns.map { $0 - TerminalText.width(indent) })
    return lines.map { indent + $0 + "\n" }.joined()
  }

  private static func textLine(_ line: [UInt8]) -> String {
    InlineMarkdown.style(line[...], isWhole: true).text + "\n"
  }

  // MARK: Code

  private mutating func takeStartInCode(
    _ line: ArraySlice<UInt8>, _ isWhole: Bool
  ) -> (text: String, count: Int)? {
    guard let open = openFence else { return nil }
    let rest = line.drop { $0 == 0x20 }
    if !isWhole, rest.allSatisfy({ $0 == open.byte }) { return nil }
    place = .code
    if let fence = Fence(Array(line)), fence.isClosing, fence.byte == open.byte,
      fence.length >= open.length
    {
      guard isWhole else {
        place = .lineStart
        return nil
      }
      openFence = nil
      return (TerminalStyle.dim(String(decoding: line, as: UTF8.self)), line.count)
    }
    return ("", 0)
  }
}
