internal import JSON

/// One item of the answer.
enum OutputItem: Sendable {
  struct Message: Sendable {
    var id = Identifier.make("msg")
    /// The text, cut as it is streamed.
    let pieces: [String]
    let isCut: Bool
    /// Deltas of `Burst.word` behind the pieces.
    var burst = 0

    var text: String {
      pieces.joined() + String(repeating: Burst.word, count: burst)
    }
  }

  struct Call: Sendable {
    var id: String
    let callID = Identifier.make("call")
    let name: String
    /// The arguments of a function, the input of a custom tool.
    let arguments: String
    let isCustom: Bool

    init(name: String, arguments: String, isCustom: Bool) {
      id = Identifier.make(isCustom ? "ctc" : "fc")
      self.name = name
      self.arguments = arguments
      self.isCustom = isCustom
    }
  }

  struct Reasoning: Sendable {
    var id = Identifier.make("rs")
    /// Empty unless a summary was asked for.
    let summary: [String]
    let encrypted: String?
    let tokens: Int
  }

  case message(Message)
  case call(Call)
  case reasoning(Reasoning)

  /// The item with the id that every other one of its type has.
  var withCommonID: OutputItem {
    switch self {
    case .message(var message):
      message.id = "msg_1"
      return .message(message)
    case .call(var call):
      call.id = "fc_1"
      return .call(call)
    case .reasoning(var reasoning):
      reasoning.id = "rs_1"
      return .reasoning(reasoning)
    }
  }

  /// The item at its beginning, without content, or at its end.
  func json(isDone: Bool) -> RawJSON {
    switch self {
    case .message(let message): message.json(isDone: isDone)
    case .call(let call): call.json(isDone: isDone)
    case .reasoning(let reasoning): reasoning.json(isDone: isDone)
    }
  }
}

extension OutputItem.Message {
  func json(isDone: Bool) -> RawJSON {
    .object { writer in
      writer.member("id", id)
      writer.member("type", "message")
      writer.member("status", !isDone ? "in_progress" : isCut ? "incomplete" : "completed")
      writer.member("role", "assistant")
      writer.key("content")
      writer.array { writer in
        if isDone { writer.value(Self.part(text)) }
      }
    }
  }

  static func part(_ text: String) -> RawJSON {
    .object { writer in
      writer.member("type", "output_text")
      writer.member("text", text)
      writer.key("annotations")
      writer.array { _ in }
      writer.key("logprobs")
      writer.array { _ in }
    }
  }
}

extension OutputItem.Call {
  func json(isDone: Bool) -> RawJSON {
    .object { writer in
      writer.member("id", id)
      writer.member("type", isCustom ? "custom_tool_call" : "function_call")
      writer.member("status", isDone ? "completed" : "in_progress")
      writer.member("call_id", callID)
      writer.member("name", name)
      writer.member(isCustom ? "input" : "arguments", isDone ? arguments : "")
    }
  }
}

extension OutputItem.Reasoning {
  func json(isDone: Bool) -> RawJSON {
    .object { writer in
      writer.member("id", id)
      writer.member("type", "reasoning")
      writer.key("summary")
      writer.array { writer in
        if isDone, !summary.isEmpty { writer.value(Self.part(summary.joined())) }
      }
      if let encrypted { writer.member("encrypted_content", encrypted) }
    }
  }

  static func part(_ text: String) -> RawJSON {
    .object { writer in
      writer.member("type", "summary_text")
      writer.member("text", text)
    }
  }
}
