internal import JSON

/// One item of a stream, as far as it came.
struct OpenItem {
  /// As it was added, or as it ended; whole.
  private(set) var item: RawJSON
  let type: String
  let id: RawJSON
  private let callID: RawJSON?
  /// The index that the upstream gives it; nil where it does not say one.
  var told: Int?
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

  init(_ item: RawJSON, told: Int?, isMade: Bool, isNamed: Bool) {
    self.item = item
    self.told = told
    self.isMade = isMade
    self.isNamed = isNamed
    type = item["type"]?.string ?? ""
    id = item["id"] ?? .null
    callID = item.nonNull("call_id")
    for (index, part) in (item["content"]?.elements ?? []).enumerated() {
      content[index] = OpenPart(of: part)
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

  private static let families = [
    "message": 0, "reasoning": 1, "function_call": 2, "custom_tool_call": 2,
  ]

  /// Whether what an item of a type has may be in this one. Of other types nothing is known.
  func mayHold(_ type: String) -> Bool {
    guard let own = Self.families[self.type], let other = Self.families[type] else { return true }
    return own == other
  }

  /// Whether an item's end may be that of this one by its texts.
  func agrees(with told: RawJSON) -> Bool {
    let parts = told["content"]?.elements ?? []
    let places = content.places(of: parts)
    return zip(parts, places).allSatisfy { part, index in
      content[index]?.agrees(with: part) ?? content.isEmpty
    }
  }

  mutating func end(as item: RawJSON) {
    self.item = item
    isDone = true
  }

  // MARK: What it says

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

  /// The end of an item with what its events brought of its parts and it does not say.
  func enriched(_ told: RawJSON) -> RawJSON {
    guard content.values.contains(where: \.bringsMore), let parts = told["content"]?.elements
    else { return told }
    let rich = zip(parts, content.places(of: parts)).map { part, index in
      content[index].map { part.adding($0.more, replacesNull: true) } ?? part
    }
    return rich == parts ? told : told.setting("content", to: .array(rich))
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

  var kind: Kind
  /// The index that the upstream gives it; nil where it does not say one.
  var told: Int?
  /// Whether its beginning was put in.
  let isMade: Bool
  /// What came, as it stands inside of JSON strings.
  var text: [UInt8] = []
  /// What came of its tokens, as it stands inside of arrays.
  var logprobs: [UInt8] = []
  var annotations: [RawJSON] = []
  var isTextDone = false
  var isDone = false

  init(kind: Kind, told: Int? = nil, isMade: Bool = false) {
    self.kind = kind
    self.told = told
    self.isMade = isMade
  }

  /// - Parameter part: with which an item began.
  init(of part: RawJSON) {
    self.init(kind: Kind(part))
    if let text = part.literal(kind.key) { self.text = Array(text.bytes.dropFirst().dropLast()) }
  }

  var string: RawJSON {
    RawJSON(checked: ([UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")])[...])
  }

  var logprobsArray: RawJSON {
    RawJSON(checked: ([UInt8(ascii: "[")] + logprobs + [UInt8(ascii: "]")])[...])
  }

  mutating func add(logprobs more: ArraySlice<UInt8>) {
    guard more.contains(where: { $0 > 0x20 }) else { return }
    if !logprobs.isEmpty { logprobs.append(UInt8(ascii: ",")) }
    logprobs.append(contentsOf: more)
  }

  var bringsMore: Bool { !annotations.isEmpty || !logprobs.isEmpty }

  /// What its events brought besides the text.
  var more: [(String, RawJSON)] {
    var more: [(String, RawJSON)] = []
    if !annotations.isEmpty { more.append(("annotations", .array(annotations))) }
    if !logprobs.isEmpty { more.append(("logprobs", logprobsArray)) }
    return more
  }

  /// The part that has come to an end without being told.
  var json: RawJSON {
    RawJSON.object {
      $0.member("type", kind.type)
      $0.member(kind.key, string)
      for (key, value) in more { $0.member(key, value) }
    }.completedPart
  }

  /// What a whole text, a string, has behind that of the part; nil where it has nothing there, or is
  /// another text.
  func rest(of whole: RawJSON) -> RawJSON? {
    let told = whole.bytes.dropFirst().dropLast()
    guard !told.elementsEqual(text) else { return nil }
    guard !text.isEmpty else { return whole }
    // The same text may be spelled in another way.
    guard let whole = whole.string?.utf8, let came = string.string?.utf8,
      whole.count > came.count, whole.starts(with: came)
    else { return nil }
    return .string(String(decoding: Array(whole.dropFirst(came.count)), as: UTF8.self))
  }

  /// Whether a part that was told whole may be this one: one text begins with the other.
  func agrees(with part: RawJSON) -> Bool {
    guard Kind(part) == kind else { return false }
    guard let whole = part.literal(kind.key), !text.isEmpty else { return true }
    guard !whole.bytes.dropFirst().dropLast().elementsEqual(text) else { return true }
    guard let whole = whole.string?.utf8, let came = string.string?.utf8 else { return false }
    return whole.starts(with: came) || came.starts(with: whole)
  }
}

extension [Int: OpenPart] {
  /// Where parts stand in the stream that were told whole, at the end of their item; those that did
  /// not come are new ones behind the others.
  ///
  /// Some servers count from 1, or leave out what they said nothing of. So it is their texts that
  /// say which they are, and their places only where no text does.
  func places(of parts: [RawJSON]) -> [Int] {
    var free = keys.sorted()
    var next = count
    return parts.enumerated().map { position, part in
      func place(_ fits: (OpenPart) -> Bool) -> Int? {
        free.first { self[$0].map { fits($0) } ?? false }
      }
      let kind = OpenPart.Kind(part)
      func isThere(_ index: Int) -> Bool {
        free.contains(index) && self[index]?.kind == kind
          && (self[index]?.told ?? index) == position
      }
      let place =
        (isThere(position) && self[position]?.agrees(with: part) == true ? position : nil)
        ?? place { $0.told == position && $0.agrees(with: part) }
        ?? place { !$0.text.isEmpty && $0.agrees(with: part) }
        ?? (isThere(position) ? position : nil)
        ?? place { $0.kind == kind && $0.text.isEmpty }
      guard let place else {
        defer { next += 1 }
        return next
      }
      free.removeAll { $0 == place }
      return place
    }
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
