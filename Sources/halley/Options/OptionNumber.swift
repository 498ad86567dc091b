import ArgumentParser

/// Reads the numbers of options. They are taken with a sign too (`.unconditional`), so that one out
/// of range is told as that, and before anything is asked.
enum OptionNumber {
  static func integer(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
    { try read($0, Int.init, range) }
  }

  static func decimal(_ range: ClosedRange<Double>) -> @Sendable (String) throws -> Double {
    { try read($0, Double.init, range) }
  }

  private static func read<Number>(
    _ text: String, _ number: (String) -> Number?, _ range: ClosedRange<Number>
  ) throws -> Number {
    if let number = number(text), range.contains(number) { return number }
    throw ValidationError("a number from \(range.lowerBound) to \(range.upperBound) was expected")
  }
}
