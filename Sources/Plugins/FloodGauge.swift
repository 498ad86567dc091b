package import EventLoop

/// Tells when a plugin writes more than anybody asked it for.
///
/// Answers are bounded by their calls; all other lines fill the gauge, which empties by itself. A
/// progress notification for every percent of many calls is far below its limit.
package struct FloodGauge {
  /// Lines that may come at once.
  package static let burst = 2000.0
  /// Lines that may come each second, on and on.
  package static let rate = 1000.0
  /// A longer line counts more than once: 4 MiB a second are the most that comes.
  private static let bytesOfLine = 4096

  private var level = 0.0
  private var last: LoopInstant

  package init(now: LoopInstant) {
    last = now
  }

  /// Takes in one line and returns whether it is one too many.
  package mutating func overflows(bytes: Int, now: LoopInstant) -> Bool {
    level = max(level - (now - last).milliseconds / 1000 * Self.rate, 0)
    last = now
    level += 1 + Double(bytes / Self.bytesOfLine)
    return level > Self.burst
  }
}
