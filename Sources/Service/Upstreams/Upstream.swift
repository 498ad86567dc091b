internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
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
  private let line: WaitingLine
  private var key: Result<APIKey?, KeyError>?

  init(_ configuration: UpstreamConfiguration) {
    self.configuration = configuration
    line = WaitingLine(places: configuration.maximumConcurrent)
  }

  var name: String { configuration.name }
  var running: Int { line.taken }
  var queued: Int { line.waiting }

  // MARK: Places

  /// Waits for one of `max_concurrent` places, for which users take turns.
  ///
  /// - Parameter maximumQueue: requests of this user that may wait.
  func enter(as user: UInt32, maximumQueue: Int) async throws {
    let waiting = line.waiting(of: user)
    guard line.isFree || waiting < maximumQueue else {
      throw RPCError(
        .overloaded, "\(waiting) requests of uid \(user) wait for upstream \(name)",
        isRetryable: true, details: [("retry_after_ms", .integer(1000))])
    }
    try await line.enter(as: user)
    lastUse = EventLoop.now
  }

  func leave(as user: UInt32) {
    lastUse = EventLoop.now
    line.leave(as: user)
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

  private var identity: (secret: String, baseURL: String, text: String)?

  /// Names the account whose key is at hand; nil until a request has fetched the key.
  var knownIdentity: String? {
    if case .success(let key)? = key { identity(of: key) } else { nil }
  }

  /// Names an account at this upstream; never the key.
  func identity(of key: APIKey?) -> String {
    let (secret, baseURL) = (key?.secret ?? "", configuration.baseURL)
    if let identity, identity.secret == secret, identity.baseURL == baseURL { return identity.text }
    let bytes = Array("\(baseURL)\n\(secret)".utf8)
    let hash = unsafe bytes.withUnsafeBytes { unsafe XXHash64.hash($0, seed: 0) }
    let text = String(hash, radix: 16)
    identity = (secret, baseURL, text)
    return text
  }

  private nonisolated static func resolve(
    _ keys: APIKeys, _ upstream: UpstreamConfiguration
  ) -> Result<APIKey?, KeyError> {
    Result { () throws(KeyError) in try keys.resolve(upstream) }
  }

  // MARK: Health

  /// What the journal tells of an upstream.
  enum HealthEvent {
    /// It does not answer, and did before.
    case down(RPCError)
    /// It answers again.
    case up
    case breakerOpened
    /// It has no usable key, and had one before.
    case keyMissing(RPCError)
  }

  private var isDown = false
  private var lacksKey = false

  /// Takes note of how an attempt ended.
  func record(_ result: Result<CallResult, CallFailure>) -> [HealthEvent] {
    let now = EventLoop.now
    switch result {
    case .success:
      succeeded += 1
      return answered(at: now)
    case .failure(let failure) where [.cancelled, .overloaded].contains(failure.error.code):
      breaker.withdraw(at: now)
      return []
    case .failure(let failure):
      failed += 1
      // What answered is there.
      guard failure.isUpstreamDown else { return answered(at: now) }
      var events: [HealthEvent] = []
      if !isDown { events.append(.down(failure.error)) }
      isDown = true
      let isUnreachable = failure.phase == .notSent
      if breaker.record(isUnreachable ? .unreachable : .failed, at: now) {
        events.append(.breakerOpened)
      }
      return events
    }
  }

  private func answered(at now: LoopInstant) -> [HealthEvent] {
    defer { isDown = false }
    let events: [HealthEvent] = isDown ? [.up] : []
    return breaker.record(.success, at: now) ? events + [.breakerOpened] : events
  }

  /// Takes note of whether its key was had; an error is told of once.
  func record(keyError: RPCError?) -> [HealthEvent] {
    defer { lacksKey = keyError != nil }
    guard let keyError, !lacksKey else { return [] }
    return [.keyMissing(keyError)]
  }
}
