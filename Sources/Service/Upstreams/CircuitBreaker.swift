package import EventLoop

/// Keeps requests away from an upstream that does not work, and lets one through to find out when
/// it does again.
///
/// Closed → open after five unreachable requests in a row, or when at least half of twenty or more
/// in 30 s failed. Open → half-open after 15 s, doubling to 120 s. Half-open → closed by a success,
/// → open by a failure. What the client did wrong (4xx) never counts.
package struct CircuitBreaker {
  package enum State: Equatable {
    case closed
    case open(until: LoopInstant)
    /// One request is on its way to try.
    case halfOpen
  }

  package enum Outcome {
    case success
    /// It answered with 5xx, or broke off.
    case failed
    /// No connection, or nothing came over it.
    case unreachable
  }

  private static let unreachableInARow = 5
  private static let fewestForRatio = 20
  private static let shortestPause: Duration = .seconds(15)
  private static let longestPause: Duration = .seconds(120)

  package private(set) var state = State.closed
  private var inARow = 0
  private var recent = SlidingCount()
  private var recentFailures = SlidingCount()
  private var pause = shortestPause

  package init() {}

  /// Whether a request may go; nil, or the time to wait.
  package mutating func admit(at now: LoopInstant) -> Duration? {
    switch state {
    case .closed: return nil
    case .open(let until) where now >= until:
      state = .halfOpen
      return nil
    case .open(let until): return until - now
    case .halfOpen: return Self.shortestPause
    }
  }

  /// Takes note of how a request ended.
  ///
  /// - Returns: whether this opened the breaker.
  package mutating func record(_ outcome: Outcome, at now: LoopInstant) -> Bool {
    if case .success = outcome {
      inARow = 0
      pause = Self.shortestPause
      state = .closed
    }
    if case .unreachable = outcome { inARow += 1 }
    recent.add(at: now)
    if outcome != .success { recentFailures.add(at: now) }
    guard outcome != .success, isBad(at: now) || state == .halfOpen else { return false }
    if case .open = state { return false }
    open(at: now)
    return true
  }

  /// Takes back an admission that led to no call.
  package mutating func withdraw(at now: LoopInstant) {
    if state == .halfOpen { state = .open(until: now) }
  }

  private func isBad(at now: LoopInstant) -> Bool {
    if inARow >= Self.unreachableInARow { return true }
    let all = recent.total(at: now)
    return all >= Self.fewestForRatio && recentFailures.total(at: now) * 2 >= all
  }

  private mutating func open(at now: LoopInstant) {
    state = .open(until: now + pause)
    pause = min(pause * 2, Self.longestPause)
    inARow = 0
    recent = SlidingCount()
    recentFailures = SlidingCount()
  }
}
