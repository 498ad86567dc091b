internal import EventLoop
internal import JSON
internal import Wire

/// One reader of a response: a cursor on its log.
@EventLoop
final class ResponseReader: Cursor {
  let topic = CursorTopic.response
  private(set) var log: EventLog
  /// Whether the events are sent, or the result alone.
  private let wantsEvents: Bool
  /// Hears that the client gave the request up; nil for one that only looks on.
  private var onLeave: (@EventLoop (ResponseReader, LeaveReason) -> Void)?
  private var client = ""
  private var onMore: (@EventLoop () -> Void)?
  private var nextEvent: Int
  private var isCancelled = false
  /// What is read instead where the response ends as an error; nil where that is told.
  var failedLog: (@EventLoop () -> EventLog?)?
  /// Whether the request joined an equal one and costs nothing.
  private var isJoined = false

  /// - Parameter firstEvent: the number of the first event that is sent.
  init(
    log: EventLog, wantsEvents: Bool, firstEvent: Int = 0,
    onLeave: (@EventLoop (ResponseReader, LeaveReason) -> Void)? = nil
  ) {
    self.log = log
    self.wantsEvents = wantsEvents
    self.onLeave = onLeave
    nextEvent = firstEvent
  }

  func attach(to client: String, _ onMore: @escaping @EventLoop () -> Void) {
    self.client = client
    self.onMore = onMore
    log.addReader(self, of: client, onMore)
  }

  func detach() {
    log.removeReader(self)
    onMore = nil
  }

  /// Reads another response from its start; nothing of this one was sent.
  func follow(_ other: EventLog, onLeave: (@EventLoop (ResponseReader, LeaveReason) -> Void)?) {
    self.onLeave = onLeave
    log.removeReader(self)
    log = other
    guard let onMore else { return }
    other.addReader(self, of: client, onMore)
    onMore()
  }

  /// Reads the response to an equal request, which is another's.
  func followAsJoined(
    _ other: EventLog, onLeave: @escaping @EventLoop (ResponseReader, LeaveReason) -> Void
  ) {
    isJoined = true
    follow(other, onLeave: onLeave)
  }

  func leave(_ reason: LeaveReason) {
    if let onLeave { return onLeave(self, reason) }
    if reason == .cancelled { endAsCancelled() }
  }

  /// Answers the request as cancelled; the response goes on.
  func endAsCancelled() {
    isCancelled = true
    onMore?()
  }

  /// Ends with what came so far; the response goes on for others who asked for it.
  func endAsCancelled(with partial: RawJSON, halley: RawJSON) {
    let own = EventLog(events: log.events)
    own.append(EventRelay(after: log.events).rendered("response.incomplete", partial))
    own.finish(.response(partial, halley: halley))
    follow(own, onLeave: nil)
  }

  func next() -> CursorStep? {
    if isCancelled { return .end(.failure(.requestCancelled)) }
    if case .failure? = log.outcome, let ended = failedLog?() {
      failedLog = nil
      log.removeReader(self)
      log = ended
    }
    if wantsEvents, nextEvent < log.count { return .event(log.event(nextEvent)) }
    return outcome.map { .end($0) }
  }

  private var outcome: ResponseOutcome? { isJoined ? log.outcome?.asJoined : log.outcome }

  var identity: ResponseIdentity? { log.identity }

  var summary: RawJSON? {
    if case .response(_, let halley)? = outcome { return halley }
    guard let upstream = log.upstream else { return nil }
    return .object {
      $0.member("upstream", upstream)
      $0.member("cache", isJoined ? "joined" : "miss")
      if let id = log.requestID { $0.member("request_id", id) }
    }
  }

  func advance() {
    nextEvent += 1
  }

  func readEvents(_ take: (Span<UInt8>) -> Bool) {
    guard wantsEvents, !isCancelled else { return }
    nextEvent = log.events.read(from: nextEvent, take)
  }
}

extension ResponseOutcome {
  /// As a request gets it that joined another's call.
  fileprivate var asJoined: ResponseOutcome {
    guard case .response(let response, let halley) = self else { return self }
    return .response(
      response,
      halley: halley.setting("cache", to: .string("joined")).setting("cost_usd", to: .integer(0)))
  }
}
