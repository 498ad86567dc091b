internal import JSON

/// Brings what the API calls equal to one spelling: a text and a part of it, what is left out and
/// its documented default.
///
/// What is made here is compared, never sent.
enum CanonicalRequest {
  // MARK: Items

  /// An item as its answer depends on it: a message is spelled out, and ids of what was said are no
  /// part of it.
  static func item(_ item: RawJSON) -> RawJSON {
    guard item.kind == .object else { return item }
    switch item.nonNull("type")?.string {
    case "message": return message(item)
    case nil where item["role"] != nil: return message(item)
    case "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output":
      return item.leaving { $0.key == "id" || $0.isDefaultStatus || $0.value.isNull }
    default: return item
    }
  }

  private static func message(_ item: RawJSON) -> RawJSON {
    let members = item.members
    let isAnswer = members.contains { $0.key == "role" && $0.value.string == "assistant" }
    return .object { message in
      message.member("type", "message")
      for member in members
      where !["type", "id"].contains(member.key) && !member.isDefaultStatus && !member.value.isNull
      {
        message.member(
          member.key,
          member.key == "content" ? content(member.value, isAnswer: isAnswer) : member.value)
      }
    }
  }

  /// A string is one part of text.
  private static func content(_ content: RawJSON, isAnswer: Bool) -> RawJSON {
    let parts =
      switch content.kind {
      case .array: content.elements.map(part)
      case .string: [textPart(content, isAnswer: isAnswer)]
      default: [content]
      }
    return .array(parts)
  }

  private static func textPart(_ text: RawJSON, isAnswer: Bool) -> RawJSON {
    .object { part in
      part.member("type", isAnswer ? "output_text" : "input_text")
      part.member("text", text)
    }
  }

  private static func part(_ part: RawJSON) -> RawJSON {
    guard part.kind == .object else { return part }
    return part.leaving { member in
      switch member.key {
      case "annotations", "logprobs": member.value.isNull || member.value.isEmptyArray
      case "detail": member.value.isNull || member.value.string == "auto"
      default: member.value.isNull
      }
    }
  }

  // MARK: Members

  /// For which the API takes null as if they were not there.
  private static let nullable: Set<String> = [
    "context_management", "frequency_penalty", "include", "instructions", "max_output_tokens",
    "max_tool_calls", "parallel_tool_calls", "presence_penalty", "prompt", "reasoning",
    "service_tier", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p",
    "truncation",
  ]

  /// A member of a request as the answer depends on it; nil where it says the default.
  static func value(of member: RawJSON.Member) -> RawJSON? {
    let value = member.value
    guard !value.isNull else { return nullable.contains(member.key) ? nil : value }
    switch member.key {
    case "tool_choice", "service_tier": return value.string == "auto" ? nil : value
    case "truncation": return value.string == "disabled" ? nil : value
    case "parallel_tool_calls": return value.boolean == true ? nil : value
    case "frequency_penalty", "presence_penalty", "top_logprobs":
      return value.double == 0 ? nil : value
    case "top_p": return value.double == 1 ? nil : value
    case "include": return value.isEmptyArray ? nil : value
    case "tools": return tools(value)
    case "text": return text(value)
    case "reasoning": return value.kind == .object ? value.withoutNulls.unlessEmpty : value
    case "prompt": return value.kind == .object ? value.withoutNulls : value
    default: return value
    }
  }

  private static func tools(_ tools: RawJSON) -> RawJSON? {
    guard tools.kind == .array else { return tools }
    let elements = tools.elements.map { $0.kind == .object ? $0.withoutNulls : $0 }
    return elements.isEmpty ? nil : .array(elements)
  }

  private static func text(_ text: RawJSON) -> RawJSON? {
    guard text.kind == .object else { return text }
    var canonical = text.leaving { member in
      switch member.key {
      case "verbosity": member.value.isNull || member.value.string == "medium"
      case "format": member.value.isNull || member.value["type"]?.string == "text"
      default: member.value.isNull
      }
    }
    if let format = canonical["format"], format.kind == .object {
      canonical = canonical.setting(
        "format",
        to: format.leaving {
          $0.value.isNull || $0.key == "strict" && $0.value.boolean == false
        })
    }
    return canonical.unlessEmpty
  }
}

extension RawJSON.Member {
  /// What was said is whole unless it says otherwise.
  fileprivate var isDefaultStatus: Bool { key == "status" && value.string == "completed" }
}

extension RawJSON {
  fileprivate var isEmptyArray: Bool { kind == .array && elements.isEmpty }

  fileprivate var unlessEmpty: RawJSON? { members.isEmpty ? nil : self }

  fileprivate var withoutNulls: RawJSON { leaving { $0.value.isNull } }

  /// The object without some members.
  fileprivate func leaving(_ isLeftOut: (Member) -> Bool) -> RawJSON {
    let members = members
    guard members.contains(where: isLeftOut) else { return self }
    return .object { object in
      for member in members where !isLeftOut(member) { object.member(member.key, member.value) }
    }
  }
}
