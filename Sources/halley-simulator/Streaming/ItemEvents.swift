internal import JSON

/// Adds the events of one output item to a script.
struct ItemEvents {
  private let item: OutputItem
  private let index: Int
  private let isObfuscated: Bool

  init(_ item: OutputItem, at index: Int, isObfuscated: Bool) {
    self.item = item
    self.index = index
    self.isObfuscated = isObfuscated
  }

  func add(to script: inout EventScript) {
    addItem("response.output_item.added", isDone: false, to: &script)
    switch item {
    case .message(let message): add(message, to: &script)
    case .call(let call): add(call, to: &script)
    case .reasoning(let reasoning): add(reasoning, to: &script)
    }
    addItem("response.output_item.done", isDone: true, to: &script)
  }

  private func addItem(_ type: String, isDone: Bool, to script: inout EventScript) {
    script.add(type) { writer in
      writer.member("output_index", index)
      writer.member("item", item.json(isDone: isDone))
    }
  }

  private func addDelta(
    _ type: String, _ delta: String, to script: inout EventScript,
    _ place: (inout JSONWriter) -> Void
  ) {
    script.add(type, isDelta: true) { writer in
      place(&writer)
      writer.member("delta", delta)
      if isObfuscated {
        writer.member("obfuscation", String(repeating: "x", count: 16 - delta.utf8.count % 16))
      }
    }
  }

  // MARK: Messages

  private func add(_ message: OutputItem.Message, to script: inout EventScript) {
    let place = { (writer: inout JSONWriter) in
      writer.member("item_id", message.id)
      writer.member("output_index", index)
      writer.member("content_index", 0)
    }
    addPart("response.content_part.added", "", place, to: &script)
    for piece in message.pieces {
      addDelta("response.output_text.delta", piece, to: &script) { writer in
        place(&writer)
        writer.key("logprobs")
        writer.array { _ in }
      }
    }
    if message.burst > 0 {
      script.addBurst(itemID: message.id, outputIndex: index, count: message.burst)
    }
    let text = message.text
    script.add("response.output_text.done") { writer in
      place(&writer)
      writer.member("text", text)
      writer.key("logprobs")
      writer.array { _ in }
    }
    addPart("response.content_part.done", text, place, to: &script)
  }

  private func addPart(
    _ type: String, _ text: String, _ place: (inout JSONWriter) -> Void,
    to script: inout EventScript
  ) {
    script.add(type) { writer in
      place(&writer)
      writer.member("part", OutputItem.Message.part(text))
    }
  }

  // MARK: Calls

  private func add(_ call: OutputItem.Call, to script: inout EventScript) {
    let kind = call.isCustom ? "custom_tool_call_input" : "function_call_arguments"
    let place = { (writer: inout JSONWriter) in
      writer.member("item_id", call.id)
      writer.member("output_index", index)
    }
    for piece in Words.split(call.arguments) {
      addDelta("response.\(kind).delta", piece, to: &script, place)
    }
    script.add("response.\(kind).done") { writer in
      place(&writer)
      if !call.isCustom { writer.member("name", call.name) }
      writer.member(call.isCustom ? "input" : "arguments", call.arguments)
    }
  }

  // MARK: Reasoning

  private func add(_ reasoning: OutputItem.Reasoning, to script: inout EventScript) {
    guard !reasoning.summary.isEmpty else { return }
    let place = { (writer: inout JSONWriter) in
      writer.member("item_id", reasoning.id)
      writer.member("output_index", index)
      writer.member("summary_index", 0)
    }
    let text = reasoning.summary.joined()
    script.add("response.reasoning_summary_part.added") { writer in
      place(&writer)
      writer.member("part", OutputItem.Reasoning.part(""))
    }
    for piece in reasoning.summary {
      addDelta("response.reasoning_summary_text.delta", piece, to: &script, place)
    }
    script.add("response.reasoning_summary_text.done") { writer in
      place(&writer)
      writer.member("text", text)
    }
    script.add("response.reasoning_summary_part.done") { writer in
      place(&writer)
      writer.member("part", OutputItem.Reasoning.part(text))
    }
  }
}
