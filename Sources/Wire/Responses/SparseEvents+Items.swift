internal import JSON

/// One item of a stream, as far as it came.
struct OpenItem {
  /// As it was added, or as it ended; whole.
  private(set) var item: RawJSON
  let type: String
  let id: RawJSON
  private let callID: RawJSON?
  /// Whether the upstream called it so.
  let isNamed: Bool
  /// Whether its beginning was put in, so that one that comes yet would be the second.
  let isMade: Bool
  private(set) var isDone = false
  /// By `content_index`.
  var content: [Int: OpenPart] = [:]
  /// By `summary_index`.
  var summary: [Int: OpenPart] = [:]
  /// Arguments of a function call, or the input of a custom tool call.
  var argument = OpenPart(kind: .argument)

  init(_ item: RawJSON, isMade: Bool, isNamed: Bool) {
    self.item = item
    self.isMade = isMade
    self.isNamed = isNamed
    type = item["type"]?.string ?? ""
    id = item["id"] ?? .null
    callID = item.nonNull("call_id")
    for (index, part) in (item["content"]?.elements ?? []).enumerated() {
      content[index] = OpenPart(kind: OpenPart.Kind(part))
    }
  }

  func isCalled(_ id: RawJSON) -> Bool {
    self.id == id || callID == id
  }

  /// Whether an id of a call does not say that it is another one.
  func mayBeCalled(_ callID: RawJSON?) -> Bool {
    guard let callID, let own = self.callID else { return true }
    return callID == own
  }

  mutating func end(as item: RawJSON) {
    self.item = item
    isDone = true
  }
}

/// A text that comes piece by piece.
struct OpenPart {
  enum Kind {
    case text, refusal, reasoning, summary, argument

    /// Of a part of a message or of reasoning.
    init(_ part: RawJSON) {
      switch part["type"]?.string {
      case "refusal": self = .refusal
      case "reasoning_text": self = .reasoning
      case "summary_text": self = .summary
      default: self = .text
      }
    }
  }

  let kind: Kind
  /// What came, as it stands inside of JSON strings.
  var text: [UInt8] = []
  var hasDelta = false
  var isTextDone = false
  var isDone = false

  init(kind: Kind) { self.kind = kind }

  var string: RawJSON {
    RawJSON(checked: ([UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")])[...])
  }

  /// The part that has come to an end without being told.
  var json: RawJSON {
    RawJSON.object {
      $0.member("type", kind.type)
      $0.member(kind.key, string)
    }.completedPart
  }
}

extension OpenPart.Kind {
  /// The type of the part.
  var type: String {
    switch self {
    case .text: "output_text"
    case .refusal: "refusal"
    case .reasoning: "reasoning_text"
    case .summary: "summary_text"
    case .argument: ""
    }
  }

  /// The member that has the whole text, of the part and of the event.
  var key: String { self == .refusal ? "refusal" : "text" }

  /// What the types of its events begin with.
  var stem: String {
    switch self {
    case .text: "response.output_text"
    case .refusal: "response.refusal"
    case .reasoning: "response.reasoning_text"
    case .summary: "response.reasoning_summary_text"
    case .argument: "response.function_call_arguments"
    }
  }

  var isSummary: Bool { self == .summary }
  var indexKey: String { isSummary ? "summary_index" : "content_index" }
  var partStem: String {
    isSummary ? "response.reasoning_summary_part" : "response.content_part"
  }
}

// MARK: Finding items

extension SparseEvents {
  /// The first index that no item has.
  var nextIndex: Int { (items.keys.max() ?? -1) + 1 }

  mutating func takeOfItem(_ event: ResponseEvent) {
    switch event.kind {
    case .itemAdded: addItem(event)
    case .itemDone: endItem(event)
    case .argumentsDelta, .argumentsDone, .inputDelta, .inputDone: takeArgument(event)
    case .other:
      guard event.outputIndex == nil, let index = named(event.value(event.itemID)) else {
        return pass(event)
      }
      pass(event, adding: [("output_index", .integer(index))])
    default:
      guard let kind = event.partKind else { return pass(event) }
      takePart(event, kind, of: itemIndex(event, type: kind.itemType))
    }
  }

  /// The members that say where an event belongs and that it lacks.
  func place(of index: Int, _ event: ResponseEvent) -> [(String, RawJSON)] {
    var missing: [(String, RawJSON)] = []
    if event.itemID == nil, let item = items[index] { missing.append(("item_id", item.id)) }
    if event.outputIndex == nil { missing.append(("output_index", .integer(index))) }
    return missing
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

  /// Where the item of an event stands, which is begun if it was not.
  private mutating func itemIndex(_ event: ResponseEvent, type: String) -> Int {
    let id = event.value(event.itemID)
    let index = event.outputIndex ?? named(id, type: type) ?? open(type, id) ?? nextIndex
    if items[index] == nil {
      begin(
        .object {
          if let id { $0.member("id", id) }
          $0.member("type", type)
        }, at: index)
    }
    latestItem = index
    return index
  }

  /// Puts in the beginning of an item.
  ///
  /// - Parameter item: as far as it is known.
  mutating func begin(_ item: RawJSON, at index: Int) {
    let begun = defaults.completed(item.begunItem, at: index, status: "in_progress")
    items[index] = OpenItem(begun, isMade: true, isNamed: item.nonNull("id") != nil)
    emit("response.output_item.added") {
      $0.member("output_index", index)
      $0.member("item", begun)
    }
  }

  private mutating func addItem(_ event: ResponseEvent) {
    guard let told = event.value(event.object) else { return pass(event) }
    let id = told.nonNull("id")
    let index = event.outputIndex ?? named(id) ?? nextIndex
    // Its beginning was put in, because something of it came before.
    if let open = items[index], open.isMade, !open.isDone { return }
    let item = defaults.completed(told, at: index, status: "in_progress")
    items[index] = OpenItem(item, isMade: false, isNamed: id != nil)
    latestItem = index
    pass(
      event, event.json.replacing("item", by: item, for: told),
      adding: event.outputIndex == nil ? [("output_index", .integer(index))] : [])
  }

  private mutating func endItem(_ event: ResponseEvent) {
    guard let told = event.value(event.object) else { return pass(event) }
    let type = told["type"]?.string ?? ""
    let index =
      event.outputIndex ?? named(told.nonNull("id"))
      ?? named(told.nonNull("call_id"), type: type)
      ?? open(type, told.nonNull("id")) ?? nextIndex
    let item = finish(told, at: index, status: "completed")
    pass(
      event, event.json.replacing("item", by: item, for: told),
      adding: event.outputIndex == nil ? [("output_index", .integer(index))] : [])
  }

  /// Puts in what an item lacks before its end, and returns it whole.
  ///
  /// - Parameter status: what it is where it does not say.
  mutating func finish(_ told: RawJSON, at index: Int, status: String) -> RawJSON {
    latestItem = index
    if items[index] == nil { begin(told, at: index) }
    var item = told
    if let open = items[index] { item = told.adding(open.known, replacesNull: true) }
    item = defaults.completed(item, at: index, status: status)
    endParts(of: item, at: index)
    items[index]?.end(as: item)
    return item
  }
}

extension OpenItem {
  /// What is known of an item whose end may say less.
  var known: [(String, RawJSON)] {
    var known = ["id", "call_id", "name"].compactMap { key in
      item.nonNull(key).map { (key, $0) }
    }
    if !content.isEmpty { known.append(("content", Self.parts(content))) }
    if !summary.isEmpty { known.append(("summary", Self.parts(summary))) }
    if !argument.text.isEmpty {
      known.append((type == "custom_tool_call" ? "input" : "arguments", argument.string))
    }
    return known
  }

  private static func parts(_ parts: [Int: OpenPart]) -> RawJSON {
    .array(parts.keys.sorted().compactMap { parts[$0]?.json })
  }

  /// The item as it is when it ends without being told.
  var whole: RawJSON { item.removing("content", "summary", "arguments", "input", "status") }
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
