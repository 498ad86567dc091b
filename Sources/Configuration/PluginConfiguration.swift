/// A child process that changes, refuses or observes requests, or serves tools: `[plugins.NAME]`.
package struct PluginConfiguration: Sendable, Equatable {
  package enum Hook: String, Sendable, CaseIterable {
    case request
    case response
    case toolCall = "tool_call"
    case usage
    case error
  }

  package enum FailurePolicy: String, Sendable, CaseIterable {
    case allow
    case deny
  }

  package enum Approval: String, Sendable, CaseIterable {
    case allow
    case ask
    case deny
  }

  /// What a plugin's own service keeps from it.
  package enum Sandbox: String, Sendable, CaseIterable {
    case none
    /// The daemon's state and keys, and privileges.
    case standard = "default"
    /// And whatever it may write, beside a few paths.
    case strict
  }

  package enum Start: String, Sendable, CaseIterable {
    /// When it is needed first.
    case lazy
    /// With the daemon.
    case eager
  }

  package struct ToolApproval: Sendable, Equatable {
    /// Matches `plugin.tool`.
    package let tool: Glob
    package let approval: Approval

    package init(tool: Glob, approval: Approval) {
      self.tool = tool
      self.approval = approval
    }
  }

  package struct Variable: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package let name: String
  package var isEnabled = true
  /// Arguments, the first an absolute path; no shell reads them.
  package var command: [String] = []
  /// An absolute path to run in; nil for `/`.
  package var directory: String?
  package var hooks: [Hook] = []
  /// Whether it is an MCP server whose tools are offered to models.
  package var servesTools = false
  /// For each call of a hook.
  package var timeout = Duration.seconds(2)
  /// For each call of a tool.
  package var toolTimeout = Duration.seconds(60)
  /// From its start to its first answer.
  package var startTimeout = Duration.seconds(10)
  /// A plugin unused for this long is stopped, and started again when it is needed; nil for never.
  package var idleStop: Duration?
  /// What becomes of a request when a hook fails or is late.
  package var onFailure = FailurePolicy.deny
  package var environment: [Variable] = []
  /// For tools that `approvals` does not name.
  package var approval = Approval.ask
  package var approvals: [ToolApproval] = []
  /// Tools that may run again when the outcome of a call is unknown.
  package var idempotent: [Glob] = []
  package var sandbox = Sandbox.standard
  /// Bytes of memory; nil for any.
  package var memoryMaximum: Int?
  package var hasNetwork = true
  /// Absolute paths that alone may be written; nil for what the sandbox has.
  package var writablePaths: [String]?
  package var start = Start.lazy
  package var maximumRestarts = 5

  package init(name: String) {
    self.name = name
  }

  /// What it asks for and does not get as a child of the daemon, for people; nil where it does.
  package var shortcomingAsChild: String? {
    let keys = confiningKeys
    guard !keys.isEmpty else { return nil }
    return "runs without \(keys.joined(separator: ", ")), which only the user's own service has"
  }

  /// The keys that ask for what only a service of its own can have.
  private var confiningKeys: [String] {
    [
      sandbox == .strict ? "sandbox" : nil, memoryMaximum == nil ? nil : "memory_max",
      hasNetwork ? nil : "network", writablePaths == nil ? nil : "write",
    ].compactMap { $0 }
  }
}
