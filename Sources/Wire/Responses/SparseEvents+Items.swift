internal import JSON

// MARK: Finding items

extension SparseEvents {
  /// The first index that no item has.
  ///
  /// Items are counted as they begin, which is how whole streams count them too: accumulators keep
  /// them in an array. What an upstream counts otherwise is counted anew.
  var nextIndex: Int { items.count }

  mutating func takeOfItem(_ event: ResponseEvent) {
    switch event.kind {
    case .itemAdded: addItem(event)
    case .itemDone: endItem(event)
    case .argumentsDelta, .argumentsDone, .inputDelta, .inputDone: takeArgument(event)
    case .other:
      let told = event.outputIndex.flatMap { index(told: $0) }
      guard let index = told ?? named(event.value(event.itemID)) else { return pass(event) }
      pass(event, placed: Edits("output_index", event.outputIndex, index))
    default:
      guard let kind = event.partKind else { return pass(event) }
      takePart(event, kind, of: itemIndex(event, type: kind.itemType))
    }
  }

  /// What an event lacks that says where it belongs, or says otherwise.
  func place(of index: Int, _ event: ResponseEvent) -> Edits {
    var edits = Edits()
    if let item = items[index] {
      if let id = event.value(event.itemID) {
        // It goes by the id of an item of another type.
        if !item.isCalled(id), named(id) != nil { edits.changed.append(("item_id", item.id)) }
      } else {
        edits.missing.append(("item_id", item.id))
      }
    }
    edits.add("output_index", event.outputIndex, index)
    return edits
  }

  /// The latest item that the upstream gives an index, and that may hold what one of a type has.
  func index(told: Int, type: String? = nil) -> Int? {
    func fits(_ item: OpenItem) -> Bool {
      item.told == told && (type.map { item.mayHold($0) } ?? true)
    }
    if let latestItem, let item = items[latestItem], fits(item) { return latestItem }
    return items.filter { fits($0.value) }.keys.max()
  }

  /// The item that has an id, be it that of its call.
  func named(_ id: RawJSON?, type: String? = nil) -> Int? {
    guard let id else { return nil }
    func fits(_ item: OpenItem) -> Bool {
      item.isCalled(id) && (type == nil || item.type == type)
    }
    if let latestItem, let item = items[latestItem], fits(item) { return latestItem }
    return items.first { fits($0.value) }?.key
  }

  /// The latest item of a type that has not ended; none that has another id.
  func open(_ type: String, _ id: RawJSON? = nil) -> Int? {
    func fits(_ item: OpenItem) -> Bool {
      item.type == type && !item.isDone && (id == nil || !item.isNamed)
    }
    if let latestItem, let item = items[latestItem], fits(item) { return latestItem }
    return items.filter { fits($0.value) }.keys.max()
  }

  /// The item of an event that came before; nil where the event is the first of one.
  ///
  /// - Parameter ids: of the item and of its call, as far as the event says them.
  func known(_ event: ResponseEvent, type: String, ids: [RawJSON?]) -> Int? {
    let named = ids.lazy.compactMap { self.named($0, type: type) }.first
    guard let told = event.outputIndex else { return named ?? open(type, ids.first ?? nil) }
    if let index = index(told: told, type: type) { return index }
    // The index is told of it for the first time.
    func isUntold(_ index: Int) -> Bool { items[index].map { $0.told == nil } ?? false }
    if let named, isUntold(named) { return named }
    guard isUntold(told), let item = items[told], item.mayHold(type), !item.isDone else {
      return nil
    }
    return told
  }

  /// Where the item of an event stands, which is begun if it was not.
  private mutating func itemIndex(_ event: ResponseEvent, type: String) -> Int {
    let id = event.value(event.itemID)
    if let index = known(event, type: type, ids: [id]) ?? partPlace(event, id) {
      return found(index, event)
    }
    let index = nextIndex
    let own = named(id) == nil || event.outputIndex != nil && id == items[index]?.id ? id : nil
    begin(
      .object {
        if let own { $0.member("id", own) }
        $0.member("type", type)
      }, at: index, told: event.outputIndex)
    return found(index, event)
  }

  /// Where a part stands whose type is that of another kind of item: some servers begin the texts of
  /// reasoning so.
  private func partPlace(_ event: ResponseEvent, _ id: RawJSON?) -> Int? {
    guard event.kind == .partAdded || event.kind == .partDone else { return nil }
    return event.outputIndex.flatMap { index(told: $0) } ?? named(id)
  }

  private mutating func found(_ index: Int, _ event: ResponseEvent) -> Int {
    if let told = event.outputIndex { items[index]?.told = told }
    latestItem = index
    return index
  }

  /// Puts in the beginning of an item.
  ///
  /// - Parameters:
  ///   - item: as far as it is known.
  ///   - told: the index that the upstream gives it.
  mutating func begin(_ item: RawJSON, at index: Int, told: Int?) {
    let begun = defaults.completed(item.begunItem, at: index, status: "in_progress")
    items[index] = OpenItem(
      begun, told: told, isMade: true, isNamed: item.nonNull("id") != nil)
    emit("response.output_item.added") {
      $0.member("output_index", index)
      $0.member("item", begun)
    }
  }

  private mutating func addItem(_ event: ResponseEvent) {
    guard let told = event.value(event.object) else { return pass(event) }
    let id = told.nonNull("id")
    let type = told["type"]?.string ?? ""
    let found = event.outputIndex.flatMap { _ in known(event, type: type, ids: [id]) } ?? named(id)
    if let found, let item = items[found], item.type == type,
      item.isMade && !item.isDone || id.map({ item.isCalled($0) }) ?? false
    {
      // Its beginning was put in, because something of it came before.
      _ = self.found(found, event)
      return
    }
    let index = nextIndex
    let item = defaults.completed(told, at: index, status: "in_progress")
    items[index] = OpenItem(
      item, told: event.outputIndex, isMade: false, isNamed: id != nil)
    latestItem = index
    pass(
      event, event.json.replacing("item", by: item, for: told),
      placed: Edits("output_index", event.outputIndex, index))
  }

  private mutating func endItem(_ event: ResponseEvent) {
    guard let told = event.value(event.object) else { return pass(event) }
    let type = told["type"]?.string ?? ""
    let id = told.nonNull("id")
    var found = known(event, type: type, ids: [id, told.nonNull("call_id")])
    // An index that several items have is that of the next one once the latest has ended.
    if let index = found, let item = items[index], item.isDone, let id, !item.isCalled(id) {
      found = nil
    }
    let index = found ?? nextIndex
    let item = finish(told, at: index, told: event.outputIndex, status: "completed")
    pass(
      event, event.json.replacing("item", by: item, for: told),
      placed: Edits("output_index", event.outputIndex, index))
  }

  /// Puts in what an item lacks before its end, and returns it whole.
  ///
  /// - Parameters:
  ///   - index: that of the item in the stream.
  ///   - toldIndex: the one that the upstream gives it.
  ///   - status: what it is where it does not say.
  mutating func finish(
    _ told: RawJSON, at index: Int, told toldIndex: Int?, status: String
  ) -> RawJSON {
    latestItem = index
    if items[index] == nil { begin(told, at: index, told: toldIndex) }
    if let toldIndex { items[index]?.told = toldIndex }
    var item = called(told, at: index)
    if let open = items[index] { item = open.enriched(item.adding(open.known, replacesNull: true)) }
    item = defaults.completed(item, at: index, status: status)
    endParts(of: item, at: index)
    items[index]?.end(as: item)
    return item
  }
}

/// What is put into an event so that it says where it belongs.
struct Edits {
  /// Members that it lacks.
  var missing: [(String, RawJSON)] = []
  /// Members that say something else.
  var changed: [(String, RawJSON)] = []

  init() {}

  init(_ key: String, _ told: Int?, _ index: Int) {
    add(key, told, index)
  }

  /// - Parameter told: what the event says itself.
  mutating func add(_ key: String, _ told: Int?, _ index: Int) {
    if told == nil {
      missing.append((key, .integer(index)))
    } else if told != index {
      changed.append((key, .integer(index)))
    }
  }
}

extension ResponseEvent {
  /// The kind of the part that the event is about; nil where it is about none.
  fileprivate var partKind: OpenPart.Kind? {
    switch kind {
    case .textDelta, .textDone, .annotation: .text
    case .refusalDelta, .refusalDone: .refusal
    case .reasoningDelta, .reasoningDone: .reasoning
    case .summaryAdded, .summaryDone, .summaryDelta, .summaryTextDone: .summary
    case .partAdded, .partDone: value(object).map { OpenPart.Kind($0) }
    default: nil
    }
  }
}

extension OpenPart.Kind {
  fileprivate var itemType: String {
    switch self {
    case .reasoning, .summary: "reasoning"
    case .text, .refusal, .argument: "message"
    }
  }
}

extension RawJSON {
  /// An item as it begins.
  fileprivate var begunItem: RawJSON {
    let begun = ResponseReplay.begun(item: self)
    return self["type"]?.string == "custom_tool_call"
      ? begun.replacing("input", with: .string("")) : begun
  }
}
