/// Tells a daemon that is not there from a model that thinks.
///
/// systemd listens on the socket before the daemon runs, and also while it can't start: a connection
/// is no sign of life. A daemon that lives answers `daemon.ping` at once, whatever else it is asked.
package struct Silence {
  package enum Step {
    /// Time to ask whether the daemon is there.
    case ask
    /// Time to tell the user.
    case tell
    /// Time to give up.
    case end
  }

  /// Each with the milliseconds of silence before it. Time in which nobody listened, such as that of
  /// a stopped client, puts off one step only.
  private static let steps: [(Step, after: Int64)] = [
    (.ask, 1_000), (.tell, 2_000), (.end, 7_000),
  ]
  /// Milliseconds that a daemon which has answered is not asked again.
  private static let trust: Int64 = 20_000
  /// Milliseconds that the daemon has for saying that a request's own time is up.
  private static let grace: Int64 = 1_000

  private var rest = Self.steps[...]
  private var next: Int64
  /// When the daemon should have ended the request; nil for never.
  private var deadline: Int64?

  /// - Parameter limit: seconds that the request may take, as the daemon was told.
  package init(start: Int64, limit: Double? = nil) {
    next = start + Self.steps[0].after
    deadline = limit.map { start + Int64(min(max($0, 0), 1e9) * 1_000) + Self.grace }
  }

  /// Begins again, since something has come.
  ///
  /// - Parameter isWhole: whether it ended with its line; the rest of one is due at once.
  package mutating func heard(now: Int64, isWhole: Bool) {
    rest = Self.steps[...]
    next = now + (isWhole ? Self.trust : Self.steps[0].after)
    if let deadline, now >= deadline { self.deadline = nil }
  }

  /// Milliseconds until the next step.
  package func pause(now: Int64) -> Int32? {
    guard !rest.isEmpty else { return nil }
    return Int32(clamping: max(min(next, deadline ?? .max) - now, 0))
  }

  /// The next step, where it is time for it.
  package mutating func step(now: Int64) -> Step? {
    guard let (step, _) = rest.first else { return nil }
    if let deadline, now >= deadline {
      rest = []
      return .end
    }
    guard now >= next else { return nil }
    rest = rest.dropFirst()
    next = now + (rest.first?.after ?? 0)
    return step
  }
}
