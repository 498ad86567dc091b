package import JSON

/// Makes the stream of a sparse upstream whole, as the SDKs' accumulators take it for granted.
///
/// Missing members are filled in (`output_index`, `content_index`, `item_id`, `logprobs`, ids and
/// defaults of the objects), and so are missing events: the first two, what begins an item and a
/// part, what ends them, a delta where only the whole text came, and everything where only the
/// response came. What is there stays byte for byte, and a whole stream goes through as it is.
///
/// Events are numbered anew, from 0 and without a gap: as long as none was put in, that is how the
/// log numbers them. The same log makes the same stream each time. So a reader that goes on behind a
/// number is fed the log from its first event, and gets those behind the number.
package struct SparseEvents {
  private enum Beginning {
    case nothing
    /// `response.created` came, with its response.
    case created(RawJSON)
    case inProgress
  }

  let defaults: ResponseDefaults
  private let startingAfter: Int
  /// The number of the next event.
  private(set) var count = 0
  private var beginning = Beginning.nothing
  /// By output index.
  var items: [Int: OpenItem] = [:]
  /// The item of the latest event about one.
  var latestItem: Int?
  /// Where the latest event about a text belongs.
  var latestPlace: ResponseEvent.Place?
  /// What goes for the deltas that are like the latest one.
  private var quick: QuickPlace?
  /// What the latest of such deltas have in common, where they lack nothing.
  private var pattern: DeltaPattern?
  /// Text of such deltas that is not with its part yet.
  private var quickText: [UInt8] = []
  private var made: [RawJSON] = []

  /// - Parameters:
  ///   - defaults: must be the same each time that a response is read.
  ///   - startingAfter: the number behind which events are wanted.
  package init(_ defaults: ResponseDefaults, startingAfter: Int? = nil) {
    self.defaults = defaults
    self.startingAfter = startingAfter ?? -1
  }

  /// Takes the next event of the log, and hands out what stands for it.
  ///
  /// - Parameter emit: is given the event and its type as it is spelled, where that is known.
  package mutating func complete(
    _ json: RawJSON, _ emit: (RawJSON, _ name: ArraySlice<UInt8>?) -> Void
  ) {
    if let passed = passing(json) {
      if count > startingAfter + 1 { emit(json, passed.pattern.name) }
      return
    }
    let event = ResponseEvent(json)
    guard passes(event) else {
      for event in completed(event) { emit(event, nil) }
      return
    }
    if let quick, count > startingAfter + 1 { emit(quick.whole(event, number: count - 1), nil) }
  }

  /// What an event is that fits the pattern of those before it, which is counted then.
  mutating func passing(_ json: RawJSON) -> (delta: ArraySlice<UInt8>, pattern: DeltaPattern)? {
    guard let pattern, let delta = pattern.delta(in: json, number: count) else { return nil }
    count += 1
    quickText.append(contentsOf: delta.dropFirst().dropLast())
    return (delta, pattern)
  }

  /// Whether an event is one more delta like the latest, by a quick look; it is counted if so.
  mutating func passes(_ event: ResponseEvent) -> Bool {
    guard let quick, let delta = event.delta, quick.fits(event) else { return false }
    if quick.isWhole, event.number == count { pattern = DeltaPattern(event) }
    count += 1
    quickText.append(contentsOf: event.inside(delta))
    if let logprobs = event.logprobs, let place = latestPlace {
      add(logprobs: event.inside(logprobs), at: place)
    }
    return true
  }

  /// What stands for an event that does not just pass.
  mutating func completed(_ event: ResponseEvent) -> [RawJSON] {
    quick = nil
    pattern = nil
    if let latestPlace, !quickText.isEmpty {
      add(quickText, at: latestPlace)
      quickText.removeAll(keepingCapacity: true)
    }
    made = []
    take(event)
    return made
  }

  private mutating func take(_ event: ResponseEvent) {
    switch event.kind {
    case .created, .queued, .inProgress: begin(event)
    case .completed, .incomplete, .failed: end(event)
    case .other where event.itemID == nil && event.outputIndex == nil:
      requireBeginning()
      pass(event)
    default:
      requireBeginning()
      added = nil
      takeOfItem(event)
      if event.kind.isDelta, let added { quick = QuickPlace(event, added) }
    }
  }

  /// What the event lacked that was handed on last; nil before one was, and where that says
  /// otherwise than it did where it belongs.
  private var added: [(String, RawJSON)]?

  // MARK: The beginning

  private mutating func begin(_ event: ResponseEvent) {
    let status = event.kind == .queued ? "queued" : "in_progress"
    guard let told = event.value(event.object) else { return pass(event) }
    let response = defaults.completed(told, status: status)
    if case .nothing = beginning, event.kind != .created { emitCreated(response) }
    switch event.kind {
    case .created: beginning = .created(response)
    case .inProgress: beginning = .inProgress
    default: break
    }
    pass(event, event.json.replacing("response", by: response, for: told))
  }

  /// - Parameter response: of which the beginning is told, where none was.
  mutating func requireBeginning(of response: RawJSON? = nil) {
    let blank = { [defaults] in
      response.map { ResponseReplay.begun(response: defaults.completed($0, status: "in_progress")) }
        ?? defaults.blank(status: "in_progress")
    }
    if case .nothing = beginning { emitCreated(blank()) }
    guard case .created(let created) = beginning else { return }
    beginning = .inProgress
    let begun = created.setting("status", to: .string("in_progress"))
    emit("response.in_progress") { $0.member("response", begun) }
  }

  private mutating func emitCreated(_ response: RawJSON) {
    emit("response.created") { $0.member("response", response) }
    beginning = .created(response)
  }

  // MARK: Events

  mutating func emit(_ type: String, _ members: (inout JSONWriter) -> Void) {
    let number = count
    push(
      .object { event in
        event.member("type", type)
        event.member("sequence_number", number)
        members(&event)
      })
  }

  /// Hands on an event that came, with members that it lacks.
  mutating func pass(
    _ event: ResponseEvent, _ edited: RawJSON? = nil, placed edits: Edits = Edits()
  ) {
    var json = edited ?? event.json
    if !edits.missing.isEmpty { json = json.adding(edits.missing, replacesNull: true) }
    for (key, value) in edits.changed { json = json.setting(key, to: value) }
    added = edits.changed.isEmpty ? edits.missing : nil
    push(event.number == count ? json : json.setting("sequence_number", to: .integer(count)))
  }

  private mutating func push(_ event: RawJSON) {
    if count > startingAfter { made.append(event) }
    count += 1
  }
}

extension RawJSON {
  /// The event with another object in place of the one that came, unless they are one.
  func replacing(_ key: String, by filled: RawJSON, for told: RawJSON) -> RawJSON {
    filled.bytes == told.bytes ? self : setting(key, to: filled)
  }
}

/// What is known of deltas that differ in their text and number alone.
private struct QuickPlace {
  private let place: ResponseEvent.Place
  private let itemID: ArraySlice<UInt8>?
  private let hasLogprobs: Bool
  private let hasNumber: Bool
  /// What is put behind their members.
  private let end: [UInt8]

  /// - Parameter added: what the first of them lacks.
  init?(_ event: ResponseEvent, _ added: [(String, RawJSON)]) {
    guard !event.isOdd, event.delta != nil else { return nil }
    place = event.place
    itemID = event.itemID.map { event.inside($0) }
    hasLogprobs = event.logprobs != nil
    hasNumber = event.number != nil
    let members = RawJSON.object { object in
      for (key, value) in added { object.member(key, value) }
    }
    end = added.isEmpty ? [UInt8(ascii: "}")] : [UInt8(ascii: ",")] + members.bytes.dropFirst()
  }

  /// Whether nothing is put behind them.
  var isWhole: Bool { end.count == 1 }

  func fits(_ event: ResponseEvent) -> Bool {
    guard event.place == place, !event.isOdd, (event.logprobs != nil) == hasLogprobs,
      (event.number != nil) == hasNumber, (event.itemID != nil) == (itemID != nil)
    else { return false }
    // Where there is an index, that counts.
    guard place.outputIndex == nil, let id = event.itemID else { return true }
    return event.inside(id) == itemID
  }

  func whole(_ event: ResponseEvent, number: Int) -> RawJSON {
    let told = event.json.bytes
    guard !isWhole || event.number != number else { return event.json }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(told.count + end.count + 32)
    if let range = event.numberRange {
      bytes.append(contentsOf: told[..<range.lowerBound])
      bytes.append(contentsOf: String(number).utf8)
      bytes.append(contentsOf: told[range.upperBound...].dropLast())
    } else {
      bytes.append(contentsOf: told.dropLast())
      bytes.append(contentsOf: ",\"sequence_number\":\(number)".utf8)
    }
    bytes.append(contentsOf: end)
    return RawJSON(checked: bytes[...])
  }
}
