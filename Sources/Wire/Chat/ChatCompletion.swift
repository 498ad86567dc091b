package import JSON

/// Turns a response that has ended into a chat completion.
package struct ChatCompletion {
  private let options: ChatReplyOptions
  private var text: ChatText
  private var content: [UInt8] = []
  private var hasText = false
  private var tokens: [RawJSON] = []
  private var refusal = ""
  private var reasoning: [String] = []
  private var annotations: [RawJSON] = []
  private var calls: [RawJSON] = []

  private init(_ options: ChatReplyOptions) {
    self.options = options
    text = ChatText(options)
  }

  /// - Parameter defaults: what the response may not say of itself.
  /// - Throws: what made the response fail.
  package static func object(
    of response: RawJSON, _ options: ChatReplyOptions, _ defaults: ResponseDefaults
  ) throws(APIError) -> RawJSON {
    guard response["status"]?.string != "failed" else { throw APIError(failed: response) }
    var completion = ChatCompletion(options)
    completion.add(response["output"]?.objects ?? [])
    return completion.object(of: response, defaults)
  }

  // MARK: Reading

  private mutating func add(_ output: [RawJSON]) {
    let answered = ChatParts.answeredCalls(output)
    for item in output where !text.isCut {
      switch item["type"]?.string {
      case "message", nil: addMessage(item)
      case "reasoning": addReasoning(item)
      case let type where ChatParts.isCall(type):
        if !answered.contains(item["call_id"]?.string ?? "") { calls.append(item) }
      default: break
      }
    }
    text.end()
    tell()
  }

  private mutating func addMessage(_ item: RawJSON) {
    for part in item["content"]?.objects ?? [] where !text.isCut {
      if part["type"]?.string == "refusal" {
        refusal += part["refusal"]?.string ?? ""
      } else if let said = part["text"], said.kind == .string {
        hasText = true
        text.take(said, part["logprobs"])
        tell()
        annotations += ChatParts.annotations(of: part)
      }
    }
  }

  private mutating func tell() {
    guard let (said, logprobs) = text.next() else { return }
    content += (said.string ?? "").utf8
    tokens += logprobs?["content"]?.elements ?? []
  }

  private mutating func addReasoning(_ item: RawJSON) {
    for key in ["summary", "content"] {
      reasoning += (item[key]?.objects ?? []).compactMap { $0["text"]?.string }
        .filter { !$0.isEmpty }
    }
  }

  // MARK: Writing

  private func object(of response: RawJSON, _ defaults: ResponseDefaults) -> RawJSON {
    let id = response["id"]?.string ?? defaults.id
    let reason =
      text.isCut
      ? "stop"
      : ChatParts.finishReason(
        of: response, isIncomplete: false, hasCalls: !calls.isEmpty, options)
    return .object { chat in
      chat.member("id", ChatParts.id(of: id))
      chat.member("object", "chat.completion")
      chat.member("created", response["created_at"]?.wholeNumber ?? defaults.createdAt)
      chat.member("model", response.chatModel(options))
      chat.key("choices")
      chat.array { choices in
        choices.object { choice in
          choice.member("index", 0)
          choice.member("message", message)
          choice.member("logprobs", ChatParts.logprobs(tokens))
          choice.member("finish_reason", reason)
        }
      }
      if let usage = ChatParts.usage(of: response) { chat.member("usage", usage) }
      ChatParts.writeEnd(of: response, to: &chat)
      if let metadata = response.nonNull("metadata"), !metadata.isNothing {
        chat.member("metadata", metadata)
      }
    }
  }

  private var message: RawJSON {
    .object { message in
      message.member("role", "assistant")
      let isElsewhere = !hasText && (!calls.isEmpty || !refusal.isEmpty)
      message.member(
        "content", isElsewhere ? .null : .string(String(decoding: content, as: UTF8.self)))
      message.member("refusal", refusal.isEmpty ? .null : .string(refusal))
      if !reasoning.isEmpty {
        message.member("reasoning_content", reasoning.joined(separator: "\n\n"))
      }
      message.member("annotations", RawJSON.array(annotations))
      writeCalls(to: &message)
    }
  }

  private func writeCalls(to message: inout JSONWriter) {
    let told = calls.map { ChatParts.call($0) }
    guard let first = told.first else { return }
    if options.usesFunctions {
      message.member("function_call", first["function"] ?? first["custom"] ?? .null)
    } else {
      message.member("tool_calls", RawJSON.array(told))
    }
  }
}
