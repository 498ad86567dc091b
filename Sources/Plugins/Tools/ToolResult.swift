package import JSON

/// What a tool gave back, as the output that the model gets (`function_call_output`).
package struct ToolResult: Sendable {
  /// A string, or an array of `input_text` and `input_image` parts where there is an image.
  package let output: RawJSON
  /// Whether the tool says that it failed.
  package let isError: Bool

  /// Reads the result of `tools/call`. What a model can't take is told of in words; what is no result
  /// is none, lest it pass for a success without a word.
  ///
  /// - Parameter maximumBytes: of all text and images together; what is beyond is cut and marked.
  package init(_ result: RawJSON, maximumBytes: Int) throws(MCPMismatch) {
    let flag = result.nonNull("isError")
    if let flag { try MCPMismatch.check(flag, is: .boolean, "isError") }
    isError = flag?.boolean == true
    var parts = ToolResultParts(maximumBytes: maximumBytes)
    if isError { parts.add("The tool reports an error:") }
    let wantsInput = result["resultType"]?.string == "input_required"
    if wantsInput {
      parts.add("The tool asks for input that can't be given here; nothing came of the call.")
    }
    let structured = result.nonNull("structuredContent")
    if result.nonNull("content") != nil || structured == nil && !wantsInput {
      try MCPMismatch.check(result["content"], is: .array, "content")
    }
    let content = result["content"]?.elements ?? []
    for (index, block) in content.enumerated() { try parts.add(block, at: index) }
    if content.isEmpty, let structured { parts.add(structured.text) }
    output = parts.output
  }

  /// What the model is told where there is no result.
  package init(error message: String, maximumBytes: Int) {
    isError = true
    output = .string(PlainText.cut(message, to: maximumBytes))
  }
}
