internal import EventLoop
internal import JSON
internal import Wire

/// One reader of a response: a cursor on its log, and the request that it answers.
@EventLoop
final class Subscription {
  let id: RPCID
  let log: EventLog
  /// Whether the events are sent, or the result alone.
  let wantsEvents: Bool
  /// Ends the response when its last reader leaves or asks for it.
  let onLeave: @EventLoop (Subscription, LeaveReason) -> Void
  private let eventPrefix: [UInt8]
  private var nextEvent: Int

  enum LeaveReason {
    case cancelled
    case disconnected
  }

  private static let eventSuffix = Array("}}\n".utf8)

  init(
    id: RPCID, log: EventLog, wantsEvents: Bool, firstEvent: Int = 0,
    onLeave: @escaping @EventLoop (Subscription, LeaveReason) -> Void
  ) {
    self.id = id
    self.log = log
    self.wantsEvents = wantsEvents
    self.onLeave = onLeave
    nextEvent = firstEvent
    eventPrefix =
      Array("{\"jsonrpc\":\"2.0\",\"method\":\"responses.event\",\"params\":{\"id\":".utf8)
      + id.json.bytes + Array(",\"event\":".utf8)
  }

  var hasMore: Bool {
    wantsEvents && nextEvent < log.count || log.outcome != nil
  }

  /// Appends the lines of events while they fit.
  func appendEvents(to chunk: inout [UInt8], limit: Int) {
    guard wantsEvents else { return }
    let framing = eventPrefix.count + Self.eventSuffix.count
    while nextEvent < log.count {
      let event = log.event(nextEvent)
      guard chunk.count + framing + event.count <= limit else { return }
      chunk.append(contentsOf: eventPrefix)
      chunk.append(contentsOf: event)
      chunk.append(contentsOf: Self.eventSuffix)
      nextEvent += 1
    }
  }

  /// The next line; the answer comes last and ends the subscription.
  func nextFrame() -> OutputFrame? {
    if wantsEvents, nextEvent < log.count {
      defer { nextEvent += 1 }
      return OutputFrame([eventPrefix[...], log.event(nextEvent), Self.eventSuffix[...]])
    }
    guard let outcome = log.outcome else { return nil }
    return .answer(id, outcome)
  }
}
