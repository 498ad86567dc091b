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
  /// The members that a response has, with their defaults.
  private let members: [(key: String, value: RawJSON)]

  /// - Parameters:
  ///   - id: of the response, as clients know it.
  ///   - model: as it was asked for, where the request does not say.
  ///   - request: the params of its create; empty where they are not known.
  package init(id: String, createdAt: Int64, model: String = "", request: RawJSON = .emptyObject) {
    self.id = id
    self.createdAt = createdAt
    var members = Self.standards
    let own: [RawJSON] = [.string(id), .integer(createdAt), .string(model)]
    for (index, value) in zip(Self.ownPlaces, own) { members[index].value = value }
    Self.forEachEcho(of: request) { members[$0].value = $1 }
    self.members = members
  }

  /// What a response repeats of its request, the params of a create.
  package static func echoes(of request: RawJSON) -> [(key: String, value: RawJSON)] {
    var echoes: [(key: String, value: RawJSON)] = []
    forEachEcho(of: request) { echoes.append((standards[$0].key, $1)) }
    return echoes
  }

  private static func forEachEcho(of request: RawJSON, _ body: (Int, RawJSON) -> Void) {
    request.forEach(echoed) { index, value in
      if !value.isNull, isEchoed(standards[index].key, value) { body(index, value) }
    }
  }

  // MARK: The response

  /// - Parameter status: what it is where it does not say.
  package func completed(_ response: RawJSON, status: String = "completed") -> RawJSON {
    guard response.kind == .object else { return response }
    let items = response.nonNull("output") ?? .emptyArray
    var filled = response
    if items == .emptyArray, response.nonNull("output") == nil {
      filled = filled.setting("output", to: .emptyArray)
    }
    filled = filled.adding(members) { [status] key, value in
      key == "status" ? .string(status) : value
    }
    let unnested = filled
    unnested.forEach(Self.nested) { index, value in
      guard value.kind == .object || value.kind == .array else { return }
      let whole = Self.completed(value, Self.nestedKeys[index])
      if whole.bytes != value.bytes { filled = filled.setting(Self.nestedKeys[index], to: whole) }
    }
    return replaceOutput(of: filled, items)
  }

  private static let nestedKeys = ["usage", "reasoning", "text", "tools"]
  private static let nested = MemberNames(nestedKeys)

  private static func completed(_ value: RawJSON, _ key: String) -> RawJSON {
    switch key {
    case "usage": value.completedUsage
    case "reasoning": value.adding([("effort", .null), ("summary", .null)])
    case "text": value.completedText
    default: value.mapping { $0.completedTool }
    }
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

  /// What a response repeats of its request. Tools of other types than functions may hold what the
  /// client logs in with.
  private static func isEchoed(_ key: String, _ value: RawJSON) -> Bool {
    switch key {
    case "id", "object", "created_at", "status", "completed_at", "error", "incomplete_details",
      "service_tier", "usage":
      false
    case "tools": value.elements.allSatisfy { $0["type"]?.string == "function" }
    default: true
    }
  }

  /// The members whose defaults are known by their response alone stand first.
  private static let standards: [(key: String, value: RawJSON)] = [
    ("id", .null), ("object", .string("response")), ("created_at", .null), ("status", .null),
    ("model", .null), ("background", .boolean(false)), ("completed_at", .null), ("error", .null),
    ("frequency_penalty", .integer(0)), ("incomplete_details", .null), ("instructions", .null),
    ("max_output_tokens", .null), ("max_tool_calls", .null), ("metadata", .emptyObject),
    ("parallel_tool_calls", .boolean(true)), ("presence_penalty", .integer(0)),
    ("previous_response_id", .null), ("prompt_cache_key", .null), ("reasoning", .null),
    ("safety_identifier", .null), ("service_tier", .string("default")), ("store", .boolean(true)),
    ("temperature", .integer(1)), ("text", RawJSON.emptyObject.completedText),
    ("tool_choice", .string("auto")), ("tools", .emptyArray), ("top_logprobs", .integer(0)),
    ("top_p", .integer(1)), ("truncation", .string("disabled")), ("usage", .null), ("user", .null),
  ]
  /// Where `id`, `created_at` and `model` stand there.
  private static let ownPlaces = [0, 2, 4]
  private static let echoed = MemberNames(standards.map(\.key))

  // MARK: Items

  /// - Parameters:
  ///   - index: its place in the output, from which an id is made that is the same each time.
  ///   - status: what it is where it does not say.
  func completed(_ item: RawJSON, at index: Int, status: String) -> RawJSON {
    guard item.kind == .object, let prefix = Self.prefixes[item["type"]?.string ?? ""] else {
      return item
    }
    let id = item.nonNull("id") ?? itemID(prefix, index)
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

  /// An item with an id, made if it has none.
  func named(_ item: RawJSON, at index: Int) -> RawJSON {
    guard item.nonNull("id") == nil, let prefix = Self.prefixes[item["type"]?.string ?? ""] else {
      return item
    }
    return item.setting("id", to: itemID(prefix, index))
  }

  private func itemID(_ prefix: String, _ index: Int) -> RawJSON {
    .string("\(prefix)_\(suffix)_\(index)")
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
  /// - Parameters:
  ///   - defaults: at most 64.
  ///   - replacesNull: whether one that is null is lacking too.
  ///   - value: makes the value of a member that is lacking from its default.
  package func adding(
    _ defaults: [(key: String, value: RawJSON)], replacesNull: Bool = false,
    _ value: (String, RawJSON) -> RawJSON = { $1 }
  ) -> RawJSON {
    guard kind == .object else { return self }
    let (present, null, isEmpty) = presence(of: defaults)
    let lacking = defaults.indices.filter {
      present & 1 << $0 == 0 || replacesNull && null & 1 << $0 != 0
    }
    guard !lacking.isEmpty else { return self }
    var filled = self
    var isNew: [(String, RawJSON)] = []
    for index in lacking {
      let (key, standard) = defaults[index]
      if present & 1 << index != 0 {
        filled = filled.setting(key, to: value(key, standard))
      } else {
        isNew.append((key, value(key, standard)))
      }
    }
    return isNew.isEmpty ? filled : filled.appending(isNew, isFirst: isEmpty)
  }

  /// Which of some members the object has, and which of them are null, as bits in their order.
  private func presence(
    of defaults: [(key: String, value: RawJSON)]
  ) -> (present: UInt64, null: UInt64, isEmpty: Bool) {
    var (present, null, isEmpty) = (UInt64(0), UInt64(0), true)
    // Most objects name them in their order.
    var next = 0
    forEachChild { key, value in
      isEmpty = false
      for step in defaults.indices {
        let index = (next + step) % defaults.count
        guard isSpelled(key, defaults[index].key) else { continue }
        next = index + 1
        present |= 1 << index
        if bytes[value.lowerBound] == UInt8(ascii: "n") {
          null |= 1 << index
        } else {
          null &= ~(1 << index)
        }
        break
      }
    }
    return (present, null, isEmpty)
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
