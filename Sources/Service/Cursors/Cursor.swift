package import EventLoop
package import JSON
internal import Wire

/// Why a request is given up by its client.
package enum LeaveReason {
  case cancelled
  case disconnected
}

/// What one that reads comes to next.
package enum CursorStep {
  /// An event, as JSON.
  case event(ArraySlice<UInt8>)
  /// Nothing comes behind it.
  case end(ResponseOutcome)
}

/// What the events are about.
package enum CursorTopic {
  case response
  case conversation
}

/// A position in what answers one request over time: a response's log, or the feed of a
/// conversation. A face makes bytes of what comes next, when its client has room for them.
@EventLoop
package protocol Cursor: AnyObject {
  var topic: CursorTopic { get }
  /// What comes next; nil while nothing has happened.
  func next() -> CursorStep?
  /// The response that is read, once it has an id.
  var identity: ResponseIdentity? { get }
  /// What `halley` says of the response, as far as it is known; nil where nothing is.
  var summary: RawJSON? { get }
  /// Goes behind the event that comes next.
  func advance()

  /// Calls back with the events that come next, and goes behind each for which that returns true;
  /// up to where it returns false.
  func readEvents(_ take: (Span<UInt8>) -> Bool)

  /// Calls back whenever there is more, until `detach`.
  ///
  /// - Parameter client: the name of the client that reads.
  func attach(to client: String, _ onMore: @escaping @EventLoop () -> Void)
  func detach()
  /// Hears that the client has gone or has cancelled the request.
  func leave(_ reason: LeaveReason)
}

extension Cursor {
  package func readEvents(_ take: (Span<UInt8>) -> Bool) {
    while case .event(let event)? = next(), take(event.span) { advance() }
  }
}

extension RPCError {
  static let requestCancelled = RPCError(.cancelled, "the request was cancelled")
}
