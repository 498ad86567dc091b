import Configuration
import JSON
import Plugins
import Service
import Testing
import TestSupport
import Wire

/// A turn whose actions go to a log of its own, as a driver's do.
private struct Driven {
  var turn: Turn
  var log = LoggedEvents()
  var outcomes = 0
  var asks = 0
  /// Those of each round.
  var calls: [[RawJSON]] = []
  /// What is to be answered to it.
  var pending: [TurnEvent] = []
  var broken: [String] = []
  /// Whether events go the way of those before them where there is one, as a driver lets them.
  var passesEvents = true

  init(isStored: Bool = true) {
    turn = Turn(isStored: isStored, mostRounds: 3)
  }

  mutating func take(_ event: TurnEvent) {
    if passesEvents, case .upstream(let event) = event, let passing = turn.pass(event) {
      if case .toLog(let bytes) = passing { perform(.append([bytes])) }
      return
    }
    let wasStopped = turn.stopCause != nil
    let actions = turn.take(event, log)
    if !wasStopped, turn.stopCause != nil, let first = actions.first {
      guard case .closeUpstream = first else {
        return broken.append("a stop did \(first) first")
      }
    }
    for action in actions { perform(action) }
  }

  private mutating func perform(_ action: TurnAction) {
    switch action {
    case .append(let events): for event in events { append(event) }
    case .ask:
      asks += 1
    case .finish, .leave: outcomes += 1
    case .identify(let given): pending.append(.identified(given ?? "resp_own"))
    case .nameItem(let item): pending.append(.itemNamed(item["id"]?.string ?? "item_own"))
    case .store: pending.append(.stored)
    case .callTools(let items): calls.append(items)
    case .prepare: pending.append(.prepared(turn.owners, echo: []))
    case .closeUpstream, .endRound, .settleUsage: break
    }
  }

  private mutating func append(_ event: ArraySlice<UInt8>) {
    if outcomes > 0 { broken.append("an event behind the outcome") }
    if turn.id == nil { broken.append("an event without an id") }
    if turn.identity.row == .writing { broken.append("an event before the row") }
    let number = RawJSON(checked: event)["sequence_number"]?.integer
    if number.map({ $0 != Int64(log.count) }) == true { broken.append("a wrong number") }
    log.append(event)
  }

  /// Answers all that was asked.
  mutating func settle() {
    while !pending.isEmpty { take(pending.removeFirst()) }
  }
}

@Suite struct TurnTests {
  private static func event(_ text: String) -> UpstreamEvent? {
    do { return try UpstreamEvent(data: Array(text.utf8)[...]) } catch { return nil }
  }

  private static let stream = [
    #"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress"}}"#,
    #"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message"}}"#,
    #"{"type":"response.output_text.delta","sequence_number":2,"output_index":0,"item_id":"msg_1","delta":"Hi"}"#,
    #"{"type":"response.output_item.done","sequence_number":3,"output_index":0,"item":{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","text":"Hi"}]}}"#,
    #"{"type":"response.completed","sequence_number":4,"response":{"id":"resp_1","status":"completed","output":[]}}"#,
  ].compactMap { event($0) }

  private static let failure = CallFailure(
    error: RPCError(.upstreamTruncated, "lost"), phase: .answered)

  private func driven(_ events: [TurnEvent], isStored: Bool = true) -> Driven {
    var driven = Driven(isStored: isStored)
    for event in events {
      driven.take(event)
      driven.settle()
    }
    return driven
  }

  private let begun: [TurnEvent] = [.rowBegun, .prepared(.none, echo: []), .rowWritten]

  @Test(arguments: [true, false])
  func `a stream goes to the log as it came and ends with what was seen`(_ isStored: Bool) {
    let driven = driven(
      (isStored ? begun : [.prepared(.none, echo: [])])
        + Self.stream.map { .upstream($0) } + [.answered(.streamed)],
      isStored: isStored)
    #expect(driven.broken == [])
    #expect(driven.outcomes == 1)
    #expect(driven.log.count == 5)
    for number in 0..<4 { #expect(driven.log[number] == Self.stream[number].bytes) }
    #expect(driven.turn.isFinished)
  }

  @Test func `nothing is told before the row is on disk`() {
    var driven = Driven()
    driven.take(.rowBegun)
    driven.take(.prepared(.none, echo: []))
    for event in Self.stream { driven.take(.upstream(event)) }
    driven.take(.answered(.streamed))
    #expect(driven.log.count == 0)
    #expect(driven.outcomes == 0)
    #expect(!driven.turn.mayAskAgain)
    driven.take(.rowWritten)
    driven.settle()
    #expect(driven.log.count == 5)
    #expect(driven.outcomes == 1)
  }

  @Test func `a row that can't be written ends the turn with that error`() throws {
    let error = RPCError(.storageFull, "full")
    let driven = driven([
      .rowBegun, .prepared(.none, echo: []), .upstream(Self.stream[0]), .rowFailed(error),
      .failed(Self.failure, isHeld: false),
    ])
    #expect(driven.broken == [])
    #expect(driven.outcomes == 1)
    #expect(driven.log.count == 0)
  }

  @Test func `an error is told when it is on disk, unless nobody can ask for the response`() {
    for isKnown in [true, false] {
      var driven = Driven()
      for event in begun { driven.take(event) }
      if isKnown { driven.take(.identified("resp_1")) }
      driven.take(.failed(Self.failure, isHeld: false))
      #expect(driven.outcomes == (isKnown ? 0 : 1))
      driven.settle()
      #expect(driven.outcomes == 1)
      #expect(driven.broken == [])
    }
  }

  @Test func `a stop is told once, and what came stays`() {
    let driven = driven(
      begun + [
        .upstream(Self.stream[0]), .upstream(Self.stream[1]), .upstream(Self.stream[2]),
        .stopped(.cancelled), .stopped(.shutdown),
        .failed(Self.failure, isHeld: false), .stopped(.cancelled),
      ])
    #expect(driven.broken == [])
    #expect(driven.outcomes == 1)
    #expect(driven.log.count == 4)
    #expect(RawJSON(checked: driven.log[3])["response"]?["status"]?.string == "cancelled")
  }

  @Test func `what the upstream runs by itself is left at a shutdown`() {
    let driven = driven(
      begun + [
        .upstream(Self.stream[0]), .stopped(.shutdown),
        .failed(Self.failure, isHeld: true),
      ])
    #expect(driven.outcomes == 1)
    #expect(driven.log.count == 1)
  }

  // MARK: Rounds

  private static func owners() throws -> CallOwners {
    let tool = try Tool(.tool("add", ""), of: PluginConfiguration(name: "calc"))
    let request = RawJSON.object {
      $0.member("tools", .build { $0.array { $0.value(tool.function) } })
    }
    return CallOwners(of: OfferedTools([tool]), in: request, items: [])
  }

  private static func round(_ item: String) -> TurnEvent {
    .answered(
      .object(
        RawJSON(
          checked: Array(
            #"{"id":"resp_1","object":"response","status":"completed","output":[\#(item)]}"#.utf8)[
              ...])))
  }

  @Test(arguments: ["null", "5", "{}"])
  func `a call whose upstream gave it no id gets one`(_ id: String) throws {
    let call = #"{"type":"function_call","name":"calc__add","call_id":\#(id),"arguments":"{}"}"#
    let driven = driven(
      [.prepared(try Self.owners(), echo: []), Self.round(call)], isStored: false)
    #expect(driven.calls.first?.first?["call_id"]?.string == "call_0")
  }

  @Test func `rounds go on until the model calls no more, and end as one response`() throws {
    let call = #"{"type":"function_call","name":"calc__add","call_id":"c","arguments":"{}"}"#
    let output = RawJSON.object { $0.member("type", "function_call_output") }
    let driven = driven(
      [
        .prepared(try Self.owners(), echo: []), Self.round(call),
        .toolsEnded([output], isAtLimit: false), Self.round(call),
        .toolsEnded([output], isAtLimit: true), Self.round(#"{"type":"message","content":[]}"#),
      ], isStored: false)
    #expect(driven.asks == 3)
    #expect(driven.outcomes == 1)
    let last = RawJSON(checked: driven.log[driven.log.count - 1])
    #expect(last["response"]?["output"]?.elements.count == 5)
  }

  @Test func `attempts of all rounds are counted, and told with an error`() throws {
    let call = #"{"type":"function_call","name":"calc__add","call_id":"c","arguments":"{}"}"#
    let driven = driven(
      [
        .prepared(try Self.owners(), echo: []), .attemptBegan, .attemptBegan, Self.round(call),
        .toolsEnded([], isAtLimit: false), .prepared(.none, echo: []), .attemptBegan,
        .failed(Self.failure, isHeld: false),
      ], isStored: false)
    #expect(driven.turn.attempts == 3)
    #expect(driven.outcomes == 1)
  }

  // MARK: Any order

  private static let objects = [
    #"{"id":"resp_2","object":"response","status":"completed","output":[{"id":"msg_2","type":"message","content":[]}]}"#,
    #"{"status":"completed","output":[{"type":"function_call","name":"calc__add"}]}"#,
    #"{"id":5,"status":"queued"}"#, "{}", #"{"output":5,"status":"failed","error":1}"#,
  ].map { RawJSON(checked: Array($0.utf8)[...]) }

  private static func anyEvent(_ random: inout ByteMutator) -> TurnEvent {
    switch random.number(below: 20) {
    case 0: .prepared(random.number(below: 2) == 0 ? owned : .none, echo: [])
    case 1: .refused(RPCError(.overloaded, "busy"))
    case 2: .rowBegun
    case 3: .rowWritten
    case 4: .rowFailed(RPCError(.storage, "disk"))
    case 5: .identified("resp_x")
    case 6: .itemNamed("msg_x")
    case 7: .answered(.object(objects[random.number(below: objects.count)]))
    case 8: .answered(.streamed)
    case 9: .failed(failure, isHeld: random.number(below: 2) == 0)
    case 10: .toolsEnded([], isAtLimit: false)
    case 11: .tool("response.output_item.added", item: .emptyObject, index: 0)
    case 12: .stopped([.cancelled, .shutdown, .deadline(.seconds(1))][random.number(below: 3)])
    case 13: .notStored(RPCError(.storage, "disk"))
    case 14: .attemptBegan
    case 15: .upstream(stray[random.number(below: stray.count)])
    default: .upstream(stream[random.number(below: stream.count)])
    }
  }

  private static let owned: CallOwners = {
    do { return try owners() } catch { return .none }
  }()

  private static let stray = [
    "{}", #"{"type":"error","message":"no"}"#, #"{"type":"response.created","response":1}"#,
    #"{"type":"response.output_item.added","item":{"id":"a"}}"#,
    #"{"type":"response.completed"}"#, #"{"type":"response.failed","response":{}}"#,
    #"{"type":"response.output_item.done","output_index":7,"item":{"id":"b","type":"reasoning"}}"#,
  ].compactMap { event($0) }

  @Test func `an event comes to the same by either way`() {
    for seed in 0..<20_000 {
      var random = ByteMutator(seed: UInt64(seed), words: [])
      var driven = Driven(isStored: random.number(below: 2) == 0)
      var other = driven
      other.passesEvents = false
      for _ in 0..<random.number(below: 24) {
        let isAnswer = !driven.pending.isEmpty && random.number(below: 2) == 0
        let event = isAnswer ? driven.pending.removeFirst() : Self.anyEvent(&random)
        if isAnswer, !other.pending.isEmpty { other.pending.removeFirst() }
        driven.take(event)
        other.take(event)
      }
      let logs = [driven, other].map { driven in
        (0..<driven.log.count).map { Array(driven.log[$0]) }
      }
      guard logs[0] == logs[1], driven.outcomes == other.outcomes, driven.asks == other.asks else {
        Issue.record("seed \(seed)")
        return
      }
    }
  }

  @Test func `any order of events keeps the invariants`() {
    for seed in 0..<100_000 {
      var random = ByteMutator(seed: UInt64(seed), words: [])
      var driven = Driven(isStored: random.number(below: 2) == 0)
      for _ in 0..<random.number(below: 24) {
        if !driven.pending.isEmpty, random.number(below: 2) == 0 {
          driven.take(driven.pending.removeFirst())
        } else {
          driven.take(Self.anyEvent(&random))
        }
      }
      // Whatever happened: when everything that runs has ended, so has the turn.
      for event: TurnEvent in [
        .rowWritten, .refused(RPCError(.internal, "")),
        .failed(Self.failure, isHeld: false), .toolsEnded([], isAtLimit: true),
      ] {
        driven.settle()
        driven.take(event)
      }
      driven.settle()
      driven.take(.failed(Self.failure, isHeld: false))
      driven.settle()
      #expect(driven.broken == [], "seed \(seed)")
      #expect(driven.outcomes == 1, "seed \(seed)")
      guard driven.broken.isEmpty, driven.outcomes == 1 else { return }
    }
  }
}
