package import JSON

/// What a client is asked (`tools.approve`).
package struct ApprovalQuestion: Sendable {
  package let tool: Tool
  /// The id of the create.
  package let request: RawJSON
  /// Nil before there is a response.
  package let responseID: String?
  /// Nil where it is not about a call.
  package let callID: String?
  /// For people, on one line.
  package let title: String
  package let arguments: RawJSON

  /// Asks about a call.
  package init(_ call: ToolCall, request: RawJSON, responseID: String) {
    tool = call.tool
    self.request = request
    self.responseID = responseID
    callID = call.callID
    title = call.tool.title ?? call.tool.firstLine
    arguments = call.arguments
  }

  /// Asks about a definition that is not the one that was approved; what it says now stands where
  /// the arguments of a call do.
  package init(changedDefinition tool: Tool, request: RawJSON) {
    self.tool = tool
    self.request = request
    responseID = nil
    callID = nil
    title = "its definition changed; take the new one?"
    arguments = .object {
      $0.member("description", tool.description)
      $0.member("parameters", tool.parameters)
    }
  }

  /// As with `function_call`, the arguments are the text of an object.
  package var params: RawJSON {
    .object { params in
      params.member("request", request)
      params.member("response_id", responseID.map { RawJSON.string($0) } ?? .null)
      params.member("tool", tool.name.description)
      params.member("arguments", arguments.text)
      params.member("call_id", callID.map { RawJSON.string($0) } ?? .null)
      params.member("title", title)
      if callID == nil { params.member("definition", true) }
    }
  }
}
