internal import Glibc

/// Reads the kernel's clocks, in nanoseconds.
enum Clock {
  static let nanosecondsPerSecond: UInt64 = 1_000_000_000
  static let nanosecondsPerMillisecond: UInt64 = 1_000_000

  static func monotonic() -> UInt64 { read(CLOCK_MONOTONIC) }
  static func real() -> UInt64 { read(CLOCK_REALTIME) }
  static func unixSeconds() -> UInt64 { real() / nanosecondsPerSecond }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * nanosecondsPerSecond + UInt64(time.tv_nsec)
  }

  /// Sleeps, at most a second; a signal may end it early.
  static func sleep(nanoseconds: UInt64) {
    var time = timespec(tv_sec: 0, tv_nsec: Int(min(nanoseconds, nanosecondsPerSecond - 1)))
    unsafe nanosleep(&time, nil)
  }
}
