internal import JSON

/// Translates the members of one request for a chat completion.
struct ChatTranslation {
  private let chat: [RawJSON.Member]
  private var translated: [(key: String, value: RawJSON)] = []
  var reply = ChatReplyOptions()
  var ignored = IgnoredMembers()

  /// - Parameter members: what `Shape.chatParameters` has let pass.
  init(_ members: [RawJSON.Member]) { chat = members }

  /// The params of `responses.create`.
  var params: RawJSON {
    .object { params in for (key, value) in translated { params.member(key, value) } }
  }

  /// Members that are translated, and what they become where that has one too.
  private static let known: Set = [
    "audio", "frequency_penalty", "function_call", "functions", "include", "input", "logit_bias",
    "logprobs", "max_completion_tokens", "max_output_tokens", "max_tokens", "messages",
    "modalities", "n", "parallel_tool_calls", "prediction", "presence_penalty", "reasoning",
    "reasoning_effort", "response_format", "seed", "stop", "store", "stream_options", "text",
    "tool_choice", "tools", "top_logprobs", "verbosity", "web_search_options",
  ]

  subscript(key: String) -> RawJSON? { chat.nonNull(key) }

  /// Sets a member that has a value.
  mutating func set(_ key: String, _ value: RawJSON?) {
    if let value { translated.append((key, value)) }
  }

  mutating func translate() throws(Refusal) {
    try refuseUntranslatable()
    for member in chat where !member.value.isNull && !Self.known.contains(member.key) {
      set(member.key, member.value)
    }
    set("store", self["store"] ?? .boolean(false))
    set(
      "max_output_tokens",
      self["max_completion_tokens"] ?? self["max_tokens"] ?? self["max_output_tokens"])
    for penalty in ["frequency_penalty", "presence_penalty"] where self[penalty]?.double != 0 {
      set(penalty, self[penalty])
    }
    translateReasoning()
    try translateLogprobs()
    try translateText()
    try translateTools()
    translateStream()
    passOver()
    var messages = ChatMessages()
    set("input", try messages.items(self["messages"] ?? .emptyArray))
    for name in messages.ignored.names { ignored.add(name) }
  }

  private func refuseUntranslatable() throws(Refusal) {
    if let count = self["n"], count.wholeNumber != 1 {
      throw Refusal(found: count.excerpt, expected: "1").inside("n")
    }
    for name in ["audio", "prediction"] {
      if let value = self[name] { throw Refusal.noCounterpart(value).inside(name) }
    }
    for (index, word) in (self["modalities"]?.elements ?? []).enumerated()
    where word.string != "text" {
      throw Refusal(found: word.excerpt, expected: "\"text\"").inside(index).inside("modalities")
    }
  }

  private mutating func passOver() {
    if self["seed"] != nil { ignored.add("seed") }
    if self["logit_bias"]?.members.isEmpty == false { ignored.add("logit_bias") }
  }

  private mutating func translateReasoning() {
    guard let effort = self["reasoning_effort"] else { return set("reasoning", self["reasoning"]) }
    set("reasoning", (self["reasoning"] ?? .emptyObject).setting("effort", to: effort))
  }

  private mutating func translateLogprobs() throws(Refusal) {
    let count = self["top_logprobs"]
    guard self["logprobs"]?.boolean == true else {
      guard count?.wholeNumber ?? 0 == 0 else {
        throw Refusal("found without \"logprobs\": true, which was expected with it")
          .inside("top_logprobs")
      }
      return set("include", self["include"])
    }
    reply.hasLogprobs = true
    set("top_logprobs", count)
    let name = "message.output_text.logprobs"
    let included = self["include"]?.elements ?? []
    set(
      "include",
      .build { writer in
        writer.array { list in
          for value in included where value.string != name { list.value(value) }
          list.string(name)
        }
      })
  }

  private mutating func translateStream() {
    reply.model = self["model"]?.string
    reply.isStreaming = self["stream"]?.boolean ?? false
    reply.stop = (self["stop"].map { $0.kind == .array ? $0.elements : [$0] } ?? [])
      .compactMap(\.string).filter { !$0.isEmpty }
    guard let options = self["stream_options"] else { return }
    reply.includesUsage = options.nonNull("include_usage")?.boolean ?? false
    let rest = options.removing("include_usage")
    if !rest.members.isEmpty { set("stream_options", rest) }
  }

  private mutating func translateText() throws(Refusal) {
    var text = self["text"]
    if let format = self["response_format"] {
      do throws(Refusal) {
        text = (text ?? .emptyObject).setting("format", to: try Self.format(format))
      } catch {
        throw error.inside("response_format")
      }
    }
    if let verbosity = self["verbosity"] {
      text = (text ?? .emptyObject).setting("verbosity", to: verbosity)
    }
    set("text", text)
  }

  /// A schema stands in a member of its own here, and in the format itself there.
  private static func format(_ format: RawJSON) throws(Refusal) -> RawJSON {
    guard format.nonNull("type")?.string == "json_schema",
      let schema = format.nonNull("json_schema")
    else {
      try Rule.textFormat.check(format)
      return format
    }
    do throws(Refusal) {
      try Rule.textFormat.check(schema.setting("type", to: .string("json_schema")))
    } catch {
      throw error.inside("json_schema")
    }
    return schema.unnested("json_schema")
  }
}

extension Refusal {
  static func noCounterpart(_ value: RawJSON) -> Refusal {
    Refusal(
      "\(value.foundText) found, nothing was expected: the Responses API has no such thing")
  }
}

extension RawJSON {
  /// The members of an object behind the type of what it becomes.
  func unnested(_ type: String) -> RawJSON {
    .object { object in
      object.member("type", type)
      for member in members where member.key != "type" { object.member(member.key, member.value) }
    }
  }
}
