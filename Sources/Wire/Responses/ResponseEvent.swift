package import JSON

/// One event of a response's stream, looked at once: what it is, and where its members stand.
///
/// Members of a wrong type count as missing, and so do those that are null.
package struct ResponseEvent {
  package enum Kind: Sendable {
    case created, queued, inProgress, completed, incomplete, failed, error
    case itemAdded, itemDone, partAdded, partDone
    case textDelta, textDone, refusalDelta, refusalDone, reasoningDelta, reasoningDone
    case summaryAdded, summaryDone, summaryDelta, summaryTextDone
    case argumentsDelta, argumentsDone, inputDelta, inputDone
    case annotation, other
  }

  /// The text that an event is about.
  package struct Place: Equatable, Sendable {
    let kind: Kind
    let outputIndex: Int?
    let partIndex: Int?
  }

  package let json: RawJSON
  private(set) var kind = Kind.other
  package private(set) var number: Int?
  /// Where the number stands; this and all other ranges are indices of the event's bytes.
  package private(set) var numberRange: Range<Int>?
  private(set) var outputIndex: Int?
  /// `content_index` or `summary_index`.
  private(set) var partIndex: Int?
  /// A string with its quotes, as are `delta` and `whole`.
  package private(set) var itemID: Range<Int>?
  package private(set) var delta: Range<Int>?
  /// `text`, `refusal`, `arguments` or `input`.
  private(set) var whole: Range<Int>?
  private(set) var logprobs: Range<Int>?
  /// `obfuscation`, by which the length of a delta says nothing.
  private(set) var padding: Range<Int>?
  /// The inside of the type, where it is a string.
  private(set) var typeName: ArraySlice<UInt8>?
  /// `item`, `part` or `response`.
  private(set) var object: Range<Int>?
  /// Whether one of these is there, but null or of a wrong type.
  package private(set) var isOdd = false

  package init(_ json: RawJSON) {
    self.json = json
    guard json.kind == .object else { return }
    let bytes = json.bytes
    json.forEachChild { key, value in
      let text = bytes.span
      let start = bytes.startIndex
      take(
        text.extracting(key.lowerBound - start..<key.upperBound - start), value,
        text.extracting(value.lowerBound - start..<value.upperBound - start))
    }
  }

  /// - Parameter range: of the value.
  private mutating func take(_ key: Span<UInt8>, _ range: Range<Int>, _ value: Span<UInt8>) {
    // Told apart by length first: most members are none of these.
    switch key.count {
    case 4: takeShort(key, range, value)
    case 5 where key.spells("delta"): delta = self.range(range, value, "\"")
    case 5 where key.spells("input"): whole = self.range(range, value, "\"")
    case 7 where key.spells("item_id"): itemID = self.range(range, value, "\"")
    case 7 where key.spells("refusal"): whole = self.range(range, value, "\"")
    case 8 where key.spells("logprobs"): logprobs = self.range(range, value, "[")
    case 8 where key.spells("response"): object = self.range(range, value, "{")
    case 9 where key.spells("arguments"): whole = self.range(range, value, "\"")
    case 11 where key.spells("obfuscation"): padding = self.range(range, value, "\"")
    case 12 where key.spells("output_index"): outputIndex = digits(value)
    case 13 where key.spells("content_index") || key.spells("summary_index"):
      partIndex = digits(value)
    case 15 where key.spells("sequence_number"):
      number = digits(value)
      numberRange = range
    default: break
    }
  }

  private mutating func takeShort(
    _ key: Span<UInt8>, _ range: Range<Int>, _ value: Span<UInt8>
  ) {
    if key.spells("type") {
      if self.range(range, value, "\"") != nil {
        kind = Self.kind(value.extracting(1..<value.count - 1))
        typeName = inside(range)
      }
    } else if key.spells("item") || key.spells("part") {
      object = self.range(range, value, "{")
    } else if key.spells("text") {
      whole = self.range(range, value, "\"")
    }
  }

  private mutating func range(
    _ range: Range<Int>, _ value: Span<UInt8>, _ first: Unicode.Scalar
  ) -> Range<Int>? {
    guard value[0] == UInt8(ascii: first) else {
      isOdd = true
      return nil
    }
    return range
  }

  /// The value of a short row of digits, which is how indices and numbers of events are written.
  private mutating func digits(_ text: Span<UInt8>) -> Int? {
    var value = 0
    for index in text.indices {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= text[index], text.count <= 9 else {
        isOdd = true
        return nil
      }
      value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
    }
    return value
  }

  // MARK: Types

  private static func kind(_ name: Span<UInt8>) -> Kind {
    guard name.count < kinds.count else { return .other }
    for (type, kind) in kinds[name.count] where name.spells(type) { return kind }
    return .other
  }

  /// By the length of their names.
  private static let kinds: [[(type: StaticString, kind: Kind)]] = {
    var kinds: [[(type: StaticString, kind: Kind)]] = []
    for (type, kind) in types {
      while kinds.count <= type.utf8CodeUnitCount { kinds.append([]) }
      kinds[type.utf8CodeUnitCount].append((type, kind))
    }
    return kinds
  }()

  private static let types: [(StaticString, Kind)] = [
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

  package var place: Place { Place(kind: kind, outputIndex: outputIndex, partIndex: partIndex) }

  func value(_ range: Range<Int>?) -> RawJSON? {
    range.map { RawJSON(checked: json.bytes[$0]) }
  }

  /// The inside of a string as it is spelled.
  package func inside(_ range: Range<Int>) -> ArraySlice<UInt8> {
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
  /// Whether it has the bytes of an ASCII text.
  @inline(__always)
  fileprivate func spells(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for index in indices where unsafe self[index] != text.utf8Start[index] { return false }
    return true
  }
}
