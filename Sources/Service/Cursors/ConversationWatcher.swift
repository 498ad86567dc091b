internal import EventLoop
internal import JSON
internal import Wire

/// One client that watches a conversation: what happens in it, as notifications, until it leaves or
/// the conversation is deleted.
///
/// It holds small events itself and cursors on the logs of responses, so that a slow watcher costs
/// no copy of them.
@EventLoop
final class ConversationWatcher: Cursor {
  private enum Segment {
    case event(ArraySlice<UInt8>)
    case log(EventLog, next: Int)
  }

  let topic = CursorTopic.conversation
  let identity: ResponseIdentity? = nil
  let summary: RawJSON? = nil
  private var segments: [Segment] = []
  private var isCancelled = false
  /// Why nothing more happens, once everything was sent.
  private var end: RPCError?
  private var client = ""
  private var onMore: (@EventLoop () -> Void)?
  private let onDetach: @EventLoop (ConversationWatcher) -> Void

  init(onDetach: @escaping @EventLoop (ConversationWatcher) -> Void) {
    self.onDetach = onDetach
  }

  func add(_ event: RawJSON) {
    segments.append(.event(event.bytes))
    onMore?()
  }

  func add(_ log: EventLog) {
    segments.append(.log(log, next: 0))
    log.addReader(self, of: client) { [weak self] in self?.onMore?() }
    onMore?()
  }

  /// Ends it when what has happened is sent.
  func finish(_ error: RPCError) {
    end = error
    onMore?()
  }

  func attach(to client: String, _ onMore: @escaping @EventLoop () -> Void) {
    self.client = client
    self.onMore = onMore
  }

  func detach() {
    onMore = nil
    for case .log(let log, _) in segments { log.removeReader(self) }
    onDetach(self)
  }

  func leave(_ reason: LeaveReason) {
    isCancelled = true
    onMore?()
  }

  func next() -> CursorStep? {
    if isCancelled { return .end(.failure(.requestCancelled)) }
    if let event = peek() { return .event(event) }
    guard let end, segments.isEmpty else { return nil }
    return .end(.failure(end))
  }

  /// The next event; logs that have ended and were read are dropped on the way.
  private func peek() -> ArraySlice<UInt8>? {
    while let segment = segments.first {
      switch segment {
      case .event(let event): return event
      case .log(let log, let next) where next < log.count: return log.event(next)
      case .log(let log, _):
        guard log.outcome != nil else { return nil }
        log.removeReader(self)
        segments.removeFirst()
      }
    }
    return nil
  }

  func advance() {
    guard let segment = segments.first else { return }
    switch segment {
    case .event: segments.removeFirst()
    case .log(let log, let next): segments[0] = .log(log, next: next + 1)
    }
  }
}
