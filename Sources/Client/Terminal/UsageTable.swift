package import JSON

/// Shows the rows of `usage.summary`: what was used, by day, model or whatever they stand for.
package struct UsageTable {
  private struct Column {
    let heading: String
    let key: String
    /// Whether it gives way to the bars in a narrow window.
    var isOptional = false
    /// Latencies have no sum.
    var isSummed = true
  }

  private static let columns = [
    Column(heading: "REQUESTS", key: "requests"),
    Column(heading: "INPUT", key: "input_tokens"),
    Column(heading: "CACHED", key: "cached_tokens", isOptional: true),
    Column(heading: "OUTPUT", key: "output_tokens"),
    Column(heading: "REASONING", key: "reasoning_tokens", isOptional: true),
    Column(heading: "COST", key: "cost_usd"),
    Column(heading: "HITS", key: "cache_hits", isOptional: true),
    Column(heading: "FIRST", key: "first_event_ms", isOptional: true, isSummed: false),
    Column(heading: "TOTAL", key: "total_ms", isOptional: true, isSummed: false),
  ]
  private static let longestBar = 24
  private static let shortestBar = 10

  private let rows: [RawJSON]
  private let group: String
  private let columns: [Column]

  /// - Parameter group: the member that tells the rows apart, such as `day`.
  package init(_ rows: [RawJSON], by group: String) {
    self.rows = rows
    self.group = group
    columns = Self.columns.filter { column in rows.contains { $0.nonNull(column.key) != nil } }
  }

  package var isEmpty: Bool { rows.isEmpty }

  /// The rows, their sum, and what the numbers leave out.
  ///
  /// - Parameter width: of the terminal that the rows and their bars are for; nil for no bars.
  package func text(styles: Bool, width: Int?) -> String {
    guard let width, let measure else {
      return table(columns, bar: nil).text(styles: styles) + notes
    }
    var shown = columns
    while true {
      let plain = table(shown, bar: nil).text(styles: false)
      let widest = plain.split(separator: "\n").reduce(0) {
        max($0, TerminalText.width(String($1)))
      }
      let room = min(width - widest - 2, Self.longestBar)
      if room >= Self.shortestBar {
        return table(shown, bar: (measure, room)).text(styles: styles) + notes
      }
      guard let index = shown.lastIndex(where: \.isOptional) else {
        return table(shown, bar: nil).text(styles: styles, columns: width) + notes
      }
      shown.remove(at: index)
    }
  }

  private func table(_ columns: [Column], bar: (key: String, room: Int)?) -> Table {
    var table = Table([group.uppercased()] + columns.map(\.heading) + (bar == nil ? [] : [""]))
    let most = bar.map { bar in rows.reduce(0) { max($0, $1[bar.key]?.double ?? 0) } } ?? 0
    for row in rows {
      var cells = [name(of: row)] + columns.map { Self.cell(row[$0.key], $0.key) }
      if let bar { cells.append(Self.bar((row[bar.key]?.double ?? 0) / most, room: bar.room)) }
      table.add(cells)
    }
    if rows.count > 1 {
      table.add(["all"] + columns.map(sum) + (bar == nil ? [] : [""]))
    }
    return table
  }

  /// What the bars are of: money, where the price of everything is known, else tokens.
  private var measure: String? {
    let isPriced = rows.allSatisfy { $0.nonNull("cost_usd") != nil }
    return (isPriced ? ["cost_usd", "total_tokens"] : ["total_tokens"]).first { key in
      rows.contains { $0[key]?.double ?? 0 > 0 }
    }
  }

  private func name(of row: RawJSON) -> String? {
    row.nonNull(group).map { $0.string ?? $0.text }
  }

  private func sum(_ column: Column) -> String? {
    guard column.isSummed else { return "" }
    let values = rows.compactMap { $0[column.key]?.double }
    return values.isEmpty ? nil : Self.cell(.build { $0.double(values.reduce(0, +)) }, column.key)
  }

  private static func cell(_ value: RawJSON?, _ key: String) -> String? {
    guard let value, !value.isNull else { return nil }
    if key.hasSuffix("_usd") || key.hasSuffix("_ms") { return FieldText.text(value, of: key) }
    return value.double.flatMap { Int64(exactly: $0) }.map(Quantity.count) ?? value.text
  }

  /// What the sums of money do not hold.
  private var notes: String {
    func count(_ key: String) -> Int64 { rows.reduce(0) { $0 + ($1[key]?.integer ?? 0) } }
    var notes: [String] = []
    if count("unpriced") > 0 { notes.append("\(count("unpriced")) without a known price") }
    if count("upper_bounds") > 0 { notes.append("\(count("upper_bounds")) counted at their most") }
    if count("estimated") > 0 { notes.append("\(count("estimated")) estimated") }
    if count("unfinished") > 0 { notes.append("\(count("unfinished")) without an end") }
    return notes.isEmpty ? "" : "of the requests, \(notes.joined(separator: ", "))\n"
  }

  /// A bar in eighths of a block.
  private static func bar(_ share: Double, room: Int) -> String {
    let eighths = Int((min(max(share, 0), 1) * Double(room * 8)).rounded())
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    return String(repeating: "█", count: eighths / 8) + rest
  }
}
