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
