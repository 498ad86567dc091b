internal import JSON

/// Writes the response object, which echoes its request, at every stage.
struct ResponseObject: Sendable {
  enum Status: String {
    case queued, completed, failed, incomplete
    case inProgress = "in_progress"
  }

  let id: String
  private let createdAt = Clock.unixSeconds()
  private let request: CreateRequest
  private let script: ScriptControls

  init(_ request: CreateRequest, id: String?, _ script: ScriptControls) {
    self.id = id ?? Identifier.make("resp")
    self.request = request
    self.script = script
  }

  func json(_ status: Status, output: [RawJSON] = [], usage: Usage? = nil) -> RawJSON {
    .object { writer in
      if script.hasID { writer.member("id", id) }
      writer.member("object", "response")
      writer.member("created_at", createdAt)
      writer.member("status", status.rawValue)
      if !script.isSparse { writeState(status, to: &writer) }
      writer.member("model", request.model)
      writer.key("output")
      writer.array { writer in
        for item in output { writer.value(item) }
      }
      if !script.isSparse { writeRest(to: &writer) }
      writer.member("usage", usage?.json ?? .null)
    }
  }

  private func writeState(_ status: Status, to writer: inout JSONWriter) {
    writer.member("background", request.isBackground)
    let isCompleted = status == .completed
    writer.member("completed_at", isCompleted ? .integer(Clock.unixSeconds()) : .null)
    writer.member("error", status == .failed ? error : .null)
    writer.member("incomplete_details", status == .incomplete ? Self.cutByLimit : .null)
    echo("instructions", to: &writer)
    echo("max_output_tokens", to: &writer)
    echo("max_tool_calls", to: &writer)
  }

  private static let cutByLimit = RawJSON.object { $0.member("reason", "max_output_tokens") }

  /// What a failure says.
  var error: RawJSON {
    .object { writer in
      writer.member("code", script.errorCode)
      writer.member("message", script.errorMessage)
    }
  }

  private func writeRest(to writer: inout JSONWriter) {
    echo("parallel_tool_calls", .boolean(true), to: &writer)
    echo("previous_response_id", to: &writer)
    if let conversation { writer.member("conversation", conversation) }
    if let prompt = request.members["prompt"] { writer.member("prompt", prompt) }
    echo("prompt_cache_key", to: &writer)
    echo("prompt_cache_retention", to: &writer)
    writer.member("reasoning", reasoning)
    echo("safety_identifier", to: &writer)
    echo("service_tier", .string("default"), to: &writer)
    echo("store", .boolean(true), to: &writer)
    echo("temperature", .integer(1), to: &writer)
    writer.member("text", text)
    echo("tool_choice", .string("auto"), to: &writer)
    writer.key("tools")
    writer.array { writer in
      for tool in request.tools { writer.value(Self.echo(tool)) }
    }
    echo("top_logprobs", .integer(0), to: &writer)
    echo("top_p", .integer(1), to: &writer)
    echo("presence_penalty", .integer(0), to: &writer)
    echo("frequency_penalty", .integer(0), to: &writer)
    echo("truncation", .string("disabled"), to: &writer)
    echo("user", to: &writer)
    echo("metadata", .emptyObject, to: &writer)
    writer.member("content_filters", .null)
  }

  private func echo(_ key: String, _ fallback: RawJSON = .null, to writer: inout JSONWriter) {
    writer.member(key, request.members[key] ?? fallback)
  }

  /// The conversation as an object, in whichever form it was named.
  private var conversation: RawJSON? {
    guard let value = request.members["conversation"] else { return nil }
    guard let id = value.string else { return value }
    return .object { $0.member("id", id) }
  }

  private var reasoning: RawJSON {
    guard let reasoning = request.members["reasoning"] else { return .null }
    return Self.fill(reasoning, ["effort", "summary"])
  }

  private var text: RawJSON {
    let plain = RawJSON.object { $0.member("type", "text") }
    guard let text = request.members["text"], text.kind == .object else {
      return .object { $0.member("format", plain) }
    }
    guard let format = text.nonNull("format") else { return text.setting("format", to: plain) }
    guard format["type"]?.string == "json_schema" else { return text }
    var filled = Self.fill(format, ["description"])
    if filled.nonNull("strict") == nil { filled = filled.setting("strict", to: .boolean(false)) }
    return text.setting("format", to: filled)
  }

  private static func echo(_ tool: RawJSON) -> RawJSON {
    guard tool.kind == .object else { return tool }
    switch tool["type"]?.string {
    case "function": return fill(tool, ["description", "parameters", "strict"])
    case "mcp": return tool.removing("authorization", "headers")
    default: return tool
    }
  }

  /// Adds null members that are not there.
  private static func fill(_ object: RawJSON, _ keys: [String]) -> RawJSON {
    guard object.kind == .object else { return object }
    return keys.reduce(object) { $0[$1] == nil ? $0.setting($1, to: .null) : $0 }
  }
}
