internal import Glibc

/// Notices that the machine was suspended: CLOCK_BOOTTIME went on, CLOCK_MONOTONIC did not
/// (clock_gettime(2)).
package struct SleepDetector {
  /// The clocks are read one after the other; a shorter sleep loses no connection.
  private static let shortestSleep: Int64 = 1_000_000_000

  private var offset: Int64
  private let readOffset: @Sendable () -> Int64

  /// - Parameter readOffset: by how many nanoseconds the one clock is ahead of the other.
  package init(readOffset: @escaping @Sendable () -> Int64 = Self.clockOffset) {
    self.readOffset = readOffset
    offset = readOffset()
  }

  /// Whether the machine has slept since the last call.
  package mutating func hasSlept() -> Bool {
    let now = readOffset()
    defer { offset = now }
    return now - offset >= Self.shortestSleep
  }

  package static func clockOffset() -> Int64 {
    nanoseconds(CLOCK_BOOTTIME) - nanoseconds(CLOCK_MONOTONIC)
  }

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe _ = clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
