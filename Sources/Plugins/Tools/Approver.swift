package import EventLoop
package import JSON
package import Wire

/// The client that owns a response, as the one who may be asked about it.
@EventLoop
package protocol Approver: AnyObject, Sendable {
  /// Whether it said that it can be asked.
  var canApprove: Bool { get }
  /// What it approved; ends with the connection.
  var approvalSession: ApprovalSession { get }

  /// Sends a request and waits for its answer.
  func ask(_ method: String, _ params: RawJSON, limit: Duration) async -> ClientAnswer
}

/// What came of a request to a client.
package enum ClientAnswer: Sendable {
  case answered(Result<RawJSON, RPCPeerError>)
  case timedOut
  /// It has gone, or has shut down its writing side and can answer nothing more.
  case disconnected
  /// The task that asked was cancelled.
  case cancelled
}

/// What a client approved for as long as it is connected.
@EventLoop
package final class ApprovalSession {
  /// One question at a time: what is allowed for the session answers those that wait behind it.
  let line = WaitingLine(places: 1)
  /// Digests, so that a tool whose definition changes has to be approved again.
  private var allowed: [ToolName: [UInt8]] = [:]
  private var refused: [ToolName: [UInt8]] = [:]

  package init() {}

  func allows(_ tool: Tool) -> Bool { allowed[tool.name] == tool.digest }

  func allow(_ tool: Tool) { allowed[tool.name] = tool.digest }

  /// Whether the client would not have this definition; it is not asked with every request.
  func refusesDefinition(of tool: Tool) -> Bool { refused[tool.name] == tool.digest }

  func refuseDefinition(of tool: Tool) { refused[tool.name] = tool.digest }
}
