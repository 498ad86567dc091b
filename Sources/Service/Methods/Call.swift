internal import EventLoop
internal import JSON
internal import Plugins
internal import Store
internal import Wire

/// A request of a method: what is asked, and by whom.
struct Call {
  let params: RawJSON
  let caller: Caller
  /// Who is asked about tools that the model calls; nil where nobody can be.
  let asker: (approver: any Approver, request: RawJSON)?
  /// What the connection keeps of a create; nil where it keeps nothing.
  var connectionTurn: ConnectionTurn?
  /// Whether the client takes members of responses for granted that sparse upstreams leave out.
  var fillsIn = false

  var principal: Principal { caller.principal }
  var subject: Subject { caller.principal.subject }

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
  /// What the cursor comes to, until its end.
  case cursor(any Cursor)
  /// The client says who it is.
  case introduction(Caller, RawJSON)
  /// The client gives another of its requests up.
  case cancellation(of: RPCID?)
}
