extension Shape {
  /// The parameters of `responses.create`.
  ///
  /// Words of sets that differ between upstreams (`service_tier`, `reasoning.effort`,
  /// `prompt_cache_retention`, `include`) are only checked to be strings.
  static let createParameters = Shape([
    "background": .boolean,
    "context_management": .contextManagement,
    "conversation": .conversation,
    "frequency_penalty": .number(-2...2),
    "halley": .object(.halleyOptions),
    "include": .array(of: .string),
    "input": .input,
    "instructions": .string,
    // OpenAI asks for at least 16; other upstreams take less.
    "max_output_tokens": .integer(1...Int64.max),
    "max_tool_calls": .integer(1...Int64.max),
    "metadata": .metadata,
    "model": .model,
    "parallel_tool_calls": .boolean,
    "presence_penalty": .number(-2...2),
    "previous_response_id": .nonEmptyString,
    "prompt": .prompt,
    "prompt_cache_key": .string,
    "prompt_cache_options": .anyObject,
    "prompt_cache_retention": .string,
    "reasoning": .object(
      Shape(["effort": .string, "summary": .string, "generate_summary": .string])),
    "safety_identifier": .text(0...64),
    "service_tier": .string,
    "store": .boolean,
    "stream": .boolean,
    "stream_options": .object(Shape(["include_obfuscation": .boolean])),
    "temperature": .number(0...2),
    "text": .object(
      Shape(["format": .textFormat, "verbosity": .oneOf(["low", "medium", "high"])])),
    "tool_choice": .toolChoice,
    "tools": .tools,
    "top_logprobs": .integer(0...20),
    "top_p": .number(0...1),
    "truncation": .oneOf(["auto", "disabled"]),
    "user": .string,
  ])
}

extension Rule {
  /// 256 is far beyond the longest name of a model seen, and keeps what is logged and stored short.
  static let model = Rule.text(1...256)

  /// Up to 16 pairs, keys of up to 64 characters, values of up to 512.
  static let metadata = Rule.map(to: .text(0...512), count: 0...16, longestKey: 64)

  /// Which strings are ids and which are names, `ConversationReference` decides.
  static let conversation = Rule.either([
    .nonEmptyString, .object(Shape(["id": .nonEmptyString], required: ["id"])),
  ])

  fileprivate static let contextManagement = Rule.array(
    of: .object(
      Shape(
        ["type": .nonEmptyString, "compact_threshold": .integer(1000...Int64.max)],
        required: ["type"])),
    count: 1...Int.max)

  fileprivate static let prompt = Rule.object(
    Shape(
      [
        "id": .nonEmptyString, "version": .string,
        "variables": .map(to: .either([.string, .anyObject])),
      ], required: ["id"]))

  fileprivate static let textFormat = Rule.tagged(
    TaggedShape([
      "json_schema": Shape(
        [
          "name": .name(longest: 64), "schema": .anyObject, "description": .string,
          "strict": .boolean,
        ], required: ["name", "schema"])
    ]))
}
