internal import JSON

/// Translates the messages of a chat completion to items, in their order.
///
/// A message of the assistant becomes its text and, behind it, its calls. Members of a message that
/// an item has no place for are passed over: a name, reasoning that was told, what other servers put
/// there.
struct ChatMessages: ~Copyable {
  enum Role: String, CaseIterable {
    case system, developer, user, assistant, tool, function
  }

  private(set) var ignored = IgnoredMembers()
  private var items = JSONWriter()
  /// Calls of custom tools, by their ids: their outputs are items of another type.
  private var customCalls: Set<String> = []
  /// Calls of the old kind that have no output yet; they have no ids, and the last of a name counts.
  private var functionCalls: [(name: String, id: String)] = []

  mutating func items(_ messages: RawJSON) throws(Refusal) -> RawJSON {
    items.beginArray()
    for (index, message) in messages.elements.enumerated() {
      do throws(Refusal) {
        try add(message, at: index)
      } catch {
        throw error.inside(index).inside("messages")
      }
    }
    items.endArray()
    return items.json
  }

  private mutating func add(_ json: RawJSON, at index: Int) throws(Refusal) {
    let message = json.members
    try Shape.chatRole.check(message)
    guard let role = Role(rawValue: message.nonNull("role")?.string ?? "") else { return }
    try Shape.chatMessage(role).check(message)
    passOver(message, of: role)
    switch role {
    case .system, .developer, .user:
      addMessage(role, message.nonNull("content").map { Self.content($0) } ?? .emptyArray)
    case .assistant: try addAssistant(message, at: index)
    case .tool:
      let id = message.nonNull("tool_call_id") ?? .null
      addOutput(id, message, isCustom: customCalls.contains(id.string ?? ""))
    case .function: try addFunctionOutput(message)
    }
  }

  private mutating func passOver(_ message: [RawJSON.Member], of role: Role) {
    for member in message where !member.value.isNothing {
      let isKnown =
        switch member.key {
        case "role", "content": true
        case "refusal", "tool_calls", "function_call", "audio": role == .assistant
        case "tool_call_id": role == .tool
        case "name": role == .function
        default: false
        }
      if !isKnown { ignored.add("messages.\(member.key)") }
    }
  }

  private mutating func addMessage(_ role: Role, _ content: RawJSON) {
    items.object {
      $0.member("type", "message")
      $0.member("role", role.rawValue)
      $0.member("content", content)
    }
  }

  // MARK: The assistant

  private mutating func addAssistant(
    _ message: [RawJSON.Member], at index: Int
  ) throws(Refusal) {
    if let audio = message.nonNull("audio") { throw Refusal.noCounterpart(audio).inside("audio") }
    let calls = message.nonNull("tool_calls")?.elements ?? []
    let call = message.nonNull("function_call")
    let content = message.nonNull("content")
    let refusal = message.nonNull("refusal").flatMap { $0.isNothing ? nil : $0 }
    // An empty text beside a call is how many clients say that there is none.
    if let content, !content.isNothing || (calls.isEmpty && call == nil && refusal == nil) {
      addMessage(.assistant, Self.answer(content, refusal))
    } else if refusal != nil {
      addMessage(.assistant, Self.answer(.emptyArray, refusal))
    }
    for (number, call) in calls.enumerated() {
      do throws(Refusal) {
        try add(call)
      } catch {
        throw error.inside(number).inside("tool_calls")
      }
    }
    if let call {
      let id = "call_message_\(index)"
      functionCalls.append((call["name"]?.string ?? "", id))
      addCall("function_call", .string(id), call, ["name", "arguments"])
    }
  }

  private mutating func add(_ call: RawJSON) throws(Refusal) {
    let id = call["id"] ?? .null
    switch call.nonNull("type")?.string ?? (call.nonNull("function") == nil ? "custom" : "function")
    {
    case "function":
      addCall("function_call", id, call["function"] ?? .null, ["name", "arguments"])
    case "custom":
      customCalls.insert(id.string ?? "")
      addCall("custom_tool_call", id, call["custom"] ?? .null, ["name", "input"])
    case let type:
      throw Refusal(
        found: RawJSON.string(type).excerpt, expected: "\"function\" or \"custom\""
      ).inside("type")
    }
  }

  private mutating func addCall(
    _ type: String, _ id: RawJSON, _ call: RawJSON, _ keys: [String]
  ) {
    items.object {
      $0.member("type", type)
      $0.member("call_id", id)
      for key in keys { $0.member(key, call[key] ?? .string("")) }
    }
  }

  // MARK: Outputs

  private mutating func addFunctionOutput(_ message: [RawJSON.Member]) throws(Refusal) {
    let name = message.nonNull("name")?.string ?? ""
    guard let call = functionCalls.lastIndex(where: { $0.name == name }) else {
      throw Refusal("a name that no call before it has found, that of one was expected")
        .inside("name")
    }
    addOutput(.string(functionCalls.remove(at: call).id), message, isCustom: false)
  }

  private mutating func addOutput(
    _ id: RawJSON, _ message: [RawJSON.Member], isCustom: Bool
  ) {
    items.object {
      $0.member("type", isCustom ? "custom_tool_call_output" : "function_call_output")
      $0.member("call_id", id)
      $0.member("output", message.nonNull("content").map { Self.content($0) } ?? .string(""))
    }
  }
}

extension RawJSON {
  /// Whether there is nothing in it: null, false, or an empty text, array or object.
  var isNothing: Bool {
    switch kind {
    case .null: true
    case .boolean: boolean == false
    case .string: bytes.count == 2
    case .array: elements.isEmpty
    case .object: members.isEmpty
    case .number: false
    }
  }
}
