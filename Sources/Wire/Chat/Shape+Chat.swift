internal import JSON

extension Shape {
  /// The body of a chat completion; what the Responses API knows too is checked by its rules.
  static let chatParameters = Shape(
    createParameters.rules.merging(chatRules) { $1 }, required: ["messages"],
    clauses: [
      .exclusive("input", "messages"), .needs("stream_options", "stream"),
      Clause(
        [.not(.isTrue(["background"]))], else: ["background"],
        "true found, false was expected: a chat completion has no id to ask for later"),
    ])

  private static let chatRules: [String: Rule] = [
    "function_call": .either([
      .oneOf(["auto", "none"]), .object(Shape(["name": .nonEmptyString], required: ["name"])),
    ]),
    "functions": .array(of: .anyObject),
    "logit_bias": .map(to: .anyNumber),
    "logprobs": .boolean,
    "max_completion_tokens": .integer(APILimits.outputTokens),
    "max_tokens": .integer(APILimits.outputTokens),
    "messages": .array(of: .anyObject, count: 1...Int.max),
    "modalities": .array(of: .string),
    "n": .wholeNumber,
    "reasoning_effort": .string,
    "response_format": .anyObject,
    "seed": .anyNumber,
    "stop": .either([.string, .array(of: .string, count: 0...4)]),
    "stream_options": .object(
      Shape(["include_usage": .boolean, "include_obfuscation": .boolean])),
    "tool_choice": .either([.string, .anyObject]),
    "tools": .array(of: .anyObject),
    "verbosity": .oneOf(["low", "medium", "high"]),
    "web_search_options": .object(
      Shape([
        "search_context_size": .string,
        "user_location": .object(Shape(["approximate": .anyObject])),
      ])),
  ]

  // MARK: Tools

  static let chatFunction = Shape(
    [
      "name": .matching(.functionName), "description": .string, "parameters": .anyObject,
      "strict": .boolean,
    ], required: ["name"])

  static let chatCustomTool = Shape(
    ["name": .nonEmptyString, "description": .string, "format": chatGrammar], required: ["name"])

  private static let chatGrammar = Rule.tagged(
    TaggedShape([
      "grammar": Shape(
        [
          "grammar": .object(
            Shape(
              ["syntax": .nonEmptyString, "definition": .string],
              required: ["syntax", "definition"]))
        ], required: ["grammar"])
    ]))

  // MARK: Messages

  static let chatRole = Shape(["role": .words(of: ChatMessages.Role.self)], required: ["role"])

  static func chatMessage(_ role: ChatMessages.Role) -> Shape {
    switch role {
    case .system, .developer, .user: inputMessage
    case .assistant: assistantMessage
    case .tool: toolMessage
    case .function: functionMessage
    }
  }

  private static let inputMessage = Shape(["content": content], required: ["content"])

  private static let assistantMessage = Shape([
    "content": content, "refusal": .string,
    "function_call": .object(
      Shape(["name": .nonEmptyString, "arguments": .string], required: ["name", "arguments"])),
    "tool_calls": .array(of: toolCall),
  ])

  private static let toolMessage = Shape(
    ["content": content, "tool_call_id": .nonEmptyString], required: ["tool_call_id"])

  private static let functionMessage = Shape(
    ["content": content, "name": .nonEmptyString], required: ["name"])

  private static let toolCall = Rule.tagged(
    TaggedShape(
      [
        "function": Shape(
          [
            "id": .nonEmptyString,
            "function": .object(
              Shape(
                ["name": .nonEmptyString, "arguments": .string], required: ["name", "arguments"])),
          ], required: ["id", "function"]),
        "custom": Shape(
          [
            "id": .nonEmptyString,
            "custom": .object(
              Shape(["name": .nonEmptyString, "input": .string], required: ["name", "input"])),
          ], required: ["id", "custom"]),
      ], implied: [("function", by: ["function"]), ("custom", by: ["custom"])]))

  private static let content = Rule.either([
    .string, .array(of: .tagged(TaggedShape(Rule.partShapes.merging(chatParts) { $1 }))),
  ])

  private static let chatParts: [String: Shape] = [
    "text": Shape(["text": .string], required: ["text"]),
    "image_url": Shape(
      [
        "image_url": .either([
          .nonEmptyString,
          .object(
            Shape(
              ["url": .nonEmptyString, "detail": .oneOf(["low", "high", "auto", "original"])],
              required: ["url"])),
        ])
      ], required: ["image_url"]),
    "input_audio": Shape(
      [
        "input_audio": .object(
          Shape(["data": .nonEmptyString, "format": .string], required: ["data", "format"]))
      ], required: ["input_audio"]),
    "file": Shape(
      [
        "file": .object(
          Shape(
            [
              "file_id": .nonEmptyString, "file_url": .nonEmptyString,
              "file_data": .nonEmptyString, "filename": .string, "detail": .string,
            ], clauses: [.oneNeeded(["file_id", "file_url", "file_data"])]))
      ], required: ["file"]),
  ]
}
