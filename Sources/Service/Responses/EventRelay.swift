internal import EventLoop
internal import JSON
internal import Wire

/// Hands the upstream's events on to the log as they came, and edits the little that has to be.
@EventLoop
struct EventRelay {
  private let log: EventLog
  /// What the upstream called the response, where clients know it by another id.
  private(set) var upstreamID: String?
  private var ownID: RawJSON?

  init(log: EventLog) {
    self.log = log
  }

  /// From now on response objects carry this id: the upstream sent none, or one that is taken.
  mutating func replaceResponseID(with id: String) {
    ownID = .string(id)
  }

  mutating func append(_ event: UpstreamEvent) {
    guard ownID != nil, let response = event.json["response"] else {
      return log.append(numbered(event.json, event.sequenceNumber).bytes)
    }
    let edited = event.json.setting("response", to: identified(response))
    log.append(numbered(edited, event.sequenceNumber).bytes)
  }

  /// Appends the terminal event and returns its response as clients see it.
  mutating func appendTerminal(_ event: UpstreamEvent, response: RawJSON) -> RawJSON {
    append(event)
    return identified(response)
  }

  /// Appends a terminal event of the daemon's own.
  func appendTerminal(_ type: String, _ response: RawJSON) {
    log.append(
      RawJSON.object { event in
        event.member("type", type)
        event.member("sequence_number", log.count)
        event.member("response", response)
      }.bytes)
  }

  /// A response object with the id that clients know it by.
  mutating func identified(_ response: RawJSON) -> RawJSON {
    guard let ownID, response.kind == .object else { return response }
    upstreamID = upstreamID ?? response["id"]?.string
    return response.setting("id", to: ownID)
  }

  /// What came so far, as a response object; nil where no response was created.
  func partialResponse(status: String) -> RawJSON? {
    guard log.count > 0 else { return nil }
    var assembler = ResponseAssembler()
    for number in 0..<log.count { assembler.add(RawJSON(checked: log.event(number))) }
    return assembler.assemble(status: status)
  }

  private func numbered(_ event: RawJSON, _ number: Int64?) -> RawJSON {
    guard number != Int64(log.count) else { return event }
    return event.setting("sequence_number", to: .integer(log.count))
  }
}
