package import EventLoop

/// Keeps requests away from an upstream that does not work, and lets one through to find out when
/// it does again.
///
/// Closed → open after five unreachable requests in a row, or when at least half of twenty or more
/// in 30 s failed. Open → half-open after 15 s, or as soon as the upstream is heard of. Half-open →
/// closed by an answer, → open by a failure. What the client did wrong (4xx) never counts.
///
/// No state lasts on its own: an admission that leads to no call gives itself back, and one whose
/// call takes longer than a pause no longer keeps others away.
package final class CircuitBreaker {
  package enum State: Equatable {
    case closed
    case open(until: LoopInstant)
    /// The request of this number is on its way to try; others wait until then.
    case halfOpen(Int, until: LoopInstant)
  }

  package enum Outcome {
    case success
    /// It answered with 5xx, or broke off.
    case failed
    /// No connection, or nothing came over it.
    case unreachable
  }

  /// A request may not go yet.
  package struct Refusal: Error, Equatable {
    /// The time until one may, 15 s at most.
    package let wait: Duration
  }

  /// The right to call the upstream. Its end without a call lets the next request try.
  package struct Admission: ~Copyable {
    fileprivate let breaker: CircuitBreaker
    fileprivate let number: Int
    fileprivate let instant: LoopInstant

    deinit { breaker.takeBack(number, of: instant) }
  }

  private static let unreachableInARow = 5
  private static let fewestForRatio = 20
  private static let pause: Duration = .seconds(15)

  package private(set) var state = State.closed
  private var lastTry = 0
  private var inARow = 0
  private var recent = SlidingCount()
  private var recentFailures = SlidingCount()

  package init() {}

  /// The time until a request may go; nil for now.
  package func wait(at now: LoopInstant) -> Duration? {
    switch state {
    case .open(let until) where now < until: until - now
    case .halfOpen(_, let until) where now < until: until - now
    default: nil
    }
  }

  package func admit(at now: LoopInstant) throws(Refusal) -> Admission {
    if let wait = wait(at: now) { throw Refusal(wait: wait) }
    if state != .closed {
      lastTry += 1
      state = .halfOpen(lastTry, until: now + Self.pause)
    }
    return Admission(breaker: self, number: lastTry, instant: now)
  }

  private func takeBack(_ number: Int, of instant: LoopInstant) {
    if case .halfOpen(number, _) = state { state = .open(until: instant) }
  }

  /// Takes note of how a request ended.
  ///
  /// - Returns: whether this opened the breaker.
  package func record(_ outcome: Outcome, at now: LoopInstant) -> Bool {
    recent.add(at: now)
    if case .success = outcome {
      noteAnswer()
      return false
    }
    if case .unreachable = outcome { inARow += 1 }
    recentFailures.add(at: now)
    switch state {
    case .open: return false
    case .closed where !isBad(at: now): return false
    case .closed, .halfOpen: open(at: now)
    }
    return true
  }

  /// Takes note of the beginning of an answer, before its end is known.
  package func noteAnswer() {
    inARow = 0
    state = .closed
  }

  /// Lets the next request try at once: the upstream was heard of.
  package func letThrough(at now: LoopInstant) {
    if state != .closed { state = .open(until: now) }
  }

  private func isBad(at now: LoopInstant) -> Bool {
    if inARow >= Self.unreachableInARow { return true }
    let all = recent.total(at: now)
    return all >= Self.fewestForRatio && recentFailures.total(at: now) * 2 >= all
  }

  private func open(at now: LoopInstant) {
    inARow = 0
    recent = SlidingCount()
    recentFailures = SlidingCount()
    state = .open(until: now + Self.pause)
  }
}
