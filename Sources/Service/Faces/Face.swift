internal import EventLoop
internal import Wire

/// A way for clients to come in: makes calls of what their connections bring, and bytes of what
/// becomes of them.
@EventLoop
protocol Face: AnyObject {
  /// The clients that are connected.
  var clients: [ConnectedClient] { get }
  /// Connections so far.
  var accepted: Int { get }
  /// Bytes that came and are no whole request yet.
  var inputBytes: Int { get }
  /// Bytes of answers that no client has taken yet.
  var outputBytes: Int { get }
  /// Whether some client has not been sent everything.
  var hasOutput: Bool { get }

  /// Hangs up on one behind whom nobody is known, so that others may come in; false where there is
  /// none.
  func dropStranger() -> Bool
  /// Adopts limits; connections that are open may keep theirs.
  func use(_ limits: ClientLimits)
  /// Accepts nobody any more; connections go on.
  func stopListening()
}

/// A face of a restricted socket.
@EventLoop
protocol RestrictedFace: Face {
  /// Allows those who are here, and who come, something else.
  func regrant(_ grant: Grant)
  /// Ends everything at once.
  func close()
}

/// A client and what it waits for.
struct ConnectedClient {
  let caller: Caller
  /// Requests that have not been answered.
  let requests: Int
}
