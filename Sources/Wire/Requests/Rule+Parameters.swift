extension Shape {
  /// The parameters of `responses.create`.
  ///
  /// Words of sets that differ between upstreams (`service_tier`, `reasoning.effort`,
  /// `prompt_cache_retention`, `include`) are only checked to be strings.
  package static let createParameters = Shape(createRules, clauses: createClauses)

  private static let createRules: [String: Rule] = [
    "background": .boolean,
    "context_management": .contextManagement,
    "conversation": .conversation,
    "background_options": .object(
      Shape(["completion_window": .string, "continuation_id": .string])),
    "frequency_penalty": .anyNumber,
    "halley": .object(.halleyOptions),
    "include": .array(of: .string),
    "input": .input,
    "instructions": .string,
    "max_output_tokens": .integer(APILimits.outputTokens),
    "max_tool_calls": .integer(APILimits.toolCalls),
    "metadata": .metadata,
    "model": .model,
    "parallel_tool_calls": .boolean,
    "presence_penalty": .anyNumber,
    "previous_response_id": .nonEmptyString,
    "prompt": .prompt,
    "prompt_cache_key": .string,
    "prompt_cache_options": .anyObject,
    "prompt_cache_retention": .string,
    "reasoning": .reasoning,
    "safety_identifier": .text(APILimits.safetyIdentifier),
    "service_tier": .string,
    "store": .boolean,
    "stream": .boolean,
    "stream_options": .object(Shape(["include_obfuscation": .boolean])),
    "temperature": .number(APILimits.temperature),
    "text": .textSettings,
    "tool_choice": .toolChoice,
    "tools": .tools,
    "top_logprobs": .integer(APILimits.topLogprobs),
    "top_p": .number(APILimits.topP),
    "truncation": .oneOf(["auto", "disabled"]),
    "user": .string,
  ]

  private static let createClauses: [Clause] = [
    .exclusive("conversation", "previous_response_id"),
    exclusiveWithContinue("conversation"), exclusiveWithContinue("previous_response_id"),
    .needs("stream_options", "stream"),
    Clause(
      [.present(["input"]), .isTrue(["halley", "continue"])]
        + ["conversation", "previous_response_id", "prompt"].map { .present([$0]) },
      else: ["input"], Rule.input.refusal(of: "nothing").message),
  ]

  private static func exclusiveWithContinue(_ name: String) -> Clause {
    Clause(
      [.not(.isTrue(["halley", "continue"])), .not(.present([name]))],
      else: ["halley", "continue"],
      "found together with \(name), one of them was expected")
  }
}

extension Rule {
  /// 256 is far beyond the longest name of a model seen, and keeps what is logged and stored short.
  package static let model = Rule.text(1...256)

  /// Any integer that fits 64 bits.
  package static let wholeNumber = Rule.integer(Int64.min...Int64.max)
  /// Any number that a double can be near to.
  static let anyNumber = Rule.number(
    -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude)

  package static let metadata = Rule.map(
    to: .text(APILimits.metadata.value), count: APILimits.metadata.pairs,
    longestKey: APILimits.metadata.key)

  package static let conversation = Rule.either([
    .matching(.conversation), .object(Shape(["id": .nonEmptyString], required: ["id"])),
  ])

  static let reasoning = Rule.object(
    Shape(["effort": .string, "summary": .string, "generate_summary": .string]))

  static let textSettings = Rule.object(
    Shape(["format": textFormat, "verbosity": .oneOf(["low", "medium", "high"])]))

  fileprivate static let contextManagement = Rule.array(
    of: .object(
      Shape(
        ["type": .nonEmptyString, "compact_threshold": .wholeNumber], required: ["type"])))

  fileprivate static let prompt = Rule.object(
    Shape(
      [
        "id": .nonEmptyString, "version": .string,
        "variables": .map(to: .either([.string, .anyObject])),
      ], required: ["id"]))

  static let textFormat = Rule.tagged(
    TaggedShape([
      "json_schema": Shape(
        [
          "name": .matching(.formatName), "schema": .anyObject, "description": .string,
          "strict": .boolean,
        ], required: ["name", "schema"])
    ]))
}
