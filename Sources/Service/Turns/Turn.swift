package import JSON
internal import Store
internal import Wire

/// One response from its request to its end: what happens, and what is to be done about it.
///
/// Invariants:
/// 1. The log gets events of one attempt a round only: nothing is asked again behind the first of
///    them.
/// 2. Events reach the log when the request is on disk and the id is settled, the terminal event
///    and the outcome when the end is.
/// 3. Exactly one outcome is told, or the turn is left without one.
/// 4. A stop closes the upstream before anything else.
package struct Turn {
  package enum Phase {
    /// The first request is made ready, or that of the next round.
    case preparing
    case streaming(Stream)
    case callingTools(response: RawJSON)
    /// The upstream has ended; the items that no event brought get their ids.
    case concluding(Conclusion)
    case ending(TurnEnding)
    case ended
  }

  /// What came of the present round.
  package struct Stream {
    /// Events in the log when it began.
    var start = 0
    var terminal: UpstreamEvent?
    /// The response that the terminal event carries.
    var response: ResponseObject?
    var error: RawJSON?
    var end: End?

    enum End {
      case streamed
      case object(RawJSON)
      case failed(CallFailure, isHeld: Bool)
      case refused(RPCError)
    }
  }

  /// The response that the upstream ended with, and the event that ends it.
  package struct Conclusion {
    let response: ResponseObject
    /// nil for one of the daemon's own.
    let terminal: UpstreamEvent?
  }

  /// Whether the response and its items are kept.
  let isStored: Bool
  /// The most rounds of tool calls.
  let mostRounds: Int
  package internal(set) var phase = Phase.preparing { didSet { way = .undecided } }
  /// Where an event goes that changes nothing else. To look into the phase for it would copy what that
  /// owns.
  private var way = Way.undecided
  /// Events of the present round that wait for the row, the id, or an item's id.
  private var waiting: [UpstreamEvent] = []
  /// Whether the item of the first of them has its id.
  var isFirstNamed = false
  package internal(set) var identity = TurnIdentity()
  var relay = EventRelay()
  var rounds = ToolRounds()
  package internal(set) var stopCause: StopCause?
  /// The item whose id is being found.
  var unnamed: (given: String, index: Int64?)?
  /// Attempts of all rounds.
  package private(set) var attempts = 0
  /// Makes the object of a background response of which nothing came.
  var blank: (_ id: String, _ status: String) -> RawJSON?

  package init(
    isStored: Bool, mostRounds: Int, blank: @escaping (String, String) -> RawJSON? = { _, _ in nil }
  ) {
    self.isStored = isStored
    self.mostRounds = mostRounds
    self.blank = blank
  }

  /// The id that clients know.
  package var id: String? { relay.id }
  /// Whose the present round's calls are.
  package var owners: CallOwners { rounds.owners }

  package var isFinished: Bool {
    if case .ended = phase { true } else { false }
  }

  /// Whether an attempt that failed may be followed by another.
  package var mayAskAgain: Bool {
    guard case .streaming(let stream) = phase, stopCause == nil else { return false }
    return waiting.isEmpty && relay.count == stream.start
  }

  /// Events that were taken, whether or not they are in the log.
  var receivedCount: Int {
    guard case .streaming = phase else { return relay.count }
    return relay.count + waiting.count
  }

  /// - Parameter log: as it is when all actions so far are performed.
  package mutating func take(_ event: TurnEvent, _ log: LoggedEvents) -> [TurnAction] {
    switch event {
    case .rowBegun, .rowWritten, .rowFailed, .identified, .itemNamed: return settle(event, log)
    case .prepared(let owners, let echo): return begin(owners, echo)
    case .refused(let error): return end(.refused(error), log)
    case .known(let object, let events, let isRecorded):
      return know(object, events, isRecorded: isRecorded)
    case .resumed(let id, let upstreamID): return goOn(id, upstreamID, log)
    case .answeredElsewhere: return leave(isKept: false)
    case .attemptBegan:
      attempts += 1
      return []
    case .upstream(let event): return receive(event, log)
    case .pending(let response):
      note(response["id"]?.string)
      return identify()
    case .answered(let result): return take(result, log)
    case .failed(let failure, let isHeld): return end(.failed(failure, isHeld: isHeld), log)
    case .tool(let type, let item, let index): return tell(type, item, index)
    case .toolsEnded(let outputs, let isAtLimit): return endTools(outputs, isAtLimit, log)
    case .stopped(let cause): return stop(cause)
    case .stored: return stored()
    case .notStored(let error):
      guard case .ending(let ending) = phase, ending.error == nil else { return stored() }
      return fail(with: error, log)
    }
  }

  // MARK: Beginning

  private mutating func begin(_ owners: CallOwners, _ echo: [ResponseEcho]) -> [TurnAction] {
    guard case .preparing = phase else { return [] }
    relay.repeats(echo)
    rounds.owners = owners
    if rounds.count > 0 { relay.beginRound(afterItems: rounds.items.count) }
    waiting = []
    isFirstNamed = false
    phase = .streaming(Stream(start: relay.count))
    return [.ask]
  }

  private static let known = MemberNames("id", "status")

  private mutating func know(
    _ object: RawJSON, _ events: [ArraySlice<UInt8>], isRecorded: Bool
  ) -> [TurnAction] {
    guard case .preparing = phase, identity.row != .writing else { return [] }
    var status: String?
    object.forEach(Self.known) { name, value in
      if name == 0 { relay.id = value.string } else { status = value.string }
    }
    identity.isSettled = true
    let ending = ending(of: object, status, isRecorded ? Array(events.suffix(1)) : events)
    phase = isRecorded ? .ending(ending) : .ended
    guard isRecorded else {
      return [.settleUsage(ending), .append(events), .finish(ending)]
    }
    return [.append(events.dropLast()), .settleUsage(ending), .store(ending)]
  }

  private mutating func goOn(
    _ id: String, _ upstreamID: String?, _ log: LoggedEvents
  ) -> [TurnAction] {
    guard case .preparing = phase, identity.row == .none else { return [] }
    identity = TurnIdentity(row: .written, upstreamID: upstreamID, isSettled: true)
    relay = EventRelay(after: log)
    relay.id = id
    return []
  }

  mutating func leave(isKept: Bool) -> [TurnAction] {
    if case .ended = phase { return [] }
    phase = .ended
    return [.leave(isKept: isKept)]
  }

  private mutating func stop(_ cause: StopCause) -> [TurnAction] {
    switch phase {
    case .ending, .ended: return []
    default:
      guard stopCause == nil else { return [] }
      stopCause = cause
      return [.closeUpstream]
    }
  }

  // MARK: Streaming

  private enum Way {
    /// The id is settled and nothing waits.
    case log
    /// What has to be found first is being found.
    case waiting
    case undecided
  }

  package enum Passing {
    case toLog(ArraySlice<UInt8>)
    case waits
  }

  /// Takes an event on the way that the ones before it went, as most go; nil where there is more to
  /// it, and it has to be taken as what happens to the turn.
  package mutating func pass(_ event: UpstreamEvent) -> Passing? {
    guard event.kind == .output else { return nil }
    switch way {
    case .log: return event.carriesItem ? nil : relay.taken(event).map { .toLog($0) }
    case .waiting:
      waiting.append(event)
      return .waits
    case .undecided: return nil
    }
  }

  package enum PlainPassing {
    case toLog
    case waits
  }

  /// Takes events that lie in bytes on the way that the ones before them went; nil where each has to
  /// be taken by itself.
  package mutating func pass(_ events: PlainEvents, of bytes: Span<UInt8>) -> PlainPassing? {
    switch way {
    case .log: return relay.takesAsTheyAre(events) ? .toLog : nil
    case .waiting:
      waiting += events.copied(from: bytes)
      return .waits
    case .undecided: return nil
    }
  }

  private mutating func receive(_ event: UpstreamEvent, _ log: LoggedEvents) -> [TurnAction] {
    guard case .streaming(var stream) = phase, stream.end == nil else { return [] }
    // What is said between its first and its last word is the same, as a rule.
    let isTold = event.isTerminal || identity.upstreamID == nil
    let response = isTold ? event.response.map { ResponseObject($0) } : nil
    note(response?.id)
    if event.isTerminal {
      stream.terminal = event
      stream.response = response
    } else {
      if event.kind == .error { stream.error = event.json }
      waiting.append(event)
    }
    phase = .streaming(stream)
    return proceed(log)
  }

  private mutating func take(_ result: CallResult, _ log: LoggedEvents) -> [TurnAction] {
    guard case .object(let object) = result else { return end(.streamed, log) }
    note(object["id"]?.string)
    guard rounds.owners.mayCallDaemon else { return end(.object(object), log) }
    // An answer of one piece, as the events that it stands for.
    var actions: [TurnAction] = []
    for event in ResponseReplay.events(of: object) {
      actions += receive(UpstreamEvent(checked: event), log)
    }
    return actions + end(.streamed, log)
  }

  private mutating func note(_ id: String?) {
    guard let id, id != identity.upstreamID, StoreID.isUsable(id) else { return }
    identity.firstID = identity.firstID ?? id
    identity.upstreamID = id
  }

  private mutating func end(_ end: Stream.End, _ log: LoggedEvents) -> [TurnAction] {
    var stream = Stream(start: relay.count)
    switch phase {
    case .preparing: break
    case .streaming(let present) where present.end == nil: stream = present
    default: return []
    }
    stream.end = end
    phase = .streaming(stream)
    return proceed(log)
  }

  /// Does what can be done by now: waiting events go to the log, and an end is concluded.
  mutating func proceed(_ log: LoggedEvents) -> [TurnAction] {
    if case .concluding(let conclusion) = phase { return conclude(conclusion, log) }
    guard case .streaming(let stream) = phase else { return [] }
    guard identity.row != .writing, !identity.isAsked, unnamed == nil else {
      if stream.end == nil { way = .waiting }
      return []
    }
    let hasAnswer = stream.end.map(\.isAnswer) ?? false
    if hasAnswer || !waiting.isEmpty {
      let actions = identify()
      if !actions.isEmpty { return actions }
    }
    let actions = identity.isSettled ? release() : []
    guard stream.end != nil, unnamed == nil else {
      let isFlowing = identity.isSettled && stream.end == nil && waiting.isEmpty
      way = isFlowing ? .log : .undecided
      return actions
    }
    // What was appended just now is not in the log yet.
    var log = log
    for case .append(let events) in actions { for event in events { log.append(event) } }
    return actions + endRound(stream, log)
  }

  private mutating func identify() -> [TurnAction] {
    switch identity.row {
    case .writing, .lost: return []
    case .none, .written:
      guard !identity.isSettled, !identity.isAsked else { return [] }
      identity.isAsked = true
      return [.identify(given: identity.firstID)]
    }
  }

  /// Lets events go to the log, up to one whose item has no id yet.
  private mutating func release() -> [TurnAction] {
    guard !waiting.isEmpty else { return [] }
    var events: [ArraySlice<UInt8>] = []
    var released = 0
    defer { waiting.removeFirst(released) }
    for event in waiting {
      if !isFirstNamed, let item = newItem(of: event) {
        return [.append(events)] + name(item, at: event.json["output_index"]?.integer)
      }
      isFirstNamed = false
      released += 1
      if let bytes = relay.taken(event) { events.append(bytes) }
    }
    return [.append(events)]
  }
}

extension Turn.Stream.End {
  fileprivate var isAnswer: Bool {
    switch self {
    case .streamed, .object: true
    case .failed, .refused: false
    }
  }
}
