internal import Glibc

/// A day of the local calendar.
package struct LocalDay: Sendable, Hashable, Comparable {
  /// As in 20260131.
  package let number: Int

  package init(number: Int) {
    self.number = number
  }

  /// The day of a point in time in the zone of the system or of `TZ` (localtime_r(3)).
  ///
  /// - Parameter milliseconds: since 1970.
  package init(at milliseconds: Int64) {
    var seconds = time_t(milliseconds / 1000)
    var parts = unsafe tm()
    tzset()
    unsafe localtime_r(&seconds, &parts)
    let (year, month, day) = unsafe (parts.tm_year, parts.tm_mon, parts.tm_mday)
    number = (Int(year) + 1900) * 10_000 + (Int(month) + 1) * 100 + Int(day)
  }

  /// Reads a day as in 2026-01-31, which `Pattern.day` has let pass.
  package init?(checked text: String) {
    guard let number = Int(text.filter { $0 != "-" }) else { return nil }
    self.init(number: number)
  }

  /// The first moment of the day in milliseconds since 1970 (mktime(3)).
  package var start: Int64 { time(daysLater: 0) }

  package var next: LocalDay {
    // Noon is in the day whatever summer time does.
    LocalDay(at: time(daysLater: 1) + 12 * 3600 * 1000)
  }

  private func time(daysLater days: Int) -> Int64 {
    var parts = unsafe tm()
    unsafe parts.tm_year = Int32(clamping: number / 10_000 - 1900)
    unsafe parts.tm_mon = Int32(clamping: number / 100 % 100 - 1)
    unsafe parts.tm_mday = Int32(clamping: number % 100 + days)
    unsafe parts.tm_isdst = -1
    let (time, isOver) = Int64(unsafe mktime(&parts)).multipliedReportingOverflow(by: 1000)
    return isOver ? .max : time
  }

  /// As in 202601.
  package var month: Int { number / 100 }

  package var firstOfMonth: LocalDay { LocalDay(number: month * 100 + 1) }

  /// As in 2026-01-31 (ISO 8601).
  package var text: String {
    func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(number / 10_000)-\(padded(month % 100))-\(padded(number % 100))"
  }

  package static func < (left: LocalDay, right: LocalDay) -> Bool {
    left.number < right.number
  }
}
