import JSON

/// Puts a response together as the SDKs do, and says where they would raise instead.
struct EventAccumulator {
  struct Fault: Error, CustomStringConvertible {
    let description: String
  }

  private struct Item {
    let added: RawJSON
    var parts: [String] = []
    var isDone = false
  }

  private var next = 0
  private var responseID: RawJSON?
  private var items: [Int64: Item] = [:]
  /// What the deltas of each part and argument said.
  private(set) var texts: [String: String] = [:]
  private(set) var final: RawJSON?

  /// The texts of the items, in no order that says anything.
  var textsOfItems: [String] {
    items.keys.map { index in
      texts.filter { $0.key.hasPrefix("\(index).") }.sorted { $0.key < $1.key }.map(\.value)
        .joined()
    }
    .sorted()
  }

  /// The ids of the items, in the order in which they began.
  var ids: [String?] { items.keys.sorted().map { items[$0]?.added["id"]?.string } }

  static func accumulate(_ events: [RawJSON]) throws -> EventAccumulator {
    var accumulator = EventAccumulator()
    for event in events {
      do {
        try accumulator.take(event)
      } catch {
        throw Fault(description: "\(error) at \(event.text)")
      }
    }
    return accumulator
  }

  private mutating func take(_ event: RawJSON) throws {
    try check(event["sequence_number"]?.integer == Int64(next), "a number that is not the next")
    next += 1
    let type = event["type"]?.string ?? ""
    try check(next > 1 || type == "response.created", "no response.created at first")
    if let response = event["response"] { try takeResponse(type, response) }
    guard type.contains("output_item") || event["item_id"] != nil else { return }
    guard let index = event["output_index"]?.integer else {
      throw Fault(description: "no output_index")
    }
    if type == "response.output_item.added" { return try add(event["item"], at: index) }
    // Of what happens in hosted tools the SDKs keep nothing.
    guard !type.contains("_call.") else { return }
    guard var item = items[index] else { throw Fault(description: "no item at \(index)") }
    if type == "response.output_item.done" {
      try check(Self.identity(item.added) == Self.identity(event["item"] ?? .null), "another item")
      item.isDone = true
    } else {
      try takePart(type, event, &item, "\(index)")
    }
    items[index] = item
  }

  private mutating func takeResponse(_ type: String, _ response: RawJSON) throws {
    try check(responseID == nil || responseID == response["id"], "the id of the response changed")
    responseID = response["id"]
    for key in ["object", "created_at", "model", "output", "parallel_tool_calls", "tools", "error"]
    {
      try check(response[key] != nil, "no \(key)")
    }
    guard type == "response.completed" || type == "response.incomplete" else { return }
    try check(items.values.allSatisfy(\.isDone), "an item that has not ended")
    final = response
  }

  private mutating func add(_ item: RawJSON?, at index: Int64) throws {
    guard let item else { return }
    try check(index == items.count, "item \(index) is not the next, \(items.count)")
    try check(item["type"]?.string != "message" || item["content"]?.kind == .array, "no content")
    try check(
      item["type"]?.string != "function_call" || item["arguments"]?.kind == .string, "no arguments")
    let parts = (item["content"]?.elements ?? []).map { $0["type"]?.string ?? "" }
    items[index] = Item(added: item, parts: parts)
  }

  private mutating func takePart(
    _ type: String, _ event: RawJSON, _ item: inout Item, _ index: String
  ) throws {
    try check(event["item_id"]?.kind == .string, "no item_id")
    let part = event["content_index"] ?? event["summary_index"]
    let number = Int(part?.integer ?? 0)
    if type.hasSuffix("part.added") {
      try check(number == item.parts.count, "parts out of order")
      return item.parts.append(event["part"]?["type"]?.string ?? "")
    }
    let text = event["delta"]?.string ?? ""
    switch type {
    case "response.output_text.delta", "response.output_text.done":
      try check(item.added["type"]?.string == "message", "a text of no message")
      try check(event["logprobs"] != nil, "no logprobs")
      try check(item.parts.indices.contains(number), "no part \(number)")
      try check(item.parts[number] == "output_text", "a text in no text")
    case "response.function_call_arguments.delta":
      try check(item.added["type"]?.string == "function_call", "arguments of no call")
    case "response.custom_tool_call_input.delta", "response.refusal.delta",
      "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
      try check(part == nil || item.parts.indices.contains(number), "no part \(number)")
    default: break
    }
    if event["delta"] != nil { texts["\(index).\(number)", default: ""] += text }
  }

  private static func identity(_ item: RawJSON) -> [RawJSON?] {
    [item["type"], item["id"], item["call_id"]]
  }

  private func check(_ holds: Bool, _ fault: String) throws {
    if !holds { throw Fault(description: fault) }
  }
}
