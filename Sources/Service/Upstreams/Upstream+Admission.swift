internal import Configuration
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import Store
internal import Wire

/// What asking an upstream takes.
struct UpstreamServices {
  let http: HTTPClient
  let keys: APIKeys
  /// Requests of one user that may wait for a place.
  let maximumQueue: Int
  let onHealth: @EventLoop (Upstream, Upstream.HealthEvent) -> Void
}

extension Upstream {
  /// The right to ask: one of `max_concurrent` places and the breaker's leave, which both go back at
  /// its end, the key, and what may still be tried.
  struct Admission: ~Copyable {
    private let place: Place
    private let leave: CircuitBreaker.Admission
    private(set) var key: APIKey?
    private var policy: RetryPolicy
    private var hasReadKeyAgain = false

    fileprivate init(
      _ place: consuming Place, _ leave: consuming CircuitBreaker.Admission, key: APIKey?,
      _ policy: RetryPolicy
    ) {
      self.place = place
      self.leave = leave
      self.key = key
      self.policy = policy
    }

    /// Returns, when it is time, whether to ask once more. A key that was refused is read again.
    @EventLoop
    mutating func mayAskAgain(after failure: CallFailure, _ keys: APIKeys) async -> Bool {
      let upstream = place.upstream
      if failure.phase == .status(401), !hasReadKeyAgain {
        hasReadKeyAgain = true
        if let other = await upstream.apiKey(insteadOf: key, keys) {
          key = other
          return true
        }
      }
      guard let delay = policy.delay(after: failure, random: .random(in: 0..<1)),
        upstream.retryBudget.takeRetry(at: EventLoop.now)
      else { return false }
      await EventLoop.sleep(for: delay)
      return !Task.isCancelled
    }
  }

  fileprivate struct Place: ~Copyable {
    let upstream: Upstream
    let subject: Subject

    deinit {
      EventLoop.assumeIsolated { [upstream, subject] in upstream.leave(as: subject) }
    }
  }

  /// Waits for the right to ask, for which users take turns; at an upstream that is left alone nobody
  /// waits.
  func admission(
    as subject: Subject, hasSideEffects: Bool = false, _ services: UpstreamServices
  ) async throws(CallFailure) -> Admission {
    try requireAnother()
    try requireOpenBreaker()
    let place = try await place(for: subject, maximumQueue: services.maximumQueue)
    let key = try await key(services)
    return try admission(place, key, hasSideEffects)
  }

  /// The right to ask where nothing has to be waited for, as is usual; nil where something has.
  func admissionAtOnce(
    as subject: Subject, hasSideEffects: Bool
  ) throws(CallFailure) -> Admission? {
    try requireAnother()
    try requireOpenBreaker()
    guard hasFreshKey, enterIfFree(as: subject) else { return nil }
    let place = Place(upstream: self, subject: subject)
    _ = record(keyError: nil)
    return try admission(place, keyAtHand, hasSideEffects)
  }

  private func admission(
    _ place: consuming Place, _ key: APIKey?, _ hasSideEffects: Bool
  ) throws(CallFailure) -> Admission {
    let leave: CircuitBreaker.Admission
    do throws(CircuitBreaker.Refusal) {
      leave = try passBreaker()
    } catch {
      throw .circuitOpen(name, wait: error.wait, cause: lastError)
    }
    retryBudget.noteRequest(at: EventLoop.now)
    return Admission(
      place, leave, key: key,
      RetryPolicy(
        maximumRetries: configuration.maximumRetries, hasSideEffects: hasSideEffects))
  }

  private func requireOpenBreaker() throws(CallFailure) {
    guard let wait = breaker.wait(at: EventLoop.now) else { return }
    throw .circuitOpen(name, wait: wait, cause: lastError)
  }

  private func requireAnother() throws(CallFailure) {
    guard isOwnFace(configuration.origin) else { return }
    let error = RPCError(
      .config, "upstream \(name) is this daemon itself: what is asked there would come back",
      details: [("hint", .string("its base_url has to be another service's"))])
    throw CallFailure(error: error, phase: .notSent)
  }

  private func place(
    for subject: Subject, maximumQueue: Int
  ) async throws(CallFailure) -> Place {
    let subject = subject.payer
    do {
      try await enter(as: subject, maximumQueue: maximumQueue)
      return Place(upstream: self, subject: subject)
    } catch let error as RPCError {
      throw CallFailure(error: error, phase: .notSent)
    } catch {
      throw .stopped
    }
  }

  private func key(_ services: UpstreamServices) async throws(CallFailure) -> APIKey? {
    do throws(RPCError) {
      let key = try await apiKey(services.keys)
      _ = record(keyError: nil)
      return key
    } catch {
      for event in record(keyError: error) { services.onHealth(self, event) }
      throw CallFailure(error: error, phase: .notSent)
    }
  }
}
