internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Wire

/// The running state of one configured upstream: its places, its key, its health.
@EventLoop
final class Upstream {
  var configuration: UpstreamConfiguration {
    didSet {
      guard configuration != oldValue else { return }
      key = nil
      line.places = configuration.maximumConcurrent
    }
  }
  var breaker = CircuitBreaker()
  var retryBudget = RetryBudget()
  /// Ended attempts, good and bad, for the status.
  private(set) var succeeded = 0
  private(set) var failed = 0
  private(set) var lastUse: LoopInstant?
  private let maximumQueue: Int
  private let line: WaitingLine
  private var key: Result<APIKey?, KeyError>?

  init(_ configuration: UpstreamConfiguration, maximumQueue: Int) {
    self.configuration = configuration
    self.maximumQueue = maximumQueue
    line = WaitingLine(places: configuration.maximumConcurrent)
  }

  var name: String { configuration.name }
  var running: Int { line.taken }
  var queued: Int { line.waiting }

  // MARK: Places

  /// Waits for one of `max_concurrent` places, first come, first served.
  func enter() async throws {
    guard line.isFree || line.waiting < maximumQueue else {
      throw RPCError(
        .overloaded, "\(line.waiting) requests wait for upstream \(name)", isRetryable: true,
        details: [("retry_after_ms", .integer(1000))])
    }
    try await line.enter()
    lastUse = EventLoop.now
  }

  func leave() {
    lastUse = EventLoop.now
    line.leave()
  }

  // MARK: Key

  /// Returns the key, fetched once; a failure is tried again by the next request.
  func apiKey(_ keys: APIKeys) async throws(RPCError) -> APIKey? {
    if case .success(let key)? = key { return key }
    let upstream = configuration
    let result: Result<APIKey?, KeyError> =
      if case .command = upstream.keySource {
        await EventLoop.offload { Self.resolve(keys, upstream) }
      } else {
        Self.resolve(keys, upstream)
      }
    if upstream == configuration { key = result }
    switch result {
    case .success(let key): return key
    case .failure(let error):
      throw RPCError(
        .config, error.message,
        details: [("hint", .string(error.hint)), ("upstream", .string(upstream.name))])
    }
  }

  private nonisolated static func resolve(
    _ keys: APIKeys, _ upstream: UpstreamConfiguration
  ) -> Result<APIKey?, KeyError> {
    Result { () throws(KeyError) in try keys.resolve(upstream) }
  }

  // MARK: Health

  /// Takes note of how an attempt ended.
  ///
  /// - Returns: whether the breaker opened.
  func record(_ result: Result<CallResult, CallFailure>) -> Bool {
    let now = EventLoop.now
    switch result {
    case .success:
      succeeded += 1
      return breaker.record(.success, at: now)
    case .failure(let failure) where failure.error.code == .cancelled:
      breaker.withdraw(at: now)
      return false
    case .failure(let failure):
      failed += 1
      guard failure.isUpstreamDown else {
        // It answered, so it is there.
        return breaker.record(.success, at: now)
      }
      let isUnreachable = failure.phase == .notSent
      return breaker.record(isUnreachable ? .unreachable : .failed, at: now)
    }
  }
}
