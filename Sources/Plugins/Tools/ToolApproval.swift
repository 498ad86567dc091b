package import Configuration
package import Wire

extension PluginConfiguration.Approval {
  private var permissiveness: Int {
    switch self {
    case .deny: 0
    case .ask: 1
    case .allow: 2
    }
  }

  /// Returns what a request may have of this: never more than the configuration allows.
  package func limited(by request: HalleyOptions.Approval?) -> Self {
    guard let request else { return self }
    let wanted: Self =
      switch request {
      case .deny: .deny
      case .ask: .ask
      case .allow: .allow
      }
    return wanted.permissiveness < permissiveness ? wanted : self
  }
}

/// Whether a tool may do what it is asked to, and who said so.
package struct ApprovalDecision: Sendable, Equatable {
  package enum Ground: String, Sendable {
    /// The configuration, or the request where it is stricter.
    case policy
    /// The client, now.
    case client
    /// The client, earlier and for as long as it is connected.
    case session
    /// The client did not answer in time.
    case timeout
    /// The client did not say that it can be asked.
    case noCapability = "no_capability"
    /// The client has gone.
    case disconnected
    /// What the client answered is no decision.
    case invalidAnswer = "invalid_answer"
    case cancelled
  }

  package let tool: ToolName
  package let isAllowed: Bool
  package let ground: Ground
  /// What the client said about it.
  package let reason: String?

  package init(
    _ tool: ToolName, isAllowed: Bool, _ ground: Ground, reason: String? = nil
  ) {
    self.tool = tool
    self.isAllowed = isAllowed
    self.ground = ground
    self.reason = reason
  }

  /// What the model is told of a denial.
  package var denial: String {
    let why =
      switch ground {
      case .policy: "calls of this tool are not allowed here"
      case .client, .session: "the user denied it"
      case .timeout: "it needs approval, and nobody gave it in time"
      case .noCapability: "it needs approval, and this client can't ask for it"
      case .disconnected: "it needs approval, and the client has gone"
      case .invalidAnswer: "it needs approval, and the client's answer was neither yes nor no"
      case .cancelled: "the request was cancelled"
      }
    return "The call of \(tool) was denied: \(why)" + (reason.map { " (\($0))" } ?? "") + "."
  }
}
