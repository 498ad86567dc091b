internal import JSON

/// One event of a response's stream, looked at once: what it is, and where its members stand.
///
/// Members of a wrong type count as missing, and so do those that are null.
struct ResponseEvent {
  enum Kind {
    case created, queued, inProgress, completed, incomplete, failed, error
    case itemAdded, itemDone, partAdded, partDone
    case textDelta, textDone, refusalDelta, refusalDone, reasoningDelta, reasoningDone
    case summaryAdded, summaryDone, summaryDelta, summaryTextDone
    case argumentsDelta, argumentsDone, inputDelta, inputDone
    case annotation, other
  }

  /// The text that an event is about.
  struct Place: Equatable {
    let kind: Kind
    let outputIndex: Int?
    let partIndex: Int?
  }

  let json: RawJSON
  private(set) var kind = Kind.other
  private(set) var number: Int?
  private(set) var outputIndex: Int?
  /// `content_index` or `summary_index`.
  private(set) var partIndex: Int?
  /// A string with its quotes, as are `delta` and `whole`; all are indices of the event's bytes.
  private(set) var itemID: Range<Int>?
  private(set) var delta: Range<Int>?
  /// `text`, `refusal`, `arguments` or `input`.
  private(set) var whole: Range<Int>?
  private(set) var logprobs: Range<Int>?
  /// `item`, `part` or `response`.
  private(set) var object: Range<Int>?

  init(_ json: RawJSON) {
    self.json = json
    guard json.kind == .object else { return }
    let bytes = json.bytes
    json.forEachChild { key, value in
      let text = bytes.span
      let (start, first) = (bytes.startIndex, bytes[value.lowerBound])
      let name = text.extracting(key.lowerBound - start..<key.upperBound - start)
      switch first {
      case UInt8(ascii: "\""):
        takeString(
          name, value, text.extracting(value.lowerBound - start..<value.upperBound - start))
      case UInt8(ascii: "{"):
        if name.isOne(of: "item", "part", "response") { object = value }
      case UInt8(ascii: "["): if name.isOne(of: "logprobs") { logprobs = value }
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        takeNumber(
          name, text.extracting(value.lowerBound - start..<value.upperBound - start))
      default: break
      }
    }
  }

  private mutating func takeString(
    _ name: Span<UInt8>, _ value: Range<Int>, _ text: Span<UInt8>
  ) {
    switch name.count {
    case 4 where name.isOne(of: "type"): kind = Self.kind(text.extracting(1..<text.count - 1))
    case 5 where name.isOne(of: "delta"): delta = value
    case 7 where name.isOne(of: "item_id"): itemID = value
    case 4 where name.isOne(of: "text"), 5 where name.isOne(of: "input"),
      7 where name.isOne(of: "refusal"), 9 where name.isOne(of: "arguments"):
      whole = value
    default: break
    }
  }

  private mutating func takeNumber(_ name: Span<UInt8>, _ text: Span<UInt8>) {
    switch name.count {
    case 12 where name.isOne(of: "output_index"): outputIndex = Self.digits(text)
    case 13 where name.isOne(of: "content_index", "summary_index"): partIndex = Self.digits(text)
    case 15 where name.isOne(of: "sequence_number"): number = Self.digits(text)
    default: break
    }
  }

  /// The value of a short row of digits, which is how indices and numbers of events are written.
  private static func digits(_ text: Span<UInt8>) -> Int? {
    guard text.count <= 9 else { return nil }
    var value = 0
    for index in text.indices {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= text[index] else { return nil }
      value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
    }
    return value
  }

  // MARK: Types

  private static func kind(_ name: Span<UInt8>) -> Kind {
    guard name.count < kinds.count else { return .other }
    for (type, kind) in kinds[name.count] where name.isOne(of: type) { return kind }
    return .other
  }

  /// By the length of their names.
  private static let kinds: [[(type: String, kind: Kind)]] = {
    var kinds: [[(type: String, kind: Kind)]] = []
    for (type, kind) in types {
      while kinds.count <= type.utf8.count { kinds.append([]) }
      kinds[type.utf8.count].append((type, kind))
    }
    return kinds
  }()

  private static let types: [(String, Kind)] = [
    ("response.created", .created), ("response.queued", .queued),
    ("response.in_progress", .inProgress), ("response.completed", .completed),
    ("response.incomplete", .incomplete), ("response.failed", .failed), ("error", .error),
    ("response.output_text.delta", .textDelta), ("response.output_text.done", .textDone),
    ("response.output_item.added", .itemAdded), ("response.output_item.done", .itemDone),
    ("response.content_part.added", .partAdded), ("response.content_part.done", .partDone),
    ("response.refusal.delta", .refusalDelta), ("response.refusal.done", .refusalDone),
    ("response.reasoning_text.delta", .reasoningDelta),
    ("response.reasoning_text.done", .reasoningDone),
    // These names are those of Open Responses.
    ("response.reasoning.delta", .reasoningDelta), ("response.reasoning.done", .reasoningDone),
    ("response.reasoning_summary_part.added", .summaryAdded),
    ("response.reasoning_summary_part.done", .summaryDone),
    ("response.reasoning_summary_text.delta", .summaryDelta),
    ("response.reasoning_summary_text.done", .summaryTextDone),
    ("response.function_call_arguments.delta", .argumentsDelta),
    ("response.function_call_arguments.done", .argumentsDone),
    ("response.custom_tool_call_input.delta", .inputDelta),
    ("response.custom_tool_call_input.done", .inputDone),
    ("response.output_text.annotation.added", .annotation),
  ]

  // MARK: Members

  var place: Place { Place(kind: kind, outputIndex: outputIndex, partIndex: partIndex) }

  func value(_ range: Range<Int>?) -> RawJSON? {
    range.map { RawJSON(checked: json.bytes[$0]) }
  }

  /// The inside of a string as it is spelled.
  func inside(_ range: Range<Int>) -> ArraySlice<UInt8> {
    json.bytes[range.lowerBound + 1..<range.upperBound - 1]
  }
}

extension ResponseEvent.Kind {
  /// Whether it is one of many that bring a text piece by piece.
  var isDelta: Bool {
    switch self {
    case .textDelta, .refusalDelta, .reasoningDelta, .summaryDelta, .argumentsDelta, .inputDelta:
      true
    default: false
    }
  }
}

extension Span<UInt8> {
  /// Whether it is spelled as a text is.
  @inline(__always)
  fileprivate func isOne(of text: String) -> Bool {
    let other = text.utf8Span.span
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }

  @inline(__always)
  fileprivate func isOne(of text: String, _ second: String, _ third: String? = nil) -> Bool {
    isOne(of: text) || isOne(of: second) || third.map { isOne(of: $0) } ?? false
  }
}
