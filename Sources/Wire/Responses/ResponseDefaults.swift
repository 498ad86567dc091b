package import JSON

/// Fills in what the API says that a response has, and what sparse servers leave out: the SDKs read
/// those members without asking whether they are there.
///
/// What a response would repeat of its request is taken from that, all else is the API's default.
/// What is there stays byte for byte, and an object that lacks nothing is the same one. The members
/// are those that Open Responses (2026-04-24) requires, which are more than OpenAI's.
package struct ResponseDefaults: Sendable {
  package let id: String
  /// Seconds since 1970.
  package let createdAt: Int64
  private let model: String
  private let request: RawJSON

  /// - Parameters:
  ///   - id: of the response, as clients know it.
  ///   - model: as it was asked for, where the request does not say.
  ///   - request: the params of its create; empty where they are not known.
  package init(id: String, createdAt: Int64, model: String = "", request: RawJSON = .emptyObject) {
    self.id = id
    self.createdAt = createdAt
    self.model = model
    self.request = request
  }

  // MARK: The response

  /// - Parameter status: what it is where it does not say.
  package func completed(_ response: RawJSON, status: String = "completed") -> RawJSON {
    guard response.kind == .object else { return response }
    let items = response.nonNull("output") ?? .emptyArray
    var filled = response
    if response.nonNull("output") == nil { filled = filled.setting("output", to: .emptyArray) }
    filled = filled.adding(members(status: status))
    filled = filled.filling("usage") { $0.completedUsage }
    filled = filled.filling("reasoning") { $0.adding([("effort", .null), ("summary", .null)]) }
    filled = filled.filling("text") { $0.completedText }
    filled = filled.filling("tools") { $0.mapping { $0.completedTool } }
    return replaceOutput(of: filled, items)
  }

  private func replaceOutput(of response: RawJSON, _ items: RawJSON) -> RawJSON {
    let elements = items.elements
    let output = elements.enumerated().map { index, item in
      completed(item, at: index, status: "completed")
    }
    return output == elements ? response : response.setting("output", to: .array(output))
  }

  /// What the response is before anything came.
  func blank(status: String) -> RawJSON {
    completed(.emptyObject, status: status)
  }

  private func members(status: String) -> [(String, RawJSON)] {
    let own: [(String, RawJSON)] = [
      ("id", .string(id)), ("object", .string("response")), ("created_at", .integer(createdAt)),
      ("status", .string(status)),
      ("model", request.nonNull("model") ?? .string(model)),
    ]
    return own + Self.standards.map { ($0, echo($0) ?? $1) }
  }

  /// Tools of other types may hold what the client logs in with.
  private func echo(_ key: String) -> RawJSON? {
    guard Self.echoed.contains(key), let value = request.nonNull(key) else { return nil }
    guard key == "tools" else { return value }
    let isHarmless = value.elements.allSatisfy { $0["type"]?.string == "function" }
    return isHarmless ? value : nil
  }

  private static let echoed: Set = [
    "background", "frequency_penalty", "instructions", "max_output_tokens", "max_tool_calls",
    "metadata", "parallel_tool_calls", "presence_penalty", "previous_response_id",
    "prompt_cache_key", "reasoning", "safety_identifier", "store", "temperature", "text",
    "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user",
  ]

  private static let standards: [(String, RawJSON)] = [
    ("background", .boolean(false)), ("completed_at", .null), ("error", .null),
    ("frequency_penalty", .integer(0)), ("incomplete_details", .null), ("instructions", .null),
    ("max_output_tokens", .null), ("max_tool_calls", .null), ("metadata", .emptyObject),
    ("parallel_tool_calls", .boolean(true)), ("presence_penalty", .integer(0)),
    ("previous_response_id", .null), ("prompt_cache_key", .null), ("reasoning", .null),
    ("safety_identifier", .null), ("service_tier", .string("default")), ("store", .boolean(true)),
    ("temperature", .integer(1)), ("text", RawJSON.emptyObject.completedText),
    ("tool_choice", .string("auto")), ("tools", .emptyArray), ("top_logprobs", .integer(0)),
    ("top_p", .integer(1)), ("truncation", .string("disabled")), ("usage", .null), ("user", .null),
  ]

  // MARK: Items

  /// - Parameters:
  ///   - index: its place in the output, from which an id is made that is the same each time.
  ///   - status: what it is where it does not say.
  func completed(_ item: RawJSON, at index: Int, status: String) -> RawJSON {
    guard item.kind == .object, let prefix = Self.prefixes[item["type"]?.string ?? ""] else {
      return item
    }
    let id = item.nonNull("id") ?? .string("\(prefix)_\(suffix)_\(index)")
    let members: [(String, RawJSON)] =
      switch prefix {
      case "msg":
        [("status", .string(status)), ("role", .string("assistant")), ("content", .emptyArray)]
      case "rs": [("summary", .emptyArray)]
      case "fc":
        [
          ("status", .string(status)), ("call_id", id), ("name", .string("")),
          ("arguments", .string("")),
        ]
      default: [("call_id", id), ("name", .string("")), ("input", .string(""))]
      }
    return item.adding([("id", id)] + members, replacesNull: true)
      .filling("content") { $0.mapping { $0.completedPart } }
  }

  private static let prefixes = [
    "message": "msg", "reasoning": "rs", "function_call": "fc", "custom_tool_call": "ctc",
  ]

  private var suffix: Substring {
    id.hasPrefix("resp_") ? id.dropFirst(5) : id[...]
  }
}

extension RawJSON {
  /// A part of a message; parts of other types lack nothing.
  var completedPart: RawJSON {
    switch self["type"]?.string {
    case "output_text":
      adding([("text", .string("")), ("annotations", .emptyArray)], replacesNull: true)
    case "refusal": adding([("refusal", .string(""))], replacesNull: true)
    case "reasoning_text", "summary_text": adding([("text", .string(""))], replacesNull: true)
    default: self
    }
  }

  fileprivate var completedText: RawJSON {
    let plain = RawJSON.object { $0.member("type", "text") }
    return adding([("format", plain)], replacesNull: true).filling("format") { format in
      format["type"]?.string == "json_schema"
        ? format.adding([("description", .null), ("strict", .boolean(false))]) : format
    }
  }

  fileprivate var completedTool: RawJSON {
    self["type"]?.string == "function"
      ? adding([("description", .null), ("parameters", .null), ("strict", .null)]) : self
  }

  fileprivate var completedUsage: RawJSON {
    let input = self["input_tokens"]?.integer ?? 0
    let output = self["output_tokens"]?.integer ?? 0
    let (sum, isTooMuch) = input.addingReportingOverflow(output)
    return adding(
      [
        ("input_tokens", .integer(0)), ("output_tokens", .integer(0)),
        ("total_tokens", .integer(isTooMuch ? .max : sum)),
        ("input_tokens_details", .emptyObject), ("output_tokens_details", .emptyObject),
      ], replacesNull: true
    )
    .filling("input_tokens_details") {
      $0.adding(
        [("cached_tokens", .integer(0)), ("cache_write_tokens", .integer(0))], replacesNull: true)
    }
    .filling("output_tokens_details") {
      $0.adding([("reasoning_tokens", .integer(0))], replacesNull: true)
    }
  }

  /// The object with the members that it lacks at its end.
  ///
  /// - Parameter replacesNull: whether one that is null is lacking too.
  func adding(_ defaults: [(String, RawJSON)], replacesNull: Bool = false) -> RawJSON {
    guard kind == .object else { return self }
    let present = members
    let missing = defaults.filter { key, _ in
      !present.contains { $0.key == key && !(replacesNull && $0.value.isNull) }
    }
    var filled = self
    var isNew: [(String, RawJSON)] = []
    for (key, value) in missing {
      if present.contains(where: { $0.key == key }) {
        filled = filled.setting(key, to: value)
      } else {
        isNew.append((key, value))
      }
    }
    return isNew.isEmpty ? filled : filled.appending(isNew, isFirst: present.isEmpty)
  }

  /// - Parameter members: whose keys the object does not have.
  func appending(_ members: [(String, RawJSON)], isFirst: Bool) -> RawJSON {
    let added = RawJSON.object { object in
      for (key, value) in members { object.member(key, value) }
    }
    var appended = Array(bytes.dropLast())
    appended.reserveCapacity(bytes.count + added.bytes.count)
    if !isFirst { appended.append(UInt8(ascii: ",")) }
    appended.append(contentsOf: added.bytes.dropFirst())
    return RawJSON(checked: appended[...])
  }

  /// The object with what becomes of a member that is an object or array.
  fileprivate func filling(_ key: String, _ body: (RawJSON) -> RawJSON) -> RawJSON {
    guard let value = self[key], value.kind == .object || value.kind == .array else { return self }
    let filled = body(value)
    return filled.bytes == value.bytes ? self : setting(key, to: filled)
  }

  fileprivate func mapping(_ body: (RawJSON) -> RawJSON) -> RawJSON {
    guard kind == .array else { return self }
    let elements = elements
    let mapped = elements.map(body)
    return mapped == elements ? self : .array(mapped)
  }
}
