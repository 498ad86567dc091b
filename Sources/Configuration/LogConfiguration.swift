/// What the daemon writes to the journal: `[log]`.
package struct LogConfiguration: Sendable, Equatable {
  /// From the fewest entries to the most.
  package enum Level: String, Sendable, CaseIterable {
    case error
    case warning
    case notice
    case info
    case debug

    /// The number of syslog(3).
    package var priority: Int {
      switch self {
      case .error: 3
      case .warning: 4
      case .notice: 5
      case .info: 6
      case .debug: 7
      }
    }
  }

  package var level = Level.info
  /// Whether the text of prompts is written, too.
  package var prompts = false

  package init() {}
}
