internal import JSON

/// One item of a context, read once.
struct InputItem: Sendable {
  /// The item as it came, with an id and a status.
  let json: RawJSON
  let id: String
  let type: String
  let role: String?
  let callID: String?
  /// What the item says, for counting and quoting.
  let text: String
  /// Its images and files, in words.
  let attachments: [String]

  /// Reads an item of `input`; one without a type is a message or a reference.
  init(_ json: RawJSON, at index: Int) throws(APIError) {
    guard json.kind == .object else {
      throw .badRequest(
        "An item is an object, found \(json.text.prefix(40)).", param: "input[\(index)]",
        code: "invalid_type")
    }
    self.init(json)
    if type == "message", !["user", "assistant", "system", "developer"].contains(role) {
      throw .badRequest(
        "The role is '\(role ?? "")', one of user, assistant, system and developer was expected.",
        param: "input[\(index)].role", code: "invalid_value")
    }
  }

  /// Takes an object that is known to be an item.
  init(_ json: RawJSON) {
    let members = Dictionary(json.members.map { ($0.key, $0.value) }) { $1 }
    let role = members["role"]?.string
    let type = members["type"]?.string ?? (role == nil ? "item_reference" : "message")
    self.type = type
    self.role = role
    callID = members["call_id"]?.string
    var parts = ItemParts()
    for key in ["content", "output", "summary", "arguments", "input"] {
      if let value = members[key] { parts.add(value) }
    }
    text = parts.text
    attachments = parts.attachments
    var json = json
    if let id = members["id"]?.string {
      self.id = id
    } else {
      id = Identifier.make(Self.prefix(type))
      json = json.setting("id", to: .string(id))
    }
    self.json =
      members["status"] == nil && type == "message"
      ? json.setting("status", to: .string("completed")) : json
  }

  /// Makes the user message that a string stands for.
  init(userText: String) {
    self.init(
      .object { writer in
        writer.member("type", "message")
        writer.member("role", "user")
        writer.key("content")
        writer.array { writer in
          writer.object { writer in
            writer.member("type", "input_text")
            writer.member("text", userText)
          }
        }
      })
  }

  /// A user's message as the API gives it back: with its type, and a text as a part.
  var asParts: RawJSON {
    let typed = json["type"] == nil ? json.setting("type", to: .string(type)) : json
    guard let text = json["content"]?.string else { return typed }
    let part = RawJSON.object { writer in
      writer.member("type", "input_text")
      writer.member("text", text)
    }
    return typed.setting("content", to: .array([part]))
  }

  private static func prefix(_ type: String) -> String {
    switch type {
    case "message": "msg"
    case "function_call", "function_call_output": "fc"
    case "custom_tool_call", "custom_tool_call_output": "ctc"
    case "reasoning": "rs"
    default: "item"
    }
  }

  var isCall: Bool { type == "function_call" || type == "custom_tool_call" }
  var isCallOutput: Bool {
    type == "function_call_output" || type == "custom_tool_call_output"
  }

  /// Counts words as tokens, and something for what surrounds them and for attachments.
  var tokens: Int { 3 + Words.count(text) + 85 * attachments.count }
}
