/// One full-text table (FTS5) over some of a user's messages.
///
/// Each user has their own, so that nobody's words change another's results. Each holds the items
/// of one range of rows, because erasing deleted words writes a whole table anew.
struct SearchIndex: Hashable {
  /// Items of one table: 16 384 turns of a question and an answer.
  private static let rowBits: Int64 = 15
  private static let prefix = "words"

  let subject: Int64
  /// The rows of the items, divided by their number in one table.
  let range: Int64

  init(subject: Int64, item row: Int64) {
    self.subject = subject
    range = row >> Self.rowBits
  }

  /// Takes apart the name of a table; nil for that of another one.
  init?(name: String) {
    let parts = name.split(separator: "_")
    guard parts.count == 3, parts[0] == Self.prefix, let subject = Int64(parts[1]), subject >= 0,
      let range = Int64(parts[2]), 0..<(Int64.max >> Self.rowBits) ~= range
    else { return nil }
    self.subject = subject
    self.range = range
  }

  var name: String { "\(Self.prefix)_\(subject)_\(range)" }

  var rows: Range<Int64> { range << Self.rowBits..<(range + 1) << Self.rowBits }

  /// Matches the names of a user's tables and of what FTS5 makes beside them.
  static func pattern(subject: Int64) -> String { "\(prefix)_\(subject)_*" }
}
