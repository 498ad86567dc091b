package import Configuration
internal import EventLoop
package import JSON
package import Store
package import Wire

/// For whom tools are offered and called.
package struct ToolRequester: Sendable {
  package let subject: Subject
  /// The id of the create, as the client wrote it.
  package let request: RawJSON
  /// Globs of the tools that it may use; nil for all.
  package let allowed: [Glob]?
  /// `halley.approval`.
  package let approval: HalleyOptions.Approval?
  /// The connection that owns the create; gone when it is closed.
  package weak let approver: (any Approver)?

  package init(
    subject: Subject, request: RawJSON, allowed: [Glob]? = nil,
    approval: HalleyOptions.Approval?, approver: (any Approver)?
  ) {
    self.allowed = allowed
    self.subject = subject
    self.request = request
    self.approval = approval
    self.approver = approver
  }
}

/// What surrounds a call.
package struct ToolCallContext: Sendable {
  package let requester: ToolRequester
  package let responseID: String
  /// Bytes of the output that the model gets (`limits.tool_output`).
  package let maximumOutputBytes: Int
  /// What is left of `limits.tool_time`; the plugin's own limit holds too.
  package let timeLeft: Duration
  /// Lets the hooks see a call (`hooks/tool_call`); returns its arguments, which may be others.
  /// Throws where they would not have it.
  package let hook: @EventLoop (ToolCall) async throws(RPCError) -> RawJSON
  /// Called once, when nothing stands in the way of the call any more and before the tool is asked.
  /// Throws where the call must not be made.
  package let willRun: @EventLoop (ToolCall) async throws(RPCError) -> Void

  package init(
    requester: ToolRequester, responseID: String, maximumOutputBytes: Int, timeLeft: Duration,
    hook: @escaping @EventLoop (ToolCall) async throws(RPCError) -> RawJSON,
    willRun: @escaping @EventLoop (ToolCall) async throws(RPCError) -> Void
  ) {
    self.requester = requester
    self.responseID = responseID
    self.maximumOutputBytes = maximumOutputBytes
    self.timeLeft = timeLeft
    self.hook = hook
    self.willRun = willRun
  }
}
