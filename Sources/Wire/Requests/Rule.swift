package import JSON

/// What one value of a request has to be.
///
/// Only what no upstream would take is refused: values of the wrong type, what is beyond `APILimits`,
/// words outside of a list that every source of the API agrees on.
package indirect enum Rule: Sendable {
  case boolean
  case string
  /// A string of so many Unicode scalars, which is how JSON Schema counts characters.
  case text(ClosedRange<Int>)
  case matching(Pattern)
  case oneOf([String])
  case integer(ClosedRange<Int64>)
  case number(ClosedRange<Double>)
  case array(of: Rule, count: ClosedRange<Int> = 0...Int.max)
  /// An object with keys of the caller's choice, each of at most `longestKey` Unicode scalars.
  case map(to: Rule, count: ClosedRange<Int> = 0...Int.max, longestKey: Int = .max)
  case object(Shape)
  case tagged(TaggedShape)
  /// The first rule whose type the value has.
  case either([Rule])

  /// Any string but the empty one.
  package static let nonEmptyString = Rule.text(1...Int.max)
  /// An object, whatever is in it.
  package static let anyObject = Rule.object(Shape())

  /// Checks a value.
  func check(_ value: RawJSON) throws(Refusal) {
    guard accepts(value.kind) else { throw refusal(of: value.foundText) }
    switch self {
    case .boolean, .string: return
    case .text(let lengths): try check(value, scalars: lengths)
    case .matching(let pattern):
      guard let text = value.string, pattern.matches(text) else { throw refusal(of: value.excerpt) }
    case .oneOf(let words):
      guard let word = value.string, words.contains(word) else {
        throw refusal(of: value.excerpt)
      }
    case .integer(let range):
      guard let number = value.wholeNumber, range.contains(number) else {
        throw refusal(of: value.excerpt)
      }
    case .number(let range):
      guard let number = value.double, range.contains(number) else {
        throw refusal(of: value.excerpt)
      }
    case .array(let rule, let counts): try check(value, elements: rule, counts)
    case .map(let rule, let counts, let longestKey):
      try check(value, entries: rule, counts, longestKey)
    case .object(let shape): try shape.check(value.members)
    case .tagged(let shape): try shape.check(value.members)
    case .either(let rules): try alternative(rules, for: value.kind)?.check(value)
    }
  }

  /// Checks a value that is called so.
  package func check(_ value: RawJSON, _ name: String) throws(RPCError) {
    do throws(Refusal) {
      try check(value)
    } catch {
      throw error.inside(name).error
    }
  }

  /// Refuses what was found instead of a value that keeps to this rule.
  func refusal(of found: String) -> Refusal {
    Refusal(found: found, expected: expectation)
  }

  private func accepts(_ kind: RawJSON.Kind) -> Bool {
    switch self {
    case .boolean: kind == .boolean
    case .string, .text, .matching, .oneOf: kind == .string
    case .integer, .number: kind == .number
    case .array: kind == .array
    case .map, .object, .tagged: kind == .object
    case .either(let rules): alternative(rules, for: kind) != nil
    }
  }

  private func alternative(_ rules: [Rule], for kind: RawJSON.Kind) -> Rule? {
    rules.first { $0.accepts(kind) }
  }
}

// MARK: Strings and containers

extension Rule {
  private func check(
    _ value: RawJSON, scalars lengths: ClosedRange<Int>
  ) throws(Refusal) {
    // There are no more scalars than bytes between the quotes, and none only where there is no
    // byte: most strings need no decoding to be told right.
    let mostScalars = value.bytes.count - 2
    if lengths.lowerBound <= min(mostScalars, 1), mostScalars <= lengths.upperBound { return }
    let count = value.string?.unicodeScalars.count ?? 0
    guard lengths.contains(count) else {
      throw refusal(of: "a string of \(count) characters")
    }
  }

  private func check(
    _ value: RawJSON, elements rule: Rule, _ counts: ClosedRange<Int>
  ) throws(Refusal) {
    let elements = value.elements
    guard counts.contains(elements.count) else {
      throw refusal(of: "an array of \(elements.count) elements")
    }
    for (index, element) in elements.enumerated() {
      do throws(Refusal) {
        try rule.check(element)
      } catch {
        throw error.inside(index)
      }
    }
  }

  private func check(
    _ value: RawJSON, entries rule: Rule, _ counts: ClosedRange<Int>, _ longestKey: Int
  ) throws(Refusal) {
    let members = value.members
    guard counts.contains(members.count) else {
      throw refusal(of: "an object of \(members.count) members")
    }
    for member in members {
      do throws(Refusal) {
        try Self.check(key: member.key, longest: longestKey)
        try rule.check(member.value)
      } catch {
        throw error.inside(member.key)
      }
    }
  }

  private static func check(key: String, longest: Int) throws(Refusal) {
    let length = key.unicodeScalars.count
    guard length <= longest else {
      throw Refusal(
        "a key of \(length) characters found, at most \(longest) were expected")
    }
  }
}

extension RawJSON {
  /// The value of a number without a fraction however it is written, as in 20, 20.0 or 2e1: to JSON
  /// Schema all of them are integers. Nil where it does not fit 64 bits.
  package var wholeNumber: Int64? { integer ?? double.flatMap { Int64(exactly: $0) } }
}
