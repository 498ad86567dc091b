package import JSON

/// How a call ended.
package struct ToolOutcome: Sendable {
  package enum Ending: Sendable, Equatable {
    case succeeded
    /// The tool reports an error.
    case toolError
    /// The arguments did not fit; the tool was not asked.
    case invalidArguments(String)
    /// The tool was not asked.
    case denied(ApprovalDecision)
    /// The tool was not asked.
    case deniedByHook(String)
    /// The tool could not be asked, or gave no result. Whether it did anything is unknown where
    /// the plugin died or was late.
    case failed(PluginError)
    /// The call could not be recorded, and the tool was not asked.
    case notRecorded(String)
  }

  package let ending: Ending
  /// The `output` of the function_call_output: a string, or an array of parts.
  package let output: RawJSON
}
