internal import JSON

/// The body of a create, checked as the API checks it.
struct CreateRequest: Sendable {
  let members: [String: RawJSON]
  let model: String
  let input: [InputItem]
  let metadata: [String: String]

  init(_ body: [UInt8]) throws(APIError) {
    let members = try Self.members(of: body)
    self.members = members
    guard let model = members["model"]?.string else {
      throw .badRequest(
        "Missing required parameter: 'model'.", param: "model", code: "missing_required_parameter")
    }
    self.model = model
    input = try Self.readInput(members["input"])
    metadata = try Self.readMetadata(members["metadata"])
    try CreateCheck(members: members).run()
  }

  /// Reads the members of an object; those that are null count as absent.
  static func members(of body: [UInt8]) throws(APIError) -> [String: RawJSON] {
    let json: RawJSON
    do throws(JSONError) {
      json = try RawJSON(parsing: body, limits: .relayed)
    } catch {
      throw .badRequest("The body is not JSON: \(error.message) at byte \(error.offset).")
    }
    guard json.kind == .object else { throw .badRequest("The body is not a JSON object.") }
    let members = json.members.filter { !$0.value.isNull }
    return Dictionary(members.map { ($0.key, $0.value) }) { $1 }
  }

  static func readInput(_ value: RawJSON?) throws(APIError) -> [InputItem] {
    guard let value else { return [] }
    if let text = value.string { return [InputItem(userText: text)] }
    guard value.kind == .array else {
      throw .badRequest(
        "Invalid type for 'input': expected a string or an array of items.", param: "input",
        code: "invalid_type")
    }
    var items: [InputItem] = []
    for (index, element) in value.elements.enumerated() {
      items.append(try InputItem(element, at: index))
    }
    return items
  }

  private static func readMetadata(_ value: RawJSON?) throws(APIError) -> [String: String] {
    guard let value else { return [:] }
    var metadata: [String: String] = [:]
    for member in value.members {
      guard let text = member.value.string else {
        throw .badRequest(
          "Invalid type for 'metadata.\(member.key)': expected a string.",
          param: "metadata.\(member.key)", code: "invalid_type")
      }
      metadata[member.key] = text
    }
    return metadata
  }

  var isStream: Bool { members["stream"]?.boolean ?? false }
  var isBackground: Bool { members["background"]?.boolean ?? false }
  var isStored: Bool { members["store"]?.boolean ?? true }
  var previousID: String? { members["previous_response_id"]?.string }
  var instructions: String? { members["instructions"]?.string }
  var tools: [RawJSON] { members["tools"]?.elements ?? [] }
  var allowsParallelCalls: Bool { members["parallel_tool_calls"]?.boolean ?? true }
  var maximumOutputTokens: Int? { members["max_output_tokens"]?.integer.map(Int.init) }
  var format: RawJSON? { members["text"]?.nonNull("format") }

  func includes(_ name: String) -> Bool {
    members["include"]?.elements.contains { $0.string == name } ?? false
  }

  /// The effort that was asked for; `none` is no effort.
  var effort: String? {
    let effort = members["reasoning"]?["effort"]?.string
    return effort == "none" ? nil : effort
  }

  var wantsObfuscation: Bool {
    members["stream_options"]?["include_obfuscation"]?.boolean ?? false
  }
}
