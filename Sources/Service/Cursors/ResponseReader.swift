internal import EventLoop
internal import JSON
internal import Wire

/// One reader of a response: a cursor on its log, and the request that it answers.
@EventLoop
final class ResponseReader: OutputSource {
  let id: RPCID
  private(set) var log: EventLog
  /// Whether the events are sent, or the result alone.
  private let wantsEvents: Bool
  /// Hears that the client gave the request up; nil for one that only looks on.
  private var onLeave: (@EventLoop (ResponseReader, LeaveReason) -> Void)?
  private var client = ""
  private var onMore: (@EventLoop () -> Void)?
  private let lines: EventLines
  private var nextEvent: Int
  /// Requests to the client, each with the number of events that it is sent before.
  private var questions: [(events: Int, frame: OutputFrame)] = []
  private var isCancelled = false
  /// Whether the request joined an equal one and costs nothing.
  private var isJoined = false

  /// - Parameter firstEvent: the number of the first event that is sent.
  init(
    id: RPCID, log: EventLog, wantsEvents: Bool, firstEvent: Int = 0,
    onLeave: (@EventLoop (ResponseReader, LeaveReason) -> Void)? = nil
  ) {
    self.id = id
    self.log = log
    self.wantsEvents = wantsEvents
    self.onLeave = onLeave
    nextEvent = firstEvent
    lines = EventLines("responses.event", of: id)
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
    questions = []
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
  ///
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

  /// Asks the client something about the response, behind the events that there are. When that has
  /// ended before, nobody waits for the answer and the question is not sent.
  func add(_ question: OutputFrame) {
    questions.append((wantsEvents ? log.count : 0, question))
  }

  /// How many events come before the next line that is none.
  private var eventsBeforeNext: Int {
    if log.outcome != nil { questions = [] }
    return min(log.count, questions.first?.events ?? .max)
  }

  func appendLines(to chunk: inout [UInt8], limit: Int) {
    guard wantsEvents, !isCancelled else { return }
    let end = eventsBeforeNext
    while nextEvent < end, lines.append(log.event(nextEvent), to: &chunk, limit: limit) {
      nextEvent += 1
    }
  }

  func nextFrame() -> OutputFrame? {
    if isCancelled { return .answer(id, error: RPCError(.cancelled, "the request was cancelled")) }
    if wantsEvents, nextEvent < eventsBeforeNext {
      defer { nextEvent += 1 }
      return OutputFrame(lines.pieces(log.event(nextEvent)))
    }
    if log.outcome == nil, !questions.isEmpty { return questions.removeFirst().frame }
    guard let outcome = log.outcome else { return nil }
    return .answer(id, isJoined ? outcome.asJoined : outcome)
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
