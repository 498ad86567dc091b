/// Spells numbers for people.
package enum Quantity {
  /// As in `820 ms`, `1.2 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`.
  package static func duration(milliseconds: Double) -> String {
    guard milliseconds >= 1_000 else { return "\(Int(max(milliseconds, 0).rounded())) ms" }
    guard milliseconds >= 59_950 else { return "\(decimals(milliseconds / 1_000, 1)) s" }
    // Later than 10^9 s nobody counts seconds, and the number has to fit.
    let seconds = Int(min(milliseconds / 1_000, 1e12).rounded())
    switch seconds {
    case ..<3_600: return "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400: return "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
    default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
    }
  }

  /// As in `512 B`, `1.5 KiB`, `64 MiB`.
  package static func bytes(_ count: Double) -> String {
    var value = count
    var unit = "B"
    for next in ["KiB", "MiB", "GiB", "TiB"] where value >= 1_024 {
      value /= 1_024
      unit = next
    }
    return "\(unit == "B" || value >= 10 ? "\(whole(value))" : decimals(value, 1)) \(unit)"
  }

  /// As in `$0.0012` and `$12.30`: two decimals, or as many as show two digits that count.
  package static func dollars(_ amount: Double) -> String {
    guard amount != 0, abs(amount) < 0.1 else { return "$\(decimals(amount, 2))" }
    var places = 2
    var scaled = abs(amount) * 100
    while scaled < 9.5, places < 8 {
      scaled *= 10
      places += 1
    }
    return "$\(decimals(amount, places))"
  }

  /// As in `12 034`, with a thin space between thousands.
  package static func count(_ number: Int64) -> String {
    let digits = Array(String(number.magnitude))
    var grouped = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { grouped += "\u{2009}" }
      grouped.append(digit)
    }
    return grouped
  }

  static func decimals(_ value: Double, _ places: Int) -> String {
    var factor = 1.0
    for _ in 0..<places { factor *= 10 }
    guard abs(value) < 1e12 else { return "\(value)" }
    let scaled = Int64((value * factor).rounded())
    let unit = Int64(factor)
    let fraction = String((abs(scaled) % unit) + unit).dropFirst()
    let sign = scaled < 0 && scaled / unit == 0 ? "-" : ""
    return "\(sign)\(scaled / unit).\(fraction)"
  }

  private static func whole(_ value: Double) -> Int64 {
    Int64(min(max(value, -1e15), 1e15).rounded())
  }
}
