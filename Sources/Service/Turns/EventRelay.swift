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
  var echo: [ResponseEcho] = []
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
    guard earlierItems > 0, let index = event.json["output_index"]?.integer else {
      return rendered(event)
    }
    let moved = itemIDs.written(to: event.json).setting(
      "output_index", to: .integer(index.addingSaturating(Int64(earlierItems))))
    return numbered(moved, event.sequenceNumber).bytes
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
    guard event.carriesResponse, let response = event.json["response"] else {
      return numbered(itemIDs.written(to: event.json), event.sequenceNumber).bytes
    }
    let seen = asSeen(response)
    let edited =
      seen.bytes == response.bytes ? event.json : event.json.setting("response", to: seen)
    return numbered(edited, event.sequenceNumber).bytes
  }

  /// A terminal event as clients see it: as it came, unless it says something else than the response
  /// that it ended.
  ///
  /// - Parameter seen: the response as clients see it.
  func rendered(
    _ terminal: UpstreamEvent, of response: RawJSON, as seen: RawJSON
  ) -> ArraySlice<UInt8> {
    let status = response["status"]?.string
    let type = ResponseReplay.terminalType(status: status)
    guard terminal.terminalType == type, let told = terminal.json["response"] else {
      return rendered(type, seen)
    }
    // Items that were put into it stand in the result, while the event stays as it came.
    guard response.bytes == told.bytes else {
      return told["status"]?.string == status ? rendered(terminal) : rendered(type, seen)
    }
    return numbered(terminal.json.setting("response", to: seen), terminal.sequenceNumber).bytes
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
  func asSeen(_ response: RawJSON) -> RawJSON {
    guard response.kind == .object else { return response }
    var seen = response
    if let id, response["id"]?.string != id { seen = seen.setting("id", to: .string(id)) }
    for member in echo { seen = member.apply(to: seen) }
    return itemIDs.written(toResponse: seen)
  }

  /// What came so far, as a response object; nil where no response was created.
  func partialResponse(of log: LoggedEvents, status: String) -> RawJSON? {
    log.count > 0 ? assembler(of: log, from: 0).assemble(status: status) : nil
  }

  // MARK: The end

  /// The response that a terminal event tells; nil where it tells none.
  mutating func finalResponse(
    of terminal: UpstreamEvent, _ log: LoggedEvents
  ) -> RawJSON? {
    guard let response = terminal.json["response"], response.kind == .object else { return nil }
    return ended(response, terminal.kind, log)
  }

  /// A response with the status that it ended with, and with the items that were seen where it has
  /// none of its own.
  ///
  /// - Parameter kind: of its terminal event; nil where it came in one piece.
  mutating func ended(
    _ response: RawJSON, _ kind: UpstreamEvent.Kind?, _ log: LoggedEvents
  ) -> RawJSON {
    let status = response.ending(kind)
    var ended = response
    if response["status"]?.string != status.rawValue {
      ended = ended.setting("status", to: .string(status.rawValue))
      isClean = false
    }
    guard response["output"]?.elements.isEmpty ?? true else { return ended }
    let items = assembler(of: log, from: roundStart).output(isComplete: status == .completed)
    return items.elements.isEmpty ? ended : ended.setting("output", to: items)
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
  let key: String
  let value: RawJSON
  /// Whether it is also put where the upstream left the member out.
  let isAdded: Bool

  func apply(to response: RawJSON) -> RawJSON {
    isAdded ? response.setting(key, to: value) : response.replacing(key, with: value)
  }
}

extension RawJSON {
  /// How a response ended: the worst of what the type of its event, its status and its error say.
  fileprivate func ending(_ kind: UpstreamEvent.Kind?) -> ResponseStatus {
    let byType: ResponseStatus =
      switch kind {
      case .failed: .failed
      case .incomplete: .incomplete
      default: .completed
      }
    let told = self["status"]?.string.flatMap { ResponseStatus(rawValue: $0) } ?? byType
    let claims = [byType, told, tellsError ? .failed : byType]
    return [.failed, .cancelled, .incomplete].first { claims.contains($0) } ?? .completed
  }

  /// Whether its error is one: some servers fill the member with nothing.
  private var tellsError: Bool {
    guard let error = nonNull("error") else { return false }
    return switch error.kind {
    case .object: error.members.contains { !$0.value.isNull }
    case .string: error.string?.isEmpty == false
    default: error.boolean != false
    }
  }
}
