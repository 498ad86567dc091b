internal import Glibc
package import JSON

/// A point in time as people say it: a day, `today`, `yesterday`, `12h` ago, or Unix seconds.
package struct Moment: Sendable {
  /// Unix seconds; or a day as in `2026-01-31`, which the daemon reads in its own zone.
  package let json: RawJSON

  package init(_ text: String) throws(Failure) {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    try self.init(text, now: Int64(now.tv_sec))
  }

  /// - Parameter now: Unix seconds.
  package init(_ text: String, now: Int64) throws(Failure) {
    if let seconds = Self.seconds(text, now: now) {
      json = .integer(seconds)
    } else if Self.isDay(text) {
      json = .string(text)
    } else {
      throw .usage(
        "\"\(text)\" found where a time was expected",
        advice: "as in 2026-01-31, today, yesterday, 90m, 12h, 7d, 2w or Unix seconds")
    }
  }

  private static func seconds(_ text: String, now: Int64) -> Int64? {
    switch text {
    case "today": return startOfDay(now, daysBefore: 0)
    case "yesterday": return startOfDay(now, daysBefore: 1)
    default: break
    }
    if let seconds = Int64(text) { return (0...100_000_000_000).contains(seconds) ? seconds : nil }
    let units: [Character: Int64] = ["m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...1_000_000).contains(count)
    else { return nil }
    return max(now - count * unit, 0)
  }

  private static func startOfDay(_ now: Int64, daysBefore days: Int32) -> Int64 {
    var time = time_t(now)
    var parts = unsafe tm()
    unsafe localtime_r(&time, &parts)
    unsafe parts.tm_hour = 0
    unsafe parts.tm_min = 0
    unsafe parts.tm_sec = 0
    unsafe parts.tm_mday -= days
    unsafe parts.tm_isdst = -1
    return max(Int64(unsafe mktime(&parts)), 0)
  }

  private static func isDay(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.count) == [4, 2, 2] && parts.allSatisfy { Int($0) != nil }
      && parts.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
  }
}
