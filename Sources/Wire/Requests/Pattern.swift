internal import JSON

/// Strings that a regular expression tells from others.
package struct Pattern: Sendable {
  /// ECMA-262, as JSON Schema takes it.
  let expression: String
  /// As in "a day such as …".
  let expectation: String
  /// Whether a text is what the expression says.
  let matches: @Sendable (String) -> Bool

  /// Ids begin with `conv_`; everything else is a name.
  static let idPrefix = "conv_"

  /// A function's name: what the widest source takes.
  static let functionName = Pattern(
    "[A-Za-z0-9_.-]", APILimits.functionName, "A-Z a-z 0-9 _ . -"
  ) {
    $0.isAlphanumeric || "_.-".utf8.contains($0)
  }

  static let formatName = Pattern(
    "[A-Za-z0-9_-]", APILimits.formatName, "A-Z a-z 0-9 _ -"
  ) {
    $0.isAlphanumeric || "_-".utf8.contains($0)
  }

  /// What a conversation is called by its user.
  package static let conversationName = Pattern(
    expression: "^(?!\(idPrefix))[A-Za-z0-9._/@-]{1,64}$",
    expectation: "a name of 1 to 64 of A-Z a-z 0-9 . _ / @ - that does not begin with \(idPrefix)"
  ) { isConversationName($0) && !$0.hasPrefix(idPrefix) }

  /// A conversation's id or name.
  static let conversation = Pattern(
    expression: "^(?:\(idPrefix)[\\s\\S]*|[A-Za-z0-9._/@-]{1,64})$",
    expectation:
      "an id that begins with \(idPrefix) or a name of 1 to 64 of A-Z a-z 0-9 . _ / @ -"
  ) { $0.hasPrefix(idPrefix) || isConversationName($0) }

  /// A token's name, of what may stand in the name of a subject.
  package static let tokenName = Pattern(
    expression: "^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$",
    expectation: "a name of 1 to 64 of A-Z a-z 0-9 . _ + -, a letter or digit first"
  ) { text in
    1...64 ~= text.utf8.count && text.utf8.first?.isAlphanumeric == true
      && text.utf8.allSatisfy { $0.isAlphanumeric || "._+-".utf8.contains($0) }
  }

  /// As in `12h`; more digits than any duration needs would overflow its milliseconds.
  package static let duration = Pattern(
    expression: "^[0-9]{1,10}(?:d|h|m|s|ms)$",
    expectation: "a duration such as \"12h\""
  ) { text in
    let digits = text.utf8.prefix(while: \.isDigit)
    let unit = text.utf8.dropFirst(digits.count)
    return 1...10 ~= digits.count
      && ["d", "h", "m", "s", "ms"].contains { unit.elementsEqual($0.utf8) }
  }

  /// A file's; a name that ends with a slash would be a directory's.
  package static let absolutePath = Pattern(
    expression: "^/[^\\u0000]*[^/\\u0000]$",
    expectation: "an absolute path such as \"/var/lib/halley/backup.db\""
  ) { path in
    path.hasPrefix("/") && !path.hasSuffix("/") && !path.utf8.contains(0)
  }

  /// As in 2026-01-31, from 1970 on.
  package static let day = Pattern(
    expression: "^(?=19[7-9]|[2-9])(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
      + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
      + "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)$",
    expectation: "a day such as \"2026-01-31\""
  ) { isDay($0) }

  private static func isConversationName(_ text: String) -> Bool {
    1...64 ~= text.utf8.count
      && text.utf8.allSatisfy { $0.isAlphanumeric || "._/@-".utf8.contains($0) }
  }

  private static func isDay(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [4, 2, 2], parts.allSatisfy({ $0.utf8.allSatisfy(\.isDigit) }),
      let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
    else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return year >= 1970 && 1...12 ~= month && 1...lengths[month - 1] ~= day
  }
}

extension Pattern {
  /// So many bytes of a set.
  private init(
    _ set: String, _ count: ClosedRange<Int>, _ bytes: String,
    isByte: @escaping @Sendable (UInt8) -> Bool
  ) {
    self.init(
      expression: "^\(set){\(count.lowerBound),\(count.upperBound)}$",
      expectation: "a name of \(count.lowerBound) to \(count.upperBound) of \(bytes)"
    ) { count.contains($0.utf8.count) && $0.utf8.allSatisfy(isByte) }
  }
}
