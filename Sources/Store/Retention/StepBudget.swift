/// How much one transaction of long work may do: others' commits wait for it.
///
/// Rows and bytes bound what is written and so what a slow disk takes; the time bounds the rest.
struct StepBudget {
  /// Rows that may change. Those that go with them by themselves are few.
  static let mostRows = 128
  /// Bytes of what is deleted, which is overwritten.
  static let mostBytes = 512 << 10
  private static let longest = Duration.milliseconds(6)

  private var rows = mostRows
  private var bytes = mostBytes
  private let deadline = ContinuousClock.now + longest

  var isSpent: Bool { rows <= 0 || bytes <= 0 || ContinuousClock.now >= deadline }

  mutating func spend(rows: Int = 1, bytes: Int = 0) {
    self.rows -= rows
    self.bytes -= bytes
  }
}
