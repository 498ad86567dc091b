package import JSON

/// Makes a legal event sequence from a finished response object, for a reader of events whose
/// upstream, cache or log has the object alone.
///
/// The order is the API's: created, in_progress, each item added and done with its parts between,
/// one terminal event. Sequence numbers start at 0. What is of a wrong type has no events of its own;
/// it stands in the object, which the terminal event has as it came.
package struct ResponseReplay {
  private var events: [RawJSON] = []

  /// - Parameter response: with the status that it ended with.
  package static func events(of response: RawJSON) -> [RawJSON] {
    var replay = ResponseReplay()
    replay.add(response)
    return replay.events
  }

  /// The terminal event that tells of a response's status.
  package static func terminalType(status: String?) -> String {
    switch status {
    case "failed": "response.failed"
    case "incomplete", "cancelled": "response.incomplete"
    default: "response.completed"
    }
  }

  private mutating func add(_ response: RawJSON) {
    let begun = Self.begun(response: response)
    emit("response.created") { $0.member("response", begun) }
    emit("response.in_progress") { $0.member("response", begun) }
    for (index, item) in Self.objects(of: response, "output") { add(item, at: index) }
    emit(Self.terminalType(status: response["status"]?.string)) {
      $0.member("response", response)
    }
  }

  /// The elements of a member that are objects, each with its place among all of them.
  private static func objects(
    of json: RawJSON, _ key: String
  ) -> [(index: Int, object: RawJSON)] {
    (json[key]?.elements ?? []).enumerated()
      .filter { $0.element.kind == .object }.map { ($0.offset, $0.element) }
  }

  /// A member that has to be a string, empty for anything else.
  private static func text(of json: RawJSON, _ key: String) -> RawJSON {
    json[key].flatMap { $0.kind == .string ? $0 : nil } ?? .string("")
  }

  private mutating func emit(_ type: String, _ members: (inout JSONWriter) -> Void) {
    let number = events.count
    events.append(
      .object { event in
        event.member("type", type)
        event.member("sequence_number", number)
        members(&event)
      })
  }

  /// A response as it begins.
  static func begun(response: RawJSON) -> RawJSON {
    response
      .setting("status", to: .string("in_progress"))
      .setting("output", to: .emptyArray)
      .replacing("usage", with: .null)
      .replacing("completed_at", with: .null)
      .replacing("output_text", with: .string(""))
  }

  /// An item as it begins.
  static func begun(item: RawJSON) -> RawJSON {
    item
      .replacing("status", with: .string("in_progress"))
      .replacing("content", with: .emptyArray)
      .replacing("summary", with: .emptyArray)
      .replacing("arguments", with: .string(""))
  }

  private mutating func add(_ item: RawJSON, at index: Int) {
    let begun = Self.begun(item: item)
    emit("response.output_item.added") {
      $0.member("output_index", index)
      $0.member("item", begun)
    }
    let id = item["id"].flatMap { $0.kind == .string ? $0 : nil }
    let place = Place(itemID: id, outputIndex: index)
    switch item["type"]?.string {
    case "message", nil: addParts(of: item, place)
    case "function_call": addArguments(of: item, place)
    case "reasoning": addSummary(of: item, place)
    default: break
    }
    emit("response.output_item.done") {
      $0.member("output_index", index)
      $0.member("item", item)
    }
  }

  private struct Place {
    let itemID: RawJSON?
    let outputIndex: Int

    func write(_ writer: inout JSONWriter) {
      if let itemID { writer.member("item_id", itemID) }
      writer.member("output_index", outputIndex)
    }
  }

  private mutating func addParts(of item: RawJSON, _ place: Place) {
    for (index, part) in Self.objects(of: item, "content") {
      let isRefusal = part["type"]?.string == "refusal"
      let key = isRefusal ? "refusal" : "text"
      let text = Self.text(of: part, key)
      let stem = isRefusal ? "response.refusal" : "response.output_text"
      func write(_ writer: inout JSONWriter) {
        place.write(&writer)
        writer.member("content_index", index)
      }
      emit("response.content_part.added") {
        write(&$0)
        $0.member("part", part.replacing(key, with: .string("")))
      }
      emit("\(stem).delta") {
        write(&$0)
        $0.member("delta", text)
        if !isRefusal { $0.member("logprobs", .emptyArray) }
      }
      emit("\(stem).done") {
        write(&$0)
        $0.member(key, text)
        if !isRefusal { $0.member("logprobs", part["logprobs"] ?? .emptyArray) }
      }
      emit("response.content_part.done") {
        write(&$0)
        $0.member("part", part)
      }
    }
  }

  private mutating func addArguments(of item: RawJSON, _ place: Place) {
    let arguments = Self.text(of: item, "arguments")
    emit("response.function_call_arguments.delta") {
      place.write(&$0)
      $0.member("delta", arguments)
    }
    emit("response.function_call_arguments.done") {
      place.write(&$0)
      if let name = item["name"] { $0.member("name", name) }
      $0.member("arguments", arguments)
    }
  }

  private mutating func addSummary(of item: RawJSON, _ place: Place) {
    for (index, part) in Self.objects(of: item, "summary") {
      let text = Self.text(of: part, "text")
      func write(_ writer: inout JSONWriter) {
        place.write(&writer)
        writer.member("summary_index", index)
      }
      emit("response.reasoning_summary_part.added") {
        write(&$0)
        $0.member("part", part.replacing("text", with: .string("")))
      }
      emit("response.reasoning_summary_text.delta") {
        write(&$0)
        $0.member("delta", text)
      }
      emit("response.reasoning_summary_text.done") {
        write(&$0)
        $0.member("text", text)
      }
      emit("response.reasoning_summary_part.done") {
        write(&$0)
        $0.member("part", part)
      }
    }
  }
}
