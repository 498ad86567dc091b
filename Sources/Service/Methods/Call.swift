internal import EventLoop
internal import JSON
internal import Wire

/// A request of a method: what is asked, and by whom.
struct Call {
  let id: RPCID
  let params: RawJSON
  let peer: Peer
  /// Who is asked about tools that the model calls.
  let approver: any Approver

  var uid: UInt32 { peer.userID }

  /// The value of a member that is there and is not null.
  subscript(name: String) -> RawJSON? { params.nonNull(name) }

  func text(_ name: String) -> String? { self[name]?.string }
  func isSet(_ name: String) -> Bool { self[name]?.boolean ?? false }
  /// A text that the method's shape requires.
  func requiredText(_ name: String) -> String { text(name) ?? "" }
}

/// What answers a call.
enum Reply {
  case result(RawJSON)
  /// What is done for it from the next turn of the loop on; what it throws is the answer.
  ///
  /// - `isInTurn`: whether the answer may be of any size, and waits for those asked for earlier.
  case work(
    isInTurn: Bool = false, @EventLoop () async throws(RPCError) -> Reply)
  case source(any OutputSource)
  /// The client says who it is.
  case introduction(Peer, RawJSON)
  /// The client gives another of its requests up.
  case cancellation(of: RPCID?)
}
