extension FixedWidthInteger {
  /// The sum of two numbers that come from outside; one that does not fit stays at the end of the
  /// type that it passes.
  package func addingSaturating(_ other: Self) -> Self {
    let (sum, isOver) = addingReportingOverflow(other)
    guard isOver else { return sum }
    return other < 0 ? .min : .max
  }
}
