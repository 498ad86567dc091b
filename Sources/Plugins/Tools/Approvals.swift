package import Configuration
package import EventLoop
internal import JSON
internal import Wire

/// Decides whether tools may run: by policy, else by asking the client that owns the response.
@EventLoop
package final class Approvals {
  /// Bytes of the reason that a client gives.
  private static let longestReason = 500

  /// How long a client may take to answer (`limits.approval`).
  package var limit: Duration
  /// Every decision, once; with the id of its call where it is about one.
  private let onDecision: @EventLoop (ApprovalDecision, _ question: ApprovalQuestion) -> Void

  package init(
    limit: Duration,
    onDecision: @escaping @EventLoop (ApprovalDecision, _ question: ApprovalQuestion) -> Void
  ) {
    self.limit = limit
    self.onDecision = onDecision
  }

  /// Decides about one call.
  package func decide(
    _ question: ApprovalQuestion, policy: PluginConfiguration.Approval,
    approver: (any Approver)?
  ) async -> ApprovalDecision {
    let tool = question.tool
    let decision: ApprovalDecision
    switch policy {
    case .allow: decision = ApprovalDecision(tool.name, isAllowed: true, .policy)
    case .deny: decision = ApprovalDecision(tool.name, isAllowed: false, .policy)
    case .ask:
      decision = await ask(question, approver) { session in
        session.allows(tool) ? ApprovalDecision(tool.name, isAllowed: true, .session) : nil
      } isAllowedForSession: { session in
        session.allow(tool)
      }
    }
    onDecision(decision, question)
    return decision
  }

  /// Decides whether a user takes a tool whose definition changed; nil where that client would not
  /// have it before. Asked whatever the policy of calls is.
  package func decideDefinition(
    _ question: ApprovalQuestion, approver: (any Approver)?
  ) async -> ApprovalDecision? {
    let tool = question.tool
    if approver?.approvalSession.refusesDefinition(of: tool) == true { return nil }
    let decision = await ask(question, approver)
    if decision.ground == .client, !decision.isAllowed {
      approver?.approvalSession.refuseDefinition(of: tool)
    }
    onDecision(decision, question)
    return decision
  }

  private func ask(
    _ question: ApprovalQuestion, _ approver: (any Approver)?,
    remembered: (ApprovalSession) -> ApprovalDecision? = { _ in nil },
    isAllowedForSession: (ApprovalSession) -> Void = { _ in }
  ) async -> ApprovalDecision {
    let name = question.tool.name
    guard let approver else { return ApprovalDecision(name, isAllowed: false, .disconnected) }
    guard approver.canApprove else {
      return ApprovalDecision(name, isAllowed: false, .noCapability)
    }
    let session = approver.approvalSession
    do { try await session.line.enter() } catch {
      return ApprovalDecision(name, isAllowed: false, .cancelled)
    }
    defer { session.line.leave() }
    if let decision = remembered(session) { return decision }
    let answer = await approver.ask("tools.approve", question.params, limit: limit)
    let (decision, isForSession) = Self.read(answer, name)
    if isForSession { isAllowedForSession(session) }
    return decision
  }

  private static func read(
    _ answer: ClientAnswer, _ name: ToolName
  ) -> (ApprovalDecision, isForSession: Bool) {
    func denied(_ ground: ApprovalDecision.Ground) -> (ApprovalDecision, Bool) {
      (ApprovalDecision(name, isAllowed: false, ground), false)
    }
    switch answer {
    case .timedOut: return denied(.timeout)
    case .disconnected: return denied(.disconnected)
    case .cancelled: return denied(.cancelled)
    case .answered(.failure): return denied(.invalidAnswer)
    case .answered(.success(let result)):
      let word = result["decision"]?.string
      guard let word, ["allow", "allow_session", "deny"].contains(word) else {
        return denied(.invalidAnswer)
      }
      let reason = result["reason"]?.string.map {
        PlainText.line($0, maximumBytes: longestReason)
      }
      let decision = ApprovalDecision(
        name, isAllowed: word != "deny", .client, reason: reason?.isEmpty == true ? nil : reason)
      return (decision, word == "allow_session")
    }
  }
}
