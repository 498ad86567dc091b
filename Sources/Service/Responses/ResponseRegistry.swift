internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// The responses that run, by user and id, the logs of ended ones that are being read, and those
/// that ended in the background and leave nothing on disk.
@EventLoop
final class ResponseRegistry {
  private struct Key: Hashable {
    let subject: Subject
    let text: String
  }

  private final class WeakLog {
    weak var log: EventLog?
    init(_ log: EventLog) { self.log = log }
  }

  private var byID: [Key: TurnDriver] = [:]
  private var byIdempotencyKey: [Key: TurnDriver] = [:]
  private var byShareKey: [ShareKey: TurnDriver] = [:]
  /// The running responses whose items have an id.
  private var itemOwners: [Key: ObjectIdentifier] = [:]
  private var replays: [Key: WeakLog] = [:]
  private(set) var running: [ObjectIdentifier: TurnDriver] = [:]
  private let onIdle: @EventLoop () -> Void

  /// - Parameter onIdle: is called when the last running response has ended.
  init(onIdle: @escaping @EventLoop () -> Void) {
    self.onIdle = onIdle
  }

  func started(_ run: TurnDriver) {
    running[ObjectIdentifier(run)] = run
  }

  /// Registers a response under the id that clients know.
  func register(_ run: TurnDriver, _ id: String) {
    run.log.identity = ResponseIdentity(id: id, createdAt: run.createdAt)
    byID[Key(subject: run.subject, text: id)] = run
  }

  /// The given id unless a running response of this user has it.
  func free(_ given: String?, for subject: Subject) -> String? {
    guard let given, byID[Key(subject: subject, text: given)] == nil else { return nil }
    return given
  }

  /// Gives an id to an item of a running response, unless another one's item has it.
  func claimItem(_ id: String, for run: TurnDriver) -> Bool {
    let key = Key(subject: run.subject, text: id)
    guard let owner = itemOwners[key] else {
      itemOwners[key] = ObjectIdentifier(run)
      return true
    }
    return owner == ObjectIdentifier(run)
  }

  func response(_ id: String, as principal: Principal) -> TurnDriver? {
    let run = byID[Key(subject: principal.subject, text: id)]
    return run.flatMap { principal.sees($0.principal) ? $0 : nil }
  }

  /// How many responses of a user run.
  func count(of subject: Subject) -> Int {
    running.values.count { $0.subject.payer == subject.payer }
  }

  func finished(_ run: TurnDriver) {
    running[ObjectIdentifier(run)] = nil
    for id in run.turn.relay.itemIDs.given {
      let key = Key(subject: run.subject, text: id)
      if itemOwners[key] == ObjectIdentifier(run) { itemOwners[key] = nil }
    }
    if let id = run.id, byID[Key(subject: run.subject, text: id)] === run {
      byID[Key(subject: run.subject, text: id)] = nil
    }
    var ownKey: String?
    if let key = run.request.options.idempotencyKey.map({ Key(subject: run.subject, text: $0) }),
      byIdempotencyKey[key] === run
    {
      byIdempotencyKey[key] = nil
      ownKey = key.text
    }
    if !run.isStored { keep(run, key: ownKey) }
    if let key = run.shareKey, byShareKey[key] === run { byShareKey[key] = nil }
    if running.isEmpty { onIdle() }
  }

  // MARK: Equal requests

  /// Lets equal requests join a response while it runs.
  func share(_ run: TurnDriver, _ key: ShareKey?) {
    guard let key else { return }
    run.shareKey = key
    byShareKey[key] = run
  }

  /// Whether any response runs that equal requests may join.
  var sharesAny: Bool { !byShareKey.isEmpty }

  /// The response that runs for an equal request.
  func shared(_ key: ShareKey?) -> TurnDriver? {
    guard let key, let run = byShareKey[key], run.turn.stopCause == nil else { return nil }
    return run
  }

  // MARK: Responses that are nowhere else

  private(set) var unstored = UnstoredResponses()

  private func keep(_ run: TurnDriver, key: String?) {
    let id = run.request.isBackground ? run.id : nil
    guard id != nil || key != nil, let object = run.finalObject else { return }
    unstored.keep(
      UnstoredResponse(
        principal: run.principal, bodyDigest: run.request.bodyDigest, log: run.log,
        replay: Self.endingWithResponse(run, object), object: object),
      id: id, key: key, repeatableUntil: run.created + run.services.idempotencyLifetime,
      at: EventLoop.now, most: run.services.limits.responses)
    guard id != nil else { return }
    EventLoop.start { [weak self] in
      await EventLoop.sleep(for: UnstoredResponses.readableTime)
      self?.unstored.drop(at: EventLoop.now)
    }
  }

  /// The log of a response that ended as an error, as who reads it later gets it; nil where nothing
  /// is kept of it but the error.
  static func endedLog(of run: TurnDriver) -> EventLog? {
    run.finalObject.map { endingWithResponse(run, $0) }
  }

  /// The log of a response, of which who reads it later gets the object, as of a stored one.
  private static func endingWithResponse(_ run: TurnDriver, _ object: RawJSON) -> EventLog {
    guard run.request.isBackground, case .failure? = run.log.outcome else { return run.log }
    let log = EventLog(events: run.log.events)
    log.identity = run.log.identity
    log.end(with: object, halley: run.summary(of: object))
    return log
  }

  /// Returns whether there was such a response.
  func forgetUnstored(_ id: String, as principal: Principal) -> Bool {
    unstored.forget(id, as: principal)
  }

  // MARK: Creates that were sent before

  func owns(_ run: TurnDriver, idempotencyKey: String) {
    byIdempotencyKey[Key(subject: run.subject, text: idempotencyKey)] = run
  }

  func running(_ idempotencyKey: String, of subject: Subject) -> TurnDriver? {
    byIdempotencyKey[Key(subject: subject, text: idempotencyKey)]
  }

  /// Lets the reader of a create follow the same create that runs.
  func join(_ run: TurnDriver, _ earlier: TurnDriver) {
    run.acknowledge(earlier.currentObject)
    // One that is not on disk yet is waited for.
    if run.acknowledgement?.outcome == nil {
      let log = run.acknowledgement == nil ? earlier.log : earlier.acknowledgement ?? earlier.log
      run.reader?.follow(log) { earlier.readerLeft($0, $1) }
    }
    run.take(.answeredElsewhere)
  }

  /// Lets the reader of a create follow what the same create left.
  func join(_ run: TurnDriver, _ ended: UnstoredResponse) {
    run.reader?.follow(ended.log, onLeave: nil)
    run.take(.answeredElsewhere)
  }

  /// Lets the reader of a create follow the response that the same create made before.
  func join(_ run: TurnDriver, _ existing: StoredResponse, _ store: Store) async throws(RPCError) {
    let log = try await replay(existing, of: run.subject, from: store)
    run.reader?.follow(log, onLeave: nil)
    run.take(.answeredElsewhere)
  }

  // MARK: Responses that have ended

  /// The log of an ended response; those who read it at the same time share one.
  func replay(
    _ response: StoredResponse, of subject: Subject, from store: Store
  ) async throws(RPCError) -> EventLog {
    let key = Key(subject: subject, text: response.id)
    if let log = replays[key]?.log { return log }
    let log = try await store.performing { store throws(StoreError) in
      try await EventLog.replay(response, from: store)
    }
    replays = replays.filter { $0.value.log != nil }
    replays[key] = WeakLog(log)
    return log
  }
}

/// What requests agree in that get one response.
struct ShareKey: Hashable {
  let key: CacheKey
  /// Members of the response that repeat the request.
  let echoes: [UInt8]
  let timeout: Duration?
  /// Whether the response ends although nobody reads it.
  let outlives: Bool
}

extension EventLog {
  private var hasTerminalEvent: Bool {
    count > 0 && UpstreamEvent(checked: RawJSON(checked: event(count - 1))).isTerminal
  }

  /// Appends all events of a response that are stored.
  func append(eventsOf response: StoredResponse, from store: Store) async throws(StoreError) {
    while true {
      let events = try await store.events(of: response.handle, after: Int64(count) - 1)
      guard !events.isEmpty else { return }
      for event in events { append(event.bytes) }
    }
  }

  /// Reads the log of an ended response: its own events while they are kept, else a legal sequence
  /// made from its object.
  static func replay(
    _ response: StoredResponse, from store: Store
  ) async throws(StoreError) -> EventLog {
    let log = EventLog()
    log.identity = ResponseIdentity(id: response.id, createdAt: response.createdAt / 1000)
    try await log.append(eventsOf: response, from: store)
    guard let object = response.object else {
      log.finish(.failure(RPCError(stored: response.error)))
      return log
    }
    log.end(with: object, halley: response.summary)
    return log
  }

  /// Ends with a response, behind what is missing of a legal sequence.
  fileprivate func end(with object: RawJSON, halley: RawJSON) {
    if count == 0 {
      for event in ResponseReplay.events(of: object) { append(event.bytes) }
    } else if !hasTerminalEvent {
      // It ended with an error behind its first events; a result follows a terminal event.
      let type = ResponseReplay.terminalType(status: object["status"]?.string)
      append(EventRelay(after: events).rendered(type, object))
    }
    finish(.response(object, halley: halley))
  }
}

extension StoredResponse {
  /// What is known of how it was made.
  fileprivate var summary: RawJSON {
    .object { halley in
      halley.member("upstream", upstream.map { .string($0) } ?? .null)
      halley.member("upstream_id", upstreamID.map { .string($0) } ?? .null)
      halley.member("cache", "miss")
      halley.member("cost_usd", .null)
    }
  }
}

extension RPCError {
  /// The error that a response ended with, as it was stored.
  fileprivate init(stored json: RawJSON?) {
    let data = json?["data"]
    let code = data?["code"]?.string.flatMap { Code(rawValue: $0) } ?? .internal
    self.init(
      code, json?["message"]?.string ?? "the response failed",
      isRetryable: data?["retryable"]?.boolean ?? false,
      details: (data?.members ?? []).filter { $0.key != "code" && $0.key != "retryable" }
        .map { ($0.key, $0.value) })
  }

  /// The code and the message, as a response object's `error` has them.
  var summary: RawJSON {
    .object {
      $0.member("code", code.rawValue)
      $0.member("message", message)
    }
  }
}
