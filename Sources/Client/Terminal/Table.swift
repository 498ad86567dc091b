/// Lines text up in columns.
package struct Table {
  private let headings: [String]
  private var rows: [[String]] = []
  /// Columns whose cells are all numbers end at the right.
  private var isNumeric: [Bool]

  package init(_ headings: [String]) {
    self.headings = headings
    isNumeric = Array(repeating: true, count: headings.count)
  }

  /// Adds a row with a cell for each heading; a missing value is shown as `–`.
  package mutating func add(_ cells: [String?]) {
    precondition(cells.count == headings.count, "a row needs a cell for each heading")
    for (column, cell) in cells.enumerated() {
      guard let cell, let first = cell.utf8.first else { continue }
      let isNumber = first &- 0x30 < 10 || first == UInt8(ascii: "$") || first == UInt8(ascii: "-")
      if !isNumber { isNumeric[column] = false }
    }
    rows.append(cells.map { Self.oneLine($0 ?? "–") })
  }

  package var isEmpty: Bool { rows.isEmpty }

  /// The table with one line for each row.
  ///
  /// - Parameters:
  ///   - styles: whether the headings are set off for a terminal.
  ///   - columns: how long a line may be; nil for as long as it is.
  package func text(styles: Bool, columns: Int? = nil) -> String {
    let widths = headings.indices.map { column in
      ([headings] + rows).reduce(0) { max($0, TerminalText.width($1[column])) }
    }
    let lines = ([headings] + rows).map { row in
      let line = line(row, widths)
      return columns.map { TerminalText.cut(line, to: $0) } ?? line
    }
    let heading = styles ? TerminalStyle.bold(lines[0]) : lines[0]
    return ([heading] + lines[1...]).map { $0 + "\n" }.joined()
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (column, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: widths[column] - TerminalText.width(cell))
      if column > 0 { line += "  " }
      line += isNumeric[column] ? padding + cell : cell + padding
    }
    while line.last == " " { line.removeLast() }
    return line
  }

  private static func oneLine(_ text: String) -> String {
    TerminalText.safe(text.replacing("\n", with: " "))
  }
}
