internal import JSON

/// The texts of items: parts of messages and of reasoning, arguments of calls.
extension SparseEvents {
  // MARK: Parts

  mutating func takePart(_ event: ResponseEvent, _ kind: OpenPart.Kind, of item: Int) {
    let index = partPlace(event, kind, of: item)
    latestPlace = ResponseEvent.Place(kind: event.kind, outputIndex: item, partIndex: index)
    var edits = place(of: item, event)
    edits.add(kind.indexKey, event.partIndex, index)
    let isBeginning = event.kind == .partAdded || event.kind == .summaryAdded
    if let part = part(kind, index, of: item) {
      // Its beginning was put in, because something of it came before.
      if isBeginning, part.isMade { return }
      if part.kind != kind, part.text.isEmpty { update(kind, index, of: item) { $0.kind = kind } }
    } else if isBeginning {
      set(OpenPart(kind: kind, told: event.partIndex), index, of: item)
    } else {
      beginPart(kind, index, told: event.partIndex, of: item)
    }
    keep(event, kind, index, of: item, &edits)
    passPart(event, kind, index, of: item, edits)
  }

  /// Keeps what an event says of a part, and puts in what stands before it.
  private mutating func keep(
    _ event: ResponseEvent, _ kind: OpenPart.Kind, _ index: Int, of item: Int, _ edits: inout Edits
  ) {
    switch event.kind {
    case .textDelta, .refusalDelta, .reasoningDelta, .summaryDelta:
      guard let delta = event.delta else { break }
      update(kind, index, of: item) { part in
        part.text.append(contentsOf: event.inside(delta))
        if let logprobs = event.logprobs { part.add(logprobs: event.inside(logprobs)) }
      }
    case .textDone, .refusalDone, .reasoningDone, .summaryTextDone:
      guard let whole = event.value(event.whole) else { break }
      endText(whole, kind, index, of: item)
    case .partDone, .summaryDone:
      guard let part = event.value(event.object) else { break }
      tellText(of: part, kind, index, of: item)
      update(kind, index, of: item) { $0.isDone = true }
    case .annotation:
      let count = part(kind, index, of: item)?.annotations.count ?? 0
      edits.missing.append(("annotation_index", .integer(count)))
      guard let annotation = event.json.nonNull("annotation") else { break }
      update(kind, index, of: item) { $0.annotations.append(annotation) }
    default: break
    }
  }

  /// Where a part stands in the stream. Those without an index follow one another.
  private mutating func partPlace(
    _ event: ResponseEvent, _ kind: OpenPart.Kind, of item: Int
  ) -> Int {
    let parts = (kind.isSummary ? items[item]?.summary : items[item]?.content) ?? [:]
    guard let told = event.partIndex else { return latestPart(event, kind, parts) }
    if parts[told]?.told == told { return told }
    if let known = parts.first(where: { $0.value.told == told })?.key { return known }
    guard let part = parts[told], part.told == nil else { return parts.count }
    update(kind, told, of: item) { $0.told = told }
    return told
  }

  private func latestPart(
    _ event: ResponseEvent, _ kind: OpenPart.Kind, _ parts: [Int: OpenPart]
  ) -> Int {
    guard let latest = parts.keys.max(), let part = parts[latest] else { return 0 }
    if event.kind == .partAdded || event.kind == .summaryAdded {
      return part.isMade && !part.isDone ? latest : latest + 1
    }
    let isOver = part.isDone || part.isTextDone && event.kind.isDelta
    return isOver || part.kind != kind ? latest + 1 : latest
  }

  private mutating func passPart(
    _ event: ResponseEvent, _ kind: OpenPart.Kind, _ index: Int, of item: Int, _ placed: Edits
  ) {
    var edits = placed
    let open = part(kind, index, of: item)
    if event.kind == .textDelta {
      edits.missing.append(("logprobs", .emptyArray))
    } else if event.kind == .textDone {
      edits.missing.append(("logprobs", open?.logprobsArray ?? .emptyArray))
    }
    if event.logprobs != nil { edits.missing.removeAll { $0.0 == "logprobs" } }
    guard let told = event.value(event.object) else { return pass(event, placed: edits) }
    var whole = told
    if event.kind == .partDone, let open { whole = whole.adding(open.more, replacesNull: true) }
    pass(
      event, event.json.replacing("part", by: whole.completedPart, for: told), placed: edits)
  }

  private mutating func beginPart(
    _ kind: OpenPart.Kind, _ index: Int, told: Int?, of item: Int
  ) {
    set(OpenPart(kind: kind, told: told, isMade: true), index, of: item)
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

  /// Puts in what deltas did not bring of a part's text, as one more.
  private mutating func endText(
    _ text: RawJSON, _ kind: OpenPart.Kind, _ index: Int, of item: Int
  ) {
    if let rest = part(kind, index, of: item)?.rest(of: text) {
      emitPart("\(kind.stem).delta", kind, index, of: item) {
        $0.member("delta", rest)
        if kind == .text { $0.member("logprobs", .emptyArray) }
      }
    }
    update(kind, index, of: item) { part in
      part.isTextDone = true
      part.text = Array(text.bytes.dropFirst().dropLast())
    }
  }

  /// Puts in a part's text and its end, where they were not told.
  private mutating func tellText(
    of told: RawJSON, _ kind: OpenPart.Kind, _ index: Int, of item: Int
  ) {
    guard let open = part(kind, index, of: item), !open.isTextDone else { return }
    let text = told.literal(kind.key) ?? open.string
    endText(text, kind, index, of: item)
    emitPart("\(kind.stem).done", kind, index, of: item) {
      $0.member(kind.key, text)
      if kind == .text { $0.member("logprobs", told.nonNull("logprobs") ?? open.logprobsArray) }
    }
  }

  /// Puts in what the parts of an item lack before it ends.
  mutating func endParts(of item: RawJSON, at index: Int) {
    let summary = item["summary"]?.elements ?? []
    for (part, place) in zip(summary, (items[index]?.summary ?? [:]).places(of: summary)) {
      end(part, .summary, place, of: index)
    }
    let content = item["content"]?.elements ?? []
    for (part, place) in zip(content, (items[index]?.content ?? [:]).places(of: content))
    where ["output_text", "refusal", "reasoning_text"].contains(part["type"]?.string) {
      end(part, OpenPart.Kind(part), place, of: index)
    }
    endArgument(of: item, at: index)
  }

  private mutating func end(
    _ told: RawJSON, _ kind: OpenPart.Kind, _ index: Int, of item: Int
  ) {
    if part(kind, index, of: item) == nil { beginPart(kind, index, told: nil, of: item) }
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
    let isNamed = id != nil && event.outputIndex == nil
    guard let index = isNamed ? named(id, type: type) : known(event, type: type, ids: [id])
    else { return }
    if let told = event.outputIndex { items[index]?.told = told }
    latestItem = index
    latestPlace = ResponseEvent.Place(kind: event.kind, outputIndex: index, partIndex: nil)
    if event.kind == .argumentsDelta || event.kind == .inputDelta {
      if let delta = event.delta {
        items[index]?.argument.text.append(contentsOf: event.inside(delta))
      }
    } else if let whole = event.value(event.whole) {
      tellArgument(whole, at: index)
      items[index]?.argument.isDone = true
    }
    pass(event, placed: place(of: index, event))
  }

  /// Puts in what deltas did not bring of an argument, as one more.
  private mutating func tellArgument(_ whole: RawJSON, at index: Int) {
    guard let open = items[index] else { return }
    if let rest = open.argument.rest(of: whole) {
      let isCustom = open.type == "custom_tool_call"
      emit(
        isCustom ? "response.custom_tool_call_input.delta" : "\(OpenPart.Kind.argument.stem).delta"
      ) {
        $0.member("item_id", open.id)
        $0.member("output_index", index)
        $0.member("delta", rest)
      }
    }
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

  /// Keeps what is told of tokens, which only texts of messages have.
  mutating func add(logprobs: ArraySlice<UInt8>, at place: ResponseEvent.Place) {
    guard !logprobs.isEmpty, let item = place.outputIndex else { return }
    items[item]?.content[place.partIndex ?? 0]?.add(logprobs: logprobs)
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
