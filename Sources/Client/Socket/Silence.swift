/// Tells a daemon that is not there from a model that thinks.
///
/// systemd listens on the socket before the daemon runs, and also while it can't start: a connection
/// is no sign of life. A daemon that lives answers `daemon.ping` at once, whatever else it is asked.
struct Silence {
  enum Step {
    /// Time to ask whether the daemon is there.
    case ask
    /// Time to tell the user.
    case tell
    /// Time to give up.
    case end
  }

  /// Milliseconds from the beginning of a call to which nothing has come.
  private static let steps: [(Step, after: Int64)] = [
    (.ask, 1_000), (.tell, 3_000), (.end, 10_000),
  ]

  private let start: Int64
  private var rest = Self.steps[...]

  init(start: Int64) {
    self.start = start
  }

  /// Milliseconds until the next step.
  func pause(now: Int64) -> Int32? {
    rest.first.map { Int32(clamping: max(start + $0.after - now, 0)) }
  }

  /// The next step, where it is time for it.
  mutating func step(now: Int64) -> Step? {
    guard let (step, after) = rest.first, now >= start + after else { return nil }
    rest = rest.dropFirst()
    return step
  }
}
