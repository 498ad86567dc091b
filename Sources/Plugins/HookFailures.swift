internal import EventLoop

/// Counts a plugin's failures, so that one that fails all the time is logged now and then only.
struct HookFailures {
  private static let reportInterval: Duration = .seconds(10)

  private var count = 0
  private var lastReport: LoopInstant?

  /// Returns the text to log; nil where it is too soon for one.
  mutating func add(_ what: String) -> String? {
    count += 1
    if let lastReport, EventLoop.now - lastReport < Self.reportInterval { return nil }
    defer { (count, lastReport) = (0, EventLoop.now) }
    return count > 1 ? "\(what) (\(count) failures)" : what
  }
}
