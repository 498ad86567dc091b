package import EventLoop
package import Wire

/// Why a request is given up by its client.
package enum LeaveReason {
  case cancelled
  case disconnected
}

/// What answers one request over time: a response's log, or the feed of a conversation.
@EventLoop
package protocol OutputSource: AnyObject {
  /// The request that it answers.
  var id: RPCID { get }

  /// Appends whole lines while they fit.
  func appendLines(to chunk: inout [UInt8], limit: Int)
  /// The next line; the answer comes last and ends the source.
  func nextFrame() -> OutputFrame?

  /// Calls back whenever there is more, until `detach`.
  ///
  /// - Parameter client: the name of the client that reads.
  func attach(to client: String, _ onMore: @escaping @EventLoop () -> Void)
  func detach()
  /// Hears that the client has gone or has cancelled the request.
  func leave(_ reason: LeaveReason)
}
