extension Rule {
  /// What is expected, as a refusal says it.
  var expectation: String {
    switch self {
    case .boolean: "true or false"
    case .string: "a string"
    case .text(let lengths): Self.textExpectation(lengths)
    case .matching(let pattern): pattern.expectation
    case .oneOf(let words): Self.list(words.map { "\"\($0)\"" })
    case .integer(let range): "an integer" + Self.rangeText(range, .min, .max)
    case .number(let range):
      "a number"
        + Self.rangeText(range, -.greatestFiniteMagnitude, .greatestFiniteMagnitude)
    case .array(_, let counts): "an array" + Self.countText(counts, "elements")
    case .map(_, let counts, _): "an object" + Self.countText(counts, "members")
    case .object, .tagged: "an object"
    case .either(let rules): Self.list(rules.map(\.expectation))
    }
  }

  private static func textExpectation(_ lengths: ClosedRange<Int>) -> String {
    guard lengths.upperBound == .max else {
      return "a string of \(bounds(lengths)) characters"
    }
    return lengths.lowerBound > 0 ? "a string that is not empty" : "a string"
  }

  private static func countText(_ counts: ClosedRange<Int>, _ what: String) -> String {
    switch (counts.lowerBound, counts.upperBound) {
    case (0, .max): ""
    case (_, .max): " of at least \(counts.lowerBound) \(what)"
    default: " of \(bounds(counts)) \(what)"
    }
  }

  private static func bounds(_ range: ClosedRange<Int>) -> String {
    range.lowerBound == 0
      ? "at most \(range.upperBound)" : "\(range.lowerBound) to \(range.upperBound)"
  }

  /// - Parameters:
  ///   - least: the lower bound that says nothing.
  ///   - most: the upper one.
  private static func rangeText<Bound>(
    _ range: ClosedRange<Bound>, _ least: Bound, _ most: Bound
  ) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (least, most): ""
    case (_, most): " of at least \(number(range.lowerBound))"
    default: " from \(number(range.lowerBound)) to \(number(range.upperBound))"
    }
  }

  /// Spells 2.0 as 2.
  private static func number(_ value: some Any) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Joins words as in `a, b or c`.
  static func list(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
  }
}
