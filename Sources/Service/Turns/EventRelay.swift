internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// The upstream's events as clients see them: as they came, but for the little that has to be edited.
struct EventRelay {
  /// Events so far; also the number of the next.
  private(set) var count = 0
  /// The id that all response objects carry, once it is settled.
  var id: String?
  /// Members that echo the request and that were changed on its way to the upstream.
  private var echo: [ResponseEcho] = []
  /// Members that are put in where the upstream left them out, for a client that reads them without
  /// asking whether they are there; nil for one that gets what the upstream sends.
  private var missing: [(key: String, value: RawJSON)]?
  /// The ids under which items began, where something is put in.
  private var begunIDs: Set<String> = []
  var itemIDs = ItemIDs()
  /// Whether all that told of an end agreed on it; what else came is in no cache.
  private(set) var isClean = true

  /// Items of the response's earlier rounds; those of the present one come behind them.
  private var earlierItems = 0
  /// The number of the first event of the present round.
  private var roundStart = 0

  /// Goes on behind events that are in a log.
  init(after events: LoggedEvents = LoggedEvents()) {
    count = events.count
  }

  mutating func repeats(_ echo: [ResponseEcho]) {
    self.echo = echo.filter { $0.mode != .missing }
    let missing = echo.filter { $0.mode == .missing }.map { (key: $0.key, value: $0.value) }
    self.missing = missing.isEmpty ? nil : missing
  }

  /// Takes the next round of a response whose client sees one.
  mutating func beginRound(afterItems count: Int) {
    earlierItems = count
    roundStart = self.count
  }

  /// Counts events that others have put into the log.
  mutating func skip(_ events: Int) { count += events }

  /// Takes the next event; returns nil for one that clients don't see.
  mutating func taken(_ event: UpstreamEvent) -> ArraySlice<UInt8>? {
    // In later rounds the response has begun for its client.
    guard earlierItems == 0 || event.kind == .output || event.kind == .error else { return nil }
    defer { count += 1 }
    if missing != nil, event.carriesItem { noteBeginning(event.json) }
    guard earlierItems > 0, let index = event.json["output_index"]?.integer else {
      return rendered(event)
    }
    let moved = itemIDs.written(to: event.json).setting(
      "output_index", to: .integer(index.addingSaturating(Int64(earlierItems))))
    return numbered(moved, event.sequenceNumber).bytes
  }

  private mutating func noteBeginning(_ event: RawJSON) {
    guard event["type"]?.string == "response.output_item.added",
      let id = event["item"]?["id"]?.string
    else { return }
    begunIDs.insert(id)
  }

  /// Takes events where clients see them as they came: true, then.
  mutating func takesAsTheyAre(_ events: PlainEvents) -> Bool {
    guard earlierItems == 0, !itemIDs.hasOwn, events.firstNumber == Int64(count) else {
      return false
    }
    count += events.places.count
    return true
  }

  /// Makes the next event, one of the daemon's own.
  mutating func own(_ type: String, _ members: (inout JSONWriter) -> Void) -> ArraySlice<UInt8> {
    defer { count += 1 }
    return RawJSON.object { event in
      event.member("type", type)
      event.member("sequence_number", count)
      members(&event)
    }.bytes
  }

  /// The event as clients see it, were it the next one.
  func rendered(_ event: UpstreamEvent) -> ArraySlice<UInt8> {
    guard let response = event.response else {
      return numbered(itemIDs.written(to: event.json), event.sequenceNumber).bytes
    }
    return rendered(event, with: asSeen(ResponseObject(response)))
  }

  /// A terminal event as clients see it: as it came, unless it says something else than the response
  /// that it ended.
  ///
  /// - Parameter seen: the response as clients see it.
  func rendered(
    _ terminal: UpstreamEvent, of response: ResponseObject, as seen: RawJSON
  ) -> ArraySlice<UInt8> {
    let type = ResponseReplay.terminalType(status: response.status)
    guard terminal.terminalType == type, let told = terminal.response else {
      return rendered(type, seen)
    }
    // Items that were put into it stand in the result, while the event stays as it came.
    guard response.json.bytes == told.bytes || missing != nil else {
      return told["status"]?.string == response.status ? rendered(terminal) : rendered(type, seen)
    }
    return rendered(terminal, with: seen)
  }

  private func rendered(_ event: UpstreamEvent, with seen: RawJSON) -> ArraySlice<UInt8> {
    let isSame = event.response.map { $0.bytes == seen.bytes } ?? false
    let edited = isSame ? event.json : event.json.setting("response", to: seen)
    return numbered(edited, event.sequenceNumber).bytes
  }

  /// A terminal event of the daemon's own, were it the next one.
  func rendered(_ type: String, _ response: RawJSON) -> ArraySlice<UInt8> {
    RawJSON.object { event in
      event.member("type", type)
      event.member("sequence_number", count)
      event.member("response", response)
    }.bytes
  }

  /// A response object of the upstream's as clients see it.
  func asSeen(_ response: ResponseObject) -> RawJSON {
    var seen = response.json
    guard seen.kind == .object else { return seen }
    if let id, response.id != id { seen = seen.setting("id", to: .string(id)) }
    for member in echo { seen = member.apply(to: seen) }
    if let missing { seen = seen.adding(missing) }
    return itemIDs.written(toResponse: seen)
  }

  /// What came so far, as a response object; nil where no response was created.
  func partialResponse(of log: LoggedEvents, status: String) -> RawJSON? {
    log.count > 0 ? assembler(of: log, from: 0).assemble(status: status) : nil
  }

  // MARK: The end

  /// A response with the status that it ended with, and with the items that were seen where it has
  /// none of its own.
  ///
  /// - Parameter kind: of its terminal event; nil where it came in one piece.
  mutating func ended(
    _ response: ResponseObject, _ kind: UpstreamEvent.Kind?, _ log: LoggedEvents
  ) -> ResponseObject {
    let status = response.ending(kind)
    var ended = response
    if response.status != status.rawValue {
      ended = ResponseObject(ended.json.setting("status", to: .string(status.rawValue)))
      isClean = false
    }
    guard response.output?.hasElements != true else { return ended }
    let items = assembler(of: log, from: roundStart).output(isComplete: status == .completed)
    return items.hasElements ? ResponseObject(ended.json.setting("output", to: items)) : ended
  }

  /// The longest log that is read once more, in bytes: some milliseconds' worth.
  private static let longestRead = 2 << 20

  /// A finished response with the items that the stream of its log has, under the ids that it gives
  /// them: they are what a client that gets it filled in has seen.
  ///
  /// - Parameter told: the response as the upstream sent it.
  func agreed(
    _ response: ResponseObject, _ told: ResponseObject, _ log: LoggedEvents
  ) -> ResponseObject {
    guard missing != nil, let id, log.bytes <= Self.longestRead else { return response }
    let items = told.output?.elements ?? []
    let isWhole = items.allSatisfy { item in
      item["id"]?.string.map { begunIDs.contains($0) } ?? false
    }
    guard items.isEmpty || !isWhole else { return response }
    var events = SparseEvents(ResponseDefaults(id: id, createdAt: 0))
    for number in 0..<log.count {
      events.complete(RawJSON(checked: log[number])) { _, _ in }
    }
    let agreed = events.agreed(items, status: response.status ?? "completed")
    guard agreed != items else { return response }
    return ResponseObject(response.json.setting("output", to: .array(agreed)))
  }

  private func assembler(of log: LoggedEvents, from start: Int) -> ResponseAssembler {
    var assembler = ResponseAssembler()
    for number in start..<max(start, log.count) { assembler.add(RawJSON(checked: log[number])) }
    return assembler
  }

  private func numbered(_ event: RawJSON, _ number: Int64?) -> RawJSON {
    guard number != Int64(count) else { return event }
    return event.setting("sequence_number", to: .integer(count))
  }
}

/// One member of a response object that says what the client asked.
package struct ResponseEcho: Sendable {
  package enum Mode: Sendable {
    /// In place of what the upstream says, and only there.
    case replaced
    /// Whatever the upstream says.
    case set
    /// Only where the upstream says nothing.
    case missing
  }

  let key: String
  let value: RawJSON
  let mode: Mode

  func apply(to response: RawJSON) -> RawJSON {
    switch mode {
    case .replaced: response.replacing(key, with: value)
    case .set: response.setting(key, to: value)
    case .missing: response.adding([(key, value)])
    }
  }
}
