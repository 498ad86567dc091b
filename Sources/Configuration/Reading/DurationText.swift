/// Durations as people write them: a whole number and one unit, as in `250ms` or `24h`.
package enum DurationText {
  /// From the longest to the shortest, in milliseconds.
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  /// Returns nil for anything else than digits and a unit, and for what does not fit.
  package static func duration(_ text: String) -> Duration? {
    guard let (number, unit) = NumberWithUnit.split(text),
      let factor = units.first(where: { $0.name == unit })?.milliseconds
    else { return nil }
    let (milliseconds, isTooLarge) = number.multipliedReportingOverflow(by: factor)
    return isTooLarge ? nil : .milliseconds(milliseconds)
  }

  /// Writes it with the longest unit that makes it whole; finer than milliseconds is cut off.
  package static func text(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    let unit = units.first { milliseconds % $0.milliseconds == 0 && milliseconds != 0 }
    guard let unit else { return "\(milliseconds)ms" }
    return "\(milliseconds / unit.milliseconds)\(unit.name)"
  }
}

/// Sizes as people write them: a whole number and one unit, as in `80MiB`.
enum SizeText {
  /// From the largest to the smallest.
  private static let binary: [(name: String, bytes: Int64)] = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
  ]
  private static let decimal: [(name: String, bytes: Int64)] = [
    ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("kB", 1000),
  ]

  /// Returns nil for anything else than digits and a unit, and for what does not fit.
  static func bytes(_ text: String) -> Int? {
    guard let (number, unit) = NumberWithUnit.split(text),
      let factor = (binary + decimal).first(where: { $0.name == unit })?.bytes
    else { return nil }
    let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: factor)
    return isTooLarge ? nil : Int(bytes)
  }

  /// Writes it with the largest binary unit that makes it whole.
  static func text(_ bytes: Int) -> String {
    let unit = binary.first { bytes != 0 && Int64(bytes) % $0.bytes == 0 }
    guard let unit else { return "\(bytes)B" }
    return "\(Int64(bytes) / unit.bytes)\(unit.name)"
  }
}

private enum NumberWithUnit {
  static func split(_ text: String) -> (number: Int64, unit: Substring)? {
    let digits = text.utf8.prefix { $0.isASCIIDigit }
    guard let number = Int64(Substring(digits)) else { return nil }
    return (number, text[digits.endIndex...])
  }
}
