extension Rule {
  /// `input`: the text of one user message, or items.
  static let input = Rule.either([.string, items])

  static let items = Rule.array(of: item)

  /// What one call adds to a conversation.
  package static let newItems = Rule.array(of: item, count: APILimits.newItems)

  /// Anything that the API takes as input. What came out of a response goes back in unchanged, so
  /// ids and names are not measured here: upstreams mint longer ones than they document.
  private static let item = Rule.tagged(
    TaggedShape(
      itemShapes,
      implied: [("message", by: ["role", "content"]), ("item_reference", by: ["id"])]))

  private static let itemShapes: [String: Shape] = [
    "message": Shape(
      [
        // The last four only ever come out of a response.
        "role": .oneOf([
          "user", "assistant", "system", "developer", "tool", "critic", "discriminator", "unknown",
        ]),
        "content": content,
      ], required: ["role", "content"]),
    "configuration_update": Shape(["reasoning": .reasoning, "text": .textSettings]),
    "item_reference": Shape(["id": .nonEmptyString], required: ["id"]),
    "reasoning": Shape([
      "summary": .array(of: part), "content": .array(of: part), "encrypted_content": .string,
    ]),
    "compaction": Shape(["encrypted_content": .string], required: ["encrypted_content"]),
    "function_call": Shape(
      ["call_id": .nonEmptyString, "name": .nonEmptyString, "arguments": .string],
      required: ["call_id", "name", "arguments"]),
    "custom_tool_call": Shape(
      ["call_id": .nonEmptyString, "name": .nonEmptyString, "input": .string],
      required: ["call_id", "name", "input"]),
    "function_call_output": functionOutput,
    "custom_tool_call_output": functionOutput,
    "computer_call_output": callOutput(.anyObject),
    "shell_call_output": callOutput(.array(of: .anyObject)),
    "apply_patch_call_output": Shape(
      ["call_id": .nonEmptyString, "status": .string, "output": .string],
      required: ["call_id", "status"]),
    "mcp_approval_response": Shape(
      ["approval_request_id": .nonEmptyString, "approve": .boolean, "reason": .string],
      required: ["approval_request_id", "approve"]),
  ]

  /// The output of a call that was made asynchronously may name the function instead of the call.
  private static let functionOutput = Shape(
    [
      "call_id": .nonEmptyString, "name": .nonEmptyString, "namespace": .string, "output": content,
    ], required: ["output"], clauses: [.oneNeeded(["call_id", "name"])])

  private static func callOutput(_ output: Rule) -> Shape {
    Shape(["call_id": .nonEmptyString, "output": output], required: ["call_id", "output"])
  }

  private static let content = Rule.either([.string, .array(of: part)])

  private static let part = Rule.tagged(TaggedShape(partShapes))

  static let partShapes: [String: Shape] = [
    "input_text": Shape(["text": .string], required: ["text"]),
    "output_text": Shape(["text": .string], required: ["text"]),
    "summary_text": Shape(["text": .string], required: ["text"]),
    "reasoning_text": Shape(["text": .string], required: ["text"]),
    "refusal": Shape(["refusal": .string], required: ["refusal"]),
    "input_image": Shape(
      [
        "image_url": .nonEmptyString, "file_id": .nonEmptyString,
        "detail": .oneOf(["low", "high", "auto", "original"]),
      ], clauses: [.oneNeeded(["image_url", "file_id"])]),
    "input_file": Shape(
      [
        "file_id": .nonEmptyString, "file_url": .nonEmptyString, "file_data": .nonEmptyString,
        "filename": .string, "detail": .string,
      ], clauses: [.oneNeeded(["file_id", "file_url", "file_data"])]),
  ]
}
