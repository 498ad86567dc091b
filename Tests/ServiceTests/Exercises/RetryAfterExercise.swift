import HTTPClient
import Service

/// Takes two lines as the values of `retry-after-ms` and `retry-after`; what has no second line has
/// the first field only.
///
/// Holds: nothing traps; a wait is none of the past and not beyond its bound; digits always say one.
enum RetryAfterExercise {
  /// Returns what does not hold.
  static func run(_ bytes: [UInt8]) -> String? {
    let values = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    let fields = zip(["retry-after-ms", "retry-after"], values).map { (name: $0, value: $1) }
    let wait = RetryAfter.wait(HTTPHead(status: 429, fields: fields))
    guard let wait else {
      let isNumber = values.contains { !$0.isEmpty && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
      return isNumber ? "digits that say nothing" : nil
    }
    return .zero...RetryAfter.longest ~= wait ? nil : "a wait of \(wait)"
  }
}
