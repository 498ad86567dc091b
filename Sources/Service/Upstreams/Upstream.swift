package import Configuration
package import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
internal import Wire

/// The running state of one configured upstream: its places, its key, its health.
@EventLoop
package final class Upstream {
  var configuration: UpstreamConfiguration {
    didSet {
      knownAddress = nil
      publishesPrices = configuration.publishesPrices
      guard configuration != oldValue else { return keepCredentials(of: oldValue) }
      forgetKey()
      line.places = configuration.maximumConcurrent
    }
  }
  /// Whether what is asked at an origin would come back to this daemon.
  var isOwnFace: @EventLoop (UpstreamOrigin) -> Bool = { _ in false }
  let breaker = CircuitBreaker()
  /// Whether it is known to publish its prices.
  private(set) var publishesPrices: Bool
  private let probe: BreakerProbe
  var retryBudget = RetryBudget()
  /// Ended attempts, good and bad, for the status.
  private(set) var succeeded = 0
  private(set) var failed = 0
  private(set) var lastUse: LoopInstant?
  private let line: WaitingLine
  private var key: ReadKey?
  private var reading = SharedWork<Result<ReadKey, KeyError>>()

  package init(_ configuration: UpstreamConfiguration, probe: BreakerProbe) {
    self.configuration = configuration
    self.probe = probe
    publishesPrices = configuration.publishesPrices
    line = WaitingLine(places: configuration.maximumConcurrent)
  }

  package var name: String { configuration.name }
  var running: Int { line.taken }
  var queued: Int { line.waiting }

  // MARK: Places

  /// Waits for one of `max_concurrent` places, for which users take turns.
  ///
  /// - Parameter maximumQueue: requests of this user that may wait.
  func enter(as subject: Subject, maximumQueue: Int) async throws {
    let waiting = line.waiting(of: subject.name)
    guard line.isFree || waiting < maximumQueue else {
      throw RPCError.exhausted("\(waiting) requests of \(subject) wait for upstream \(name)")
    }
    try await line.enter(as: subject.name)
    lastUse = EventLoop.now
  }

  /// Takes a place where nobody has to wait for one; false where there is none.
  func enterIfFree(as subject: Subject) -> Bool {
    guard line.enterIfFree(as: subject.name) else { return false }
    lastUse = EventLoop.now
    return true
  }

  func leave(as subject: Subject) {
    lastUse = EventLoop.now
    line.leave(as: subject.name)
  }

  // MARK: Key

  /// A key that was had of its source, and what the proxy asks for; an upstream may need neither.
  private struct ReadKey {
    enum Age {
      case fresh, nearlyOver, over
    }

    let key: APIKey?
    let proxyCredentials: APIKey?
    /// On a clock that counts while the machine sleeps.
    let asked: ContinuousClock.Instant

    func age(_ part: Duration?) -> Age {
      guard let part else { return .fresh }
      let age = ContinuousClock.now - asked
      return age >= part ? .over : age * 5 >= part * 4 ? .nearlyOver : .fresh
    }
  }

  /// Whether all is known that proves who asks, so that a connection can be opened without a request.
  var isReady: Bool {
    key != nil
      || (configuration.proxy?.lacksCredentials != true && configuration.clientCertificate == nil)
  }

  /// Whether the key is at hand and need not be asked for again yet.
  var hasFreshKey: Bool { key.map { $0.age(configuration.keyRefresh) == .fresh } ?? false }

  /// The key at hand; nil where none is needed, or was read.
  var keyAtHand: APIKey? { key?.key }

  /// Returns the key, which is read when it is first asked for; a failure is tried again by the next
  /// request. A key whose time is nearly over is read again while requests go on with it.
  func apiKey(_ keys: APIKeys) async throws(RPCError) -> APIKey? {
    if let key {
      let age = key.age(configuration.keyRefresh)
      if age == .nearlyOver { EventLoop.start { [self] in _ = await readKey(keys) } }
      if age != .over { return key.key }
    }
    switch await readKey(keys) {
    case .success(let found)?: return found.key
    case .failure(let error)?:
      var refusal = RPCError(
        .config, error.message,
        details: [("hint", .string(error.hint)), ("upstream", .string(name))])
      refusal.namesPlaces = true
      throw refusal
    case nil: throw RPCError(.cancelled, "the request was cancelled before its key was had")
    }
  }

  /// Returns the key that took the place of one that the upstream refused, for which its source is
  /// read again; nil where it has no other.
  func apiKey(insteadOf refused: APIKey?, _ keys: APIKeys) async -> APIKey? {
    // Others may have read it since.
    if let key, key.key != refused { return key.key }
    guard case .success(let found)? = await readKey(keys), found.key != refused else { return nil }
    return found.key
  }

  /// Has the source read again before the next request.
  func forgetKey() {
    key = nil
    reading = SharedWork()
  }

  /// Reads the source, once for all who ask meanwhile; nil when the task is cancelled first.
  private func readKey(_ keys: APIKeys) async -> Result<ReadKey, KeyError>? {
    let (upstream, reading) = (configuration, reading)
    let result = await reading.value {
      guard upstream.asksCommands else { return Self.resolve(keys, upstream) }
      return await EventLoop.offload { Self.resolve(keys, upstream) }
    }
    if reading === self.reading, case .success(let found)? = result {
      key = found
      configuration.proxy?.credentials = found.proxyCredentials
    }
    return result
  }

  private func keepCredentials(of old: UpstreamConfiguration) {
    guard configuration.proxy?.lacksCredentials == true, let known = old.proxy?.credentials else {
      return
    }
    configuration.proxy?.credentials = known
  }

  private var knownAddress: UpstreamAddress?

  /// Where its requests go with a key, and what they have in common.
  func address(for key: APIKey?) -> UpstreamAddress {
    if let knownAddress, knownAddress.key == key { return knownAddress }
    let address = UpstreamAddress(configuration, key: key)
    knownAddress = address
    return address
  }

  private var identity: (secret: String, baseURL: String, text: String)?

  /// Names the account whose key is at hand; nil until a request has fetched the key.
  var knownIdentity: String? {
    key.map { identity(of: $0.key) }
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
  ) -> Result<ReadKey, KeyError> {
    Result { () throws(KeyError) in
      let asked = ContinuousClock.now
      try keys.checkClientKey(of: upstream)
      return ReadKey(
        key: try keys.resolve(upstream), proxyCredentials: try keys.proxyCredentials(of: upstream),
        asked: asked)
    }
  }

  // MARK: Health

  /// Whether a request may go; while none may, the upstream is asked whether it is back.
  func passBreaker() throws(CircuitBreaker.Refusal) -> CircuitBreaker.Admission {
    let admission = try breaker.admit(at: EventLoop.now)
    if breaker.state != .closed { probe.watch(self) }
    return admission
  }

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

  private(set) var isDown = false
  private(set) var lacksKey = false
  /// What went wrong last; nil once an attempt has gone well.
  private(set) var lastError: RPCError?

  /// Takes note of how an attempt ended.
  func record(_ failure: CallFailure?) -> [HealthEvent] {
    let now = EventLoop.now
    guard let failure else {
      succeeded += 1
      lastError = nil
      return answered(at: now)
    }
    if [.cancelled, .overloaded].contains(failure.error.code) { return [] }
    failed += 1
    lastError = failure.error
    if failure.hasRefusedProxyCredentials { forgetKey() }
    // What answered is there.
    guard failure.isUpstreamDown else { return answered(at: now) }
    var events: [HealthEvent] = []
    if !isDown { events.append(.down(failure.error)) }
    isDown = true
    if let connection = failure.lostConnection, !isNewLoss(of: connection, at: now) {
      return events
    }
    let isUnreachable = failure.phase == .notSent
    if breaker.record(isUnreachable ? .unreachable : .failed, at: now) {
      events.append(.breakerOpened)
      probe.watch(self)
    }
    return events
  }

  private func answered(at now: LoopInstant) -> [HealthEvent] {
    defer { isDown = false }
    _ = breaker.record(.success, at: now)
    return isDown ? [.up] : []
  }

  /// A connection that dies takes all of its streams with it, at about the same time.
  private static let lossTime: Duration = .seconds(1)
  private var losses: [Int: LoopInstant] = [:]

  /// Whether this is the first of the streams that a lost connection carried.
  private func isNewLoss(of connection: Int, at now: LoopInstant) -> Bool {
    losses = losses.filter { now - $0.value < Self.lossTime }
    return losses.updateValue(now, forKey: connection) == nil
  }

  /// Takes note of whether its key was had; an error is told of once.
  func record(keyError: RPCError?) -> [HealthEvent] {
    if keyError?.code == .cancelled { return [] }
    defer { lacksKey = keyError != nil }
    if let keyError { lastError = keyError }
    guard let keyError, !lacksKey else { return [] }
    return [.keyMissing(keyError)]
  }
}

extension UpstreamConfiguration {
  /// Whether it is known to publish its prices, and may be asked for them.
  var publishesPrices: Bool {
    origin.socketPath == nil && proxy?.lacksCredentials != true
      && (name == Self.builtInName || origin == Self.builtIn.origin)
  }

  /// Whether a program is run for a secret, which may take its time.
  fileprivate var asksCommands: Bool {
    keySource.isCommand || proxy?.credentialSource.isCommand == true
  }
}
