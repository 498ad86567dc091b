package import JSON

/// Puts the response object of an unfinished stream together from its events.
///
/// Nothing is done while events pass; only a response that was cut off is assembled, from its log.
/// Items that ended stand as the upstream sent them; one that had not gets the text and arguments
/// that came, and the status `incomplete`. What an event says of a wrong type is left out: the event
/// itself has gone to the client as it came. Of texts and arguments the first 8 MiB are taken: each
/// copy that is made of a response on its way to clients and disk is held beside its log.
package struct ResponseAssembler {
  /// An item that was added and not done yet.
  fileprivate struct OpenItem {
    var added: RawJSON
    /// Parts by content index, each with the text that came.
    var parts: [Int64: (part: RawJSON, text: String)] = [:]
    /// What was told of parts behind their beginning.
    var annotations: [Int64: [RawJSON]] = [:]
    /// Of a function call or custom tool call.
    var argument = ""
  }

  private static let maximumDeltaBytes = 8 << 20

  private var response: RawJSON?
  private var deltaBytes = 0
  private var done: [Int64: RawJSON] = [:]
  private var open: [Int64: OpenItem] = [:]

  package init() {}

  /// Takes the next event; events of unknown types change nothing.
  package mutating func add(_ event: RawJSON) {
    let members = Dictionary(event.members.map { ($0.key, $0.value) }) { $1 }
    guard let type = members["type"]?.string else { return }
    switch type {
    case "response.created", "response.in_progress", "response.queued":
      response = Self.object(members["response"]) ?? response
    default:
      if let index = Self.index(members["output_index"]) { addToItem(type, index, members) }
    }
  }

  private static func object(_ json: RawJSON?) -> RawJSON? {
    json?.kind == .object ? json : nil
  }

  /// Some servers leave an index out: then there is one item, of one part. nil for what is no index.
  private static func index(_ json: RawJSON?) -> Int64? {
    guard let json, !json.isNull else { return 0 }
    return json.integer
  }

  private mutating func addToItem(_ type: String, _ index: Int64, _ members: [String: RawJSON]) {
    switch type {
    case "response.output_item.added":
      open[index] = Self.object(members["item"]).map { OpenItem(added: $0) }
    case "response.output_item.done":
      guard let item = Self.object(members["item"]) else { return }
      open[index] = nil
      done[index] = item
    default: addToOpenItem(type, index, members)
    }
  }

  private mutating func addToOpenItem(
    _ type: String, _ index: Int64, _ members: [String: RawJSON]
  ) {
    guard let part = Self.index(members["content_index"]) else { return }
    deltaBytes += members["delta"]?.bytes.count ?? 0
    let delta = deltaBytes <= Self.maximumDeltaBytes ? members["delta"]?.string ?? "" : ""
    let id = members["item_id"]
    switch type {
    case "response.content_part.added", "response.content_part.done":
      guard let json = Self.object(members["part"]) else { return }
      let text = json["text"]?.string ?? json["refusal"]?.string ?? ""
      open[index, default: .message(id)].parts[part] = (json, text)
      // An end that tells them tells them all.
      if json.nonNull("annotations")?.hasElements == true { open[index]?.annotations[part] = nil }
    case "response.output_text.delta":
      open[index, default: .message(id)].parts[part, default: (.emptyText, "")].text += delta
    case "response.output_text.annotation.added":
      guard let annotation = Self.object(members["annotation"]) else { return }
      deltaBytes += annotation.bytes.count
      guard deltaBytes <= Self.maximumDeltaBytes else { return }
      open[index, default: .message(id)].annotations[part, default: []].append(annotation)
    case "response.output_text.done":
      guard let text = members["text"]?.string else { return }
      open[index, default: .message(id)].parts[part, default: (.emptyText, "")].text = text
    case "response.refusal.delta":
      open[index, default: .message(id)].parts[part, default: (.emptyRefusal, "")].text += delta
    case "response.refusal.done":
      guard let text = members["refusal"]?.string else { return }
      open[index, default: .message(id)].parts[part, default: (.emptyRefusal, "")].text = text
    case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
      open[index]?.argument += delta
    case "response.function_call_arguments.done", "response.custom_tool_call_input.done":
      guard let whole = (members["arguments"] ?? members["input"])?.string else { return }
      open[index]?.argument = whole
    default: break
    }
  }

  /// The response as far as it came; nil where not even `response.created` did.
  ///
  /// - Parameter status: `incomplete` or `cancelled`.
  package func assemble(status: String) -> RawJSON? {
    guard let response else { return nil }
    return
      response
      .setting("status", to: .string(status))
      .setting("output", to: output(isComplete: false))
  }

  /// The items as far as they came.
  ///
  /// - Parameter isComplete: whether the response ended well, so that nothing is missing from a
  ///   message or call whose end was not told.
  package func output(isComplete: Bool) -> RawJSON {
    let isComplete = isComplete && deltaBytes <= Self.maximumDeltaBytes
    return .build { writer in
      writer.array { writer in
        for index in Set(done.keys).union(open.keys).sorted() {
          let item = done[index] ?? open[index]?.assembled(isComplete: isComplete)
          if let item { writer.value(item) }
        }
      }
    }
  }
}

extension ResponseAssembler.OpenItem {
  /// The item of events whose server never tells it.
  fileprivate static func message(_ id: RawJSON?) -> Self {
    Self(
      added: .object {
        if let id, id.string != nil { $0.member("id", id) }
        $0.member("type", "message")
        $0.member("role", "assistant")
      })
  }

  fileprivate func assembled(isComplete: Bool) -> RawJSON {
    let type = added["type"]?.string ?? ""
    let isWhole =
      isComplete && ["message", "function_call", "custom_tool_call"].contains(type)
    var item = added.setting("status", to: .string(isWhole ? "completed" : "incomplete"))
    // What comes of it before the end is not what it ends with.
    if type == "reasoning" { item = item.removing("encrypted_content") }
    if type == "function_call_output", added.nonNull("output") == nil {
      // It was begun, and nobody was left to see it end.
      return item.setting("output", to: .unknownOutcome)
    }
    if !parts.isEmpty {
      item = item.setting(
        "content",
        to: .build { writer in
          writer.array { writer in
            for index in parts.keys.sorted() {
              guard let (part, text) = parts[index] else { continue }
              let key = part["type"]?.string == "refusal" ? "refusal" : "text"
              let whole = part.setting(key, to: .string(text))
              writer.value(
                annotations[index].map { whole.setting("annotations", to: .array($0)) } ?? whole)
            }
          }
        })
    }
    let argumentKey = type == "custom_tool_call" ? "input" : "arguments"
    return argument.isEmpty ? item : item.setting(argumentKey, to: .string(argument))
  }
}

extension RawJSON {
  /// The output of a tool call that was begun and whose end was not seen.
  package static let unknownOutcome = RawJSON.string(
    "The outcome of this call is not known: it had begun when the response was cut off.")

  fileprivate static let emptyText = RawJSON.object {
    $0.member("type", "output_text")
    $0.key("annotations")
    $0.array { _ in }
    $0.member("text", "")
  }

  fileprivate static let emptyRefusal = RawJSON.object {
    $0.member("type", "refusal")
    $0.member("refusal", "")
  }
}
