package import EventLoop
internal import Wire

/// Decides whether a failed attempt is followed by another, and when.
///
/// A create is not idempotent: what may have run is tried once more at most, and only where nothing
/// but text can come of it. Once an event was handed on nothing is retried.
package struct RetryPolicy {
  /// Seconds before the first retry, doubled for each further one.
  private static let firstDelay = 0.5
  private static let longestDelay = 8.0

  let maximumRetries: Int
  /// Whether running the request twice could do more than cost twice: hosted tools act.
  let hasSideEffects: Bool
  private(set) var retries = 0
  private var ambiguousRetries = 0

  package init(maximumRetries: Int, hasSideEffects: Bool) {
    self.maximumRetries = maximumRetries
    self.hasSideEffects = hasSideEffects
  }

  /// The time to wait before the next attempt; nil to give up.
  ///
  /// - Parameter random: 0 up to 1. The whole delay is drawn, so that the many clients of one
  ///   daemon do not come back in step.
  package mutating func delay(after failure: CallFailure, random: Double) -> Duration? {
    guard retries < maximumRetries, mayRetry(failure) else { return nil }
    if let wait = failure.retryAfter, wait > HTTPFailure.longestRetryAfter { return nil }
    retries += 1
    if case .noStatus = failure.phase { ambiguousRetries += 1 }
    let ceiling = min(Self.firstDelay * Double(1 << min(retries - 1, 10)), Self.longestDelay)
    return failure.retryAfter ?? .microseconds(Int64(ceiling * random * 1e6))
  }

  private func mayRetry(_ failure: CallFailure) -> Bool {
    switch failure.phase {
    // Who asks decides: what the daemon lacks it lacks for others too.
    case _ where failure.error.code == .overloaded: false
    case .notSent: true
    case .noStatus: ambiguousRetries == 0 && !hasSideEffects
    case .status: failure.shouldRetry ?? failure.error.isRetryable
    case .answered, .refused: false
    }
  }
}

/// Bounds the retries of all requests to one upstream: a tenth of the requests of 30 s, and one a
/// second besides, so that retries never are what keeps an upstream down.
package struct RetryBudget {
  /// One a second over the half minute that is looked at.
  private static let floor = 30
  private static let requestsForOneMore = 10

  private var requests = SlidingCount()
  private var retries = SlidingCount()

  package init() {}

  package mutating func noteRequest(at now: LoopInstant) {
    requests.add(at: now)
  }

  /// Takes one retry, where there is one left.
  package mutating func takeRetry(at now: LoopInstant) -> Bool {
    let allowed = Self.floor + requests.total(at: now) / Self.requestsForOneMore
    guard retries.total(at: now) < allowed else { return false }
    retries.add(at: now)
    return true
  }
}
