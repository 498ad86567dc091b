package import HTTPClient

/// The time that an upstream asks to wait.
package enum RetryAfter {
  /// Longer waits are cut to this; nobody waits that long anyway.
  package static let longest: Duration = .seconds(24 * 3600)

  /// Reads `retry-after-ms`, else `retry-after`, which is decimal digits for seconds or a date
  /// (RFC 9110, section 10.2.3); nil for anything else.
  package static func wait(_ head: HTTPHead) -> Duration? {
    if let count = head["retry-after-ms"].flatMap(digits) {
      return min(.milliseconds(count), longest)
    }
    guard let value = head["retry-after"] else { return nil }
    let wait = digits(value).map { Duration.seconds($0) } ?? HTTPDate.timeUntil(value)
    return wait.map { min($0, longest) }
  }

  /// The value of decimal digits, bounded, where there is nothing else.
  private static func digits(_ text: String) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
    return min(Int64(text) ?? .max, 1_000_000_000_000)
  }
}
