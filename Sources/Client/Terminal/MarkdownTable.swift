/// Lays a table of Markdown out for a terminal (GitHub Flavored Markdown, section 4.10).
struct MarkdownTable {
  private enum Alignment {
    case left, center, right
  }

  /// Narrower than this a column is not made; then the rows are shown one cell below the other.
  private static let narrowest = 6
  private static let gap = " \(TerminalStyle.dim("│")) "
  private static let gapWidth = 3

  private let alignments: [Alignment]
  /// Styled cells; the first row is the heading.
  private let rows: [[String]]

  /// - Parameter lines: lines that begin with a pipe; nil where they are no table.
  init?(_ lines: [[UInt8]]) {
    guard lines.count >= 2, let alignments = Self.alignments(Self.cells(lines[1])) else {
      return nil
    }
    var rows = ([lines[0]] + lines[2...]).map { line in
      Self.cells(line).map { InlineMarkdown.style($0[...], isWhole: true).text }
    }
    guard rows[0].count == alignments.count else { return nil }
    // GitHub drops cells that no heading stands for; nothing that was said is dropped here.
    let count = rows.reduce(0) { max($0, $1.count) }
    for index in rows.indices {
      rows[index] += Array(repeating: "", count: count - rows[index].count)
    }
    self.alignments = alignments + Array(repeating: .left, count: count - alignments.count)
    self.rows = rows
  }

  /// The table's lines.
  ///
  /// - Parameter columns: how many there are; nil for as many as it takes.
  func lines(columns: Int?) -> [String] {
    let natural = rows[0].indices.map { column in
      rows.reduce(1) { max($0, StyledText.width($1[column])) }
    }
    guard let columns else { return grid(natural) }
    let room = columns - (natural.count - 1) * Self.gapWidth
    guard let widths = Self.fit(natural, into: room) else { return list(columns: columns) }
    return grid(widths)
  }

  // MARK: Layouts

  private func grid(_ widths: [Int]) -> [String] {
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "─┼─")
    let heading = rows[0].map { $0.isEmpty ? "" : Self.bold($0) }
    return row(heading, widths) + [TerminalStyle.dim(rule)] + rows[1...].flatMap { row($0, widths) }
  }

  private func row(_ cells: [String], _ widths: [Int]) -> [String] {
    let wrapped = zip(cells, widths).map { StyledText.wrap($0, to: $1) }
    let height = wrapped.reduce(1) { max($0, $1.count) }
    return (0..<height).map { index in
      var line = wrapped.indices.map { column in
        pad(index < wrapped[column].count ? wrapped[column][index] : "", column, widths[column])
      }.joined(separator: Self.gap)
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  private func pad(_ cell: String, _ column: Int, _ width: Int) -> String {
    let space = width - StyledText.width(cell)
    let left =
      switch alignments[column] {
      case .left: 0
      case .center: space / 2
      case .right: space
      }
    return String(repeating: " ", count: left) + cell + String(repeating: " ", count: space - left)
  }

  /// Each row as lines of `heading: cell`, for a window that is too narrow for the columns.
  private func list(columns: Int) -> [String] {
    let blocks = rows[1...].map { row in
      zip(rows[0], row).flatMap { heading, cell in
        StyledText.wrap(heading.isEmpty ? cell : "\(Self.bold(heading + ":")) \(cell)", to: columns)
      }
    }
    guard !blocks.isEmpty else { return rows[0].map(Self.bold) }
    let rule = TerminalStyle.dim(String(repeating: "─", count: min(columns, 20)))
    return Array(blocks.joined(separator: [rule]))
  }

  /// A cell may bring looks of its own, behind which it is to be bold again.
  private static func bold(_ cell: String) -> String {
    TerminalStyle.bold(
      cell.replacing(TerminalStyle.reset, with: TerminalStyle.reset + TerminalStyle.bold.start))
  }

  /// Takes from the widest columns until all fit; nil where that makes them too narrow.
  private static func fit(_ natural: [Int], into room: Int) -> [Int]? {
    var widths = natural
    var excess = widths.reduce(0, +) - room
    while excess > 0 {
      guard let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
        widths[widest] > narrowest
      else { return nil }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  // MARK: Reading

  /// Cuts a line at its pipes; one behind a backslash belongs to the cell.
  private static func cells(_ line: [UInt8]) -> [[UInt8]] {
    let pipe = UInt8(ascii: "|")
    var rest = trim(line[...])
    if rest.first == pipe { rest = rest.dropFirst() }
    var cells: [[UInt8]] = []
    var cell: [UInt8] = []
    for byte in rest {
      if byte != pipe {
        cell.append(byte)
      } else if cell.last == UInt8(ascii: "\\") {
        cell[cell.count - 1] = pipe
      } else {
        cells.append(Array(trim(cell[...])))
        cell = []
      }
    }
    if !trim(cell[...]).isEmpty { cells.append(Array(trim(cell[...]))) }
    return cells
  }

  private static func alignments(_ cells: [[UInt8]]) -> [Alignment]? {
    var alignments: [Alignment] = []
    for cell in cells {
      let colon = UInt8(ascii: ":")
      let dashes = cell.drop { $0 == colon }.prefix { $0 == UInt8(ascii: "-") }
      let colons = cell.count - dashes.count
      let hasFirst = cell.first == colon
      let hasLast = cell.last == colon
      guard !dashes.isEmpty, colons == (hasFirst ? 1 : 0) + (hasLast ? 1 : 0) else { return nil }
      alignments.append(hasLast ? (hasFirst ? .center : .right) : .left)
    }
    return alignments.isEmpty ? nil : alignments
  }

  private static func trim(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes = bytes.dropLast() }
    return bytes.drop { $0 == 0x20 || $0 == 0x09 }
  }
}
