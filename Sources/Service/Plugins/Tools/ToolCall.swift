package import JSON

/// One call of a tool by a model.
package struct ToolCall: Sendable {
  package let tool: Tool
  package let callID: String
  /// An object that fits the tool's schema.
  package var arguments: RawJSON

  package init(_ tool: Tool, callID: String, arguments: RawJSON) {
    self.tool = tool
    self.callID = callID
    self.arguments = arguments
  }
}

/// What hooks say to a call (`hooks/tool_call`).
package enum ToolCallVerdict: Sendable {
  case unchanged
  /// Other arguments; they are checked like the model's.
  case arguments(RawJSON)
  case denied(plugin: String, reason: String)
}
