internal import JSON

/// What stands in a chat completion and in its chunks alike.
enum ChatParts {
  static func id(of response: String) -> String {
    "chatcmpl-\(response.hasPrefix("resp_") ? response.dropFirst(5) : response[...])"
  }

  /// - Parameter isIncomplete: whether the event that ended it says so.
  static func finishReason(
    of response: RawJSON, isIncomplete: Bool, hasCalls: Bool, _ options: ChatReplyOptions
  ) -> String {
    let isCutOff =
      isIncomplete || ["incomplete", "cancelled"].contains(response["status"]?.string ?? "")
    guard !isCutOff else {
      let reason = response.nonNull("incomplete_details")?["reason"]?.string
      // Whatever else cut it off, it is shorter than it would have been.
      return reason == "content_filter" ? "content_filter" : "length"
    }
    guard hasCalls else { return "stop" }
    return options.usesFunctions ? "function_call" : "tool_calls"
  }

  /// nil where the response tells none.
  static func usage(of response: RawJSON) -> RawJSON? {
    guard let usage = response.nonNull("usage"), usage.kind == .object else { return nil }
    let prompt = usage["input_tokens"]?.integer ?? 0
    let completion = usage["output_tokens"]?.integer ?? 0
    let (sum, isTooMuch) = prompt.addingReportingOverflow(completion)
    return .object { chat in
      chat.member("prompt_tokens", prompt)
      chat.member("completion_tokens", completion)
      chat.member("total_tokens", usage["total_tokens"]?.integer ?? (isTooMuch ? .max : sum))
      chat.member(
        "prompt_tokens_details", details(usage["input_tokens_details"], "cached_tokens"))
      chat.member(
        "completion_tokens_details", details(usage["output_tokens_details"], "reasoning_tokens"))
    }
  }

  private static func details(_ details: RawJSON?, _ key: String) -> RawJSON {
    let told = details.flatMap { $0.kind == .object ? $0 : nil } ?? .emptyObject
    return told.adding([(key, .integer(0))], replacesNull: true)
  }

  /// Members of the answer that have its end told.
  static func writeEnd(of response: RawJSON, to writer: inout JSONWriter) {
    if let tier = response.nonNull("service_tier") { writer.member("service_tier", tier) }
    if let moderation = response.nonNull("moderation"), moderation.kind == .object {
      writer.key("moderation")
      writer.object { object in
        for member in moderation.members { object.member(member.key, results(member.value)) }
      }
    }
  }

  /// There is one result here, and a list of them there.
  private static func results(_ result: RawJSON) -> RawJSON {
    guard result["type"]?.string == "moderation_result" else { return result }
    return .object { object in
      object.member("type", "moderation_results")
      object.member("model", result["model"] ?? .null)
      object.member("results", .array([result]))
    }
  }

  // MARK: Texts

  /// Web pages that a text cites; what else it cites has no counterpart.
  static func annotation(_ annotation: RawJSON) -> RawJSON? {
    guard annotation["type"]?.string == "url_citation" else { return nil }
    return .object { chat in
      chat.member("type", "url_citation")
      chat.member("url_citation", annotation.removing("type"))
    }
  }

  static func annotations(of part: RawJSON) -> [RawJSON] {
    (part["annotations"]?.elements ?? []).compactMap { annotation($0) }
  }

  /// The probabilities of tokens, with the members that the SDKs read.
  static func tokens(_ logprobs: RawJSON?) -> [RawJSON] {
    (logprobs?.elements ?? []).map { $0.adding([("bytes", .null), ("top_logprobs", .emptyArray)]) }
  }

  static func logprobs(_ tokens: [RawJSON]) -> RawJSON {
    guard !tokens.isEmpty else { return .null }
    return .object { logprobs in
      logprobs.member("content", RawJSON.array(tokens))
      logprobs.member("refusal", .null)
    }
  }

  /// The tokens that a text of so many bytes has whole.
  static func tokens(_ tokens: [RawJSON], within bytes: Int) -> [RawJSON] {
    var rest = bytes
    return Array(
      tokens.prefix { token in
        rest -= token["token"]?.string?.utf8.count ?? 0
        return rest >= 0
      })
  }

  // MARK: Calls

  static func isCall(_ type: String?) -> Bool {
    type == "function_call" || type == "custom_tool_call"
  }

  /// The ids of calls that have their outputs: they were the daemon's to make.
  static func answeredCalls(_ output: [RawJSON]) -> Set<String> {
    Set(
      output.filter { isOutput($0["type"]?.string) }.compactMap { $0["call_id"]?.string })
  }

  static func isOutput(_ type: String?) -> Bool {
    type == "function_call_output" || type == "custom_tool_call_output"
  }

  /// A call, or what a chunk has of one.
  ///
  /// - Parameters:
  ///   - index: of a chunk.
  ///   - argument: instead of the call's own.
  static func call(
    _ item: RawJSON, index: Int? = nil, argument: RawJSON? = nil
  ) -> RawJSON {
    let isCustom = item["type"]?.string == "custom_tool_call"
    let key = isCustom ? "input" : "arguments"
    return .object { call in
      if let index { call.member("index", index) }
      call.member("id", item.literal("call_id") ?? item.literal("id") ?? .string(""))
      call.member("type", isCustom ? "custom" : "function")
      call.key(isCustom ? "custom" : "function")
      call.object { function in
        function.member("name", item.literal("name") ?? .string(""))
        function.member(key, argument ?? item.literal(key) ?? .string(""))
      }
    }
  }
}

extension RawJSON {
  /// The value of a member that is a string.
  func literal(_ key: String) -> RawJSON? {
    self[key].flatMap { $0.kind == .string ? $0 : nil }
  }
}
