internal import JSON

/// The texts of items: parts of messages and of reasoning, arguments of calls.
extension SparseEvents {
  // MARK: Parts

  mutating func takePart(_ event: ResponseEvent, _ kind: OpenPart.Kind, of item: Int) {
    let index = event.partIndex ?? latestPart(event, kind, of: item)
    latestPlace = ResponseEvent.Place(kind: event.kind, outputIndex: item, partIndex: index)
    var missing = place(of: item, event)
    if event.partIndex == nil { missing.append((kind.indexKey, .integer(index))) }
    let isBeginning = event.kind == .partAdded || event.kind == .summaryAdded
    if part(kind, index, of: item) == nil {
      guard !isBeginning else {
        set(OpenPart(kind: kind), index, of: item)
        return passPart(event, missing)
      }
      beginPart(kind, index, of: item)
    }
    switch event.kind {
    case .textDelta, .refusalDelta, .reasoningDelta, .summaryDelta:
      guard let delta = event.delta else { break }
      add(event.inside(delta), to: kind, index, of: item)
    case .textDone, .refusalDone, .reasoningDone, .summaryTextDone:
      guard let whole = event.value(event.whole) else { break }
      endText(whole, kind, index, of: item)
    case .partDone, .summaryDone:
      guard let part = event.value(event.object) else { break }
      tellText(of: part, kind, index, of: item)
      update(kind, index, of: item) { $0.isDone = true }
    default: break
    }
    passPart(event, missing)
  }

  /// Parts without an index follow one another.
  private func latestPart(
    _ event: ResponseEvent, _ kind: OpenPart.Kind, of item: Int
  ) -> Int {
    let parts = (kind.isSummary ? items[item]?.summary : items[item]?.content) ?? [:]
    guard let latest = parts.keys.max(), let part = parts[latest] else { return 0 }
    let isBeginning = event.kind == .partAdded || event.kind == .summaryAdded
    return isBeginning || part.isDone || part.kind != kind ? latest + 1 : latest
  }

  private mutating func passPart(_ event: ResponseEvent, _ missing: [(String, RawJSON)]) {
    var members = missing
    if event.kind == .textDelta || event.kind == .textDone, event.logprobs == nil {
      members.append(("logprobs", .emptyArray))
    }
    guard let part = event.value(event.object) else { return pass(event, adding: members) }
    pass(event, event.json.replacing("part", by: part.completedPart, for: part), adding: members)
  }

  private mutating func beginPart(_ kind: OpenPart.Kind, _ index: Int, of item: Int) {
    set(OpenPart(kind: kind), index, of: item)
    emitPart("\(kind.partStem).added", kind, index, of: item) {
      $0.member("part", OpenPart(kind: kind).json)
    }
  }

  private mutating func emitPart(
    _ type: String, _ kind: OpenPart.Kind, _ index: Int, of item: Int,
    _ members: (inout JSONWriter) -> Void
  ) {
    let id = items[item]?.id ?? .null
    emit(type) {
      $0.member("item_id", id)
      $0.member("output_index", item)
      $0.member(kind.indexKey, index)
      members(&$0)
    }
  }

  /// Puts in the text of a part as one delta, where none came.
  private mutating func endText(
    _ text: RawJSON, _ kind: OpenPart.Kind, _ index: Int, of item: Int
  ) {
    if part(kind, index, of: item)?.hasDelta == false, text.bytes.count > 2 {
      emitPart("\(kind.stem).delta", kind, index, of: item) {
        $0.member("delta", text)
        if kind == .text { $0.member("logprobs", .emptyArray) }
      }
    }
    update(kind, index, of: item) { part in
      part.hasDelta = true
      part.isTextDone = true
      part.text = Array(text.bytes.dropFirst().dropLast())
    }
  }

  /// Puts in a part's text and its end, where they were not told.
  private mutating func tellText(
    of told: RawJSON, _ kind: OpenPart.Kind, _ index: Int, of item: Int
  ) {
    guard let open = part(kind, index, of: item), !open.isTextDone else { return }
    let said = told.nonNull(kind.key).flatMap { $0.kind == .string ? $0 : nil }
    let text = said ?? open.string
    endText(text, kind, index, of: item)
    emitPart("\(kind.stem).done", kind, index, of: item) {
      $0.member(kind.key, text)
      if kind == .text { $0.member("logprobs", told.nonNull("logprobs") ?? .emptyArray) }
    }
  }

  /// Puts in what the parts of an item lack before it ends.
  mutating func endParts(of item: RawJSON, at index: Int) {
    for (number, part) in (item["summary"]?.elements ?? []).enumerated() {
      end(part, .summary, number, of: index)
    }
    for (number, part) in (item["content"]?.elements ?? []).enumerated()
    where ["output_text", "refusal", "reasoning_text"].contains(part["type"]?.string) {
      end(part, OpenPart.Kind(part), number, of: index)
    }
    endArgument(of: item, at: index)
  }

  private mutating func end(
    _ told: RawJSON, _ kind: OpenPart.Kind, _ index: Int, of item: Int
  ) {
    if part(kind, index, of: item) == nil { beginPart(kind, index, of: item) }
    guard part(kind, index, of: item)?.isDone == false else { return }
    tellText(of: told, kind, index, of: item)
    emitPart("\(kind.partStem).done", kind, index, of: item) {
      $0.member("part", told.completedPart)
    }
    update(kind, index, of: item) { $0.isDone = true }
  }

  // MARK: Arguments

  mutating func takeArgument(_ event: ResponseEvent) {
    let type =
      event.kind == .inputDelta || event.kind == .inputDone
      ? "custom_tool_call" : "function_call"
    let id = event.value(event.itemID)
    // Nobody could say yet what is called; its end will tell all of it.
    let known = id == nil ? open(type) : named(id, type: type)
    guard let index = event.outputIndex ?? known, items[index] != nil else { return }
    latestItem = index
    latestPlace = ResponseEvent.Place(kind: event.kind, outputIndex: index, partIndex: nil)
    if event.kind == .argumentsDelta || event.kind == .inputDelta {
      if let delta = event.delta {
        items[index]?.argument.text.append(contentsOf: event.inside(delta))
        items[index]?.argument.hasDelta = true
      }
    } else if let whole = event.value(event.whole) {
      tellArgument(whole, at: index)
      items[index]?.argument.isDone = true
    }
    pass(event, adding: place(of: index, event))
  }

  /// Puts in whole arguments as one delta, where none came.
  private mutating func tellArgument(_ whole: RawJSON, at index: Int) {
    guard let open = items[index] else { return }
    if !open.argument.hasDelta, whole.bytes.count > 2 {
      let isCustom = open.type == "custom_tool_call"
      emit(
        isCustom ? "response.custom_tool_call_input.delta" : "\(OpenPart.Kind.argument.stem).delta"
      ) {
        $0.member("item_id", open.id)
        $0.member("output_index", index)
        $0.member("delta", whole)
      }
    }
    items[index]?.argument.hasDelta = true
    items[index]?.argument.text = Array(whole.bytes.dropFirst().dropLast())
  }

  private mutating func endArgument(of item: RawJSON, at index: Int) {
    guard let open = items[index], !open.argument.isDone else { return }
    let isCustom = open.type == "custom_tool_call"
    guard isCustom || open.type == "function_call",
      let whole = item[isCustom ? "input" : "arguments"], whole.kind == .string
    else { return }
    tellArgument(whole, at: index)
    emit(isCustom ? "response.custom_tool_call_input.done" : "\(OpenPart.Kind.argument.stem).done")
    {
      $0.member("item_id", open.id)
      $0.member("output_index", index)
      if !isCustom { $0.member("name", item.nonNull("name") ?? .string("")) }
      $0.member(isCustom ? "input" : "arguments", whole)
    }
    items[index]?.argument.isDone = true
  }

  // MARK: Keeping

  /// Keeps text that needed no second look.
  mutating func add(_ text: [UInt8], at place: ResponseEvent.Place) {
    guard let item = place.outputIndex else { return }
    switch place.kind {
    case .summaryDelta: items[item]?.summary[place.partIndex ?? 0]?.text += text
    case .argumentsDelta, .inputDelta: items[item]?.argument.text += text
    default: items[item]?.content[place.partIndex ?? 0]?.text += text
    }
  }

  private mutating func add(
    _ text: ArraySlice<UInt8>, to kind: OpenPart.Kind, _ index: Int, of item: Int
  ) {
    update(kind, index, of: item) { part in
      part.text.append(contentsOf: text)
      part.hasDelta = true
    }
  }

  private func part(_ kind: OpenPart.Kind, _ index: Int, of item: Int) -> OpenPart? {
    kind.isSummary ? items[item]?.summary[index] : items[item]?.content[index]
  }

  private mutating func set(_ part: OpenPart, _ index: Int, of item: Int) {
    if part.kind.isSummary {
      items[item]?.summary[index] = part
    } else {
      items[item]?.content[index] = part
    }
  }

  private mutating func update(
    _ kind: OpenPart.Kind, _ index: Int, of item: Int, _ body: (inout OpenPart) -> Void
  ) {
    guard var part = part(kind, index, of: item) else { return }
    // Or its text would be copied.
    set(OpenPart(kind: part.kind), index, of: item)
    body(&part)
    set(part, index, of: item)
  }
}
