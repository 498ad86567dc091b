/// When to style: `--color`.
package enum ColorChoice: String, Sendable, CaseIterable {
  case auto, always, never

  /// Decides for one stream (no-color.org: `NO_COLOR` counts when it is not empty).
  package func allowsStyle(isTerminal: Bool, environment: (String) -> String?) -> Bool {
    switch self {
    case .always: true
    case .never: false
    case .auto: isTerminal && environment("NO_COLOR") == nil && environment("TERM") != "dumb"
    }
  }
}
