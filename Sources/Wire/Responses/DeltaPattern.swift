package import JSON

/// What the deltas of one text have in common byte for byte: all but their number, their text and the
/// padding beside it. A delta that fits is known without being looked at member by member.
package struct DeltaPattern {
  private enum Gap {
    /// The event's number.
    case number
    /// A string; whether it is the delta itself.
    case string(isDelta: Bool)
  }

  let kind: ResponseEvent.Kind
  /// The event's type as it is spelled.
  let name: ArraySlice<UInt8>
  /// What stands before each gap.
  private var parts: [(bytes: ArraySlice<UInt8>, gap: Gap)] = []
  private let end: ArraySlice<UInt8>

  /// - Parameter event: one that lacks nothing.
  package init?(_ event: ResponseEvent) {
    guard !event.isOdd, event.kind.isDelta, let delta = event.delta, let name = event.typeName
    else { return nil }
    // What is told of tokens is kept, and differs.
    if let logprobs = event.logprobs, event.inside(logprobs).contains(where: { $0 > 0x20 }) {
      return nil
    }
    kind = event.kind
    self.name = name
    let bytes = event.json.bytes
    var gaps = [(delta, Gap.string(isDelta: true))]
    if let number = event.numberRange { gaps.append((number, .number)) }
    if let padding = event.padding { gaps.append((padding, .string(isDelta: false))) }
    gaps.sort { $0.0.lowerBound < $1.0.lowerBound }
    var start = bytes.startIndex
    for (range, gap) in gaps {
      parts.append((bytes[start..<range.lowerBound], gap))
      start = range.upperBound
    }
    end = bytes[start...]
  }

  /// Where the text of an event that fits stands, with its quotes; nil for any other.
  ///
  /// - Parameter number: the one that it is to have, where the pattern has numbers.
  package func delta(in json: RawJSON, number: Int) -> Range<Int>? {
    let bytes = json.bytes
    var index = bytes.startIndex
    var found: Range<Int>?
    for part in parts {
      guard json.has(part.bytes, at: index) else { return nil }
      index += part.bytes.count
      let range: Range<Int>?
      switch part.gap {
      case .number: range = Self.number(number, in: bytes, at: index)
      case .string(let isDelta):
        range = json.string(at: index)
        if isDelta { found = range }
      }
      guard let range else { return nil }
      index = range.upperBound
    }
    return bytes.endIndex - index == end.count && json.has(end, at: index) ? found : nil
  }

  private static func number(
    _ number: Int, in bytes: ArraySlice<UInt8>, at start: Int
  ) -> Range<Int>? {
    var index = start
    var value = 0
    while index < bytes.endIndex, 0x30...0x39 ~= bytes[index], index - start < 9 {
      value = value * 10 + Int(bytes[index] - 0x30)
      index += 1
    }
    return value == number && index > start ? start..<index : nil
  }
}
