package import JSON

/// What the deltas of one text have in common byte for byte: all but their number, their text and the
/// padding beside it. A delta that fits is known without being looked at member by member.
package struct DeltaPattern {
  let kind: ResponseEvent.Kind
  /// The event's type as it is spelled.
  let name: ArraySlice<UInt8>
  private let model: JSONModel
  /// The text and the number of the model.
  private let text: ArraySlice<UInt8>
  private let ownNumber: Int?
  /// Which of the members may differ, by their places.
  private let delta: Int
  private let number: Int?
  private let padding: Int?

  /// - Parameter event: one that lacks nothing.
  package init?(_ event: ResponseEvent) {
    guard !event.isOdd, event.kind.isDelta, let delta = event.delta, let name = event.typeName
    else { return nil }
    // What is told of tokens is kept, and differs.
    if let logprobs = event.logprobs, event.inside(logprobs).contains(where: { $0 > 0x20 }) {
      return nil
    }
    let bytes = event.json.bytes
    var children: [JSONScanner.Child] = []
    do throws(JSONError) {
      _ = try RawJSON(parsing: bytes, limits: .relayed) { children.append($0) }
    } catch {
      return nil
    }
    func place(of range: Range<Int>?) -> Int? {
      range.flatMap { range in
        children.firstIndex { $0.value.lowerBound == range.lowerBound - bytes.startIndex }
      }
    }
    let whole = 0..<bytes.count
    guard let deltaPlace = place(of: delta),
      let model = JSONModel(
        whole, of: bytes.span, text: whole, children: children, limits: .relayed)
    else { return nil }
    kind = event.kind
    self.name = name
    self.model = model
    text = bytes[delta]
    ownNumber = event.number
    self.delta = deltaPlace
    number = place(of: event.numberRange)
    padding = place(of: event.padding)
  }

  /// The text of an event that fits, with its quotes; nil for any other.
  ///
  /// - Parameter number: the one that it is to have, where the pattern has numbers.
  package func delta(in json: RawJSON, number: Int) -> ArraySlice<UInt8>? {
    let bytes = json.bytes
    guard let match = model.match(0..<bytes.count, of: bytes.span), match.end == bytes.count
    else { return nil }
    let text = match.value(delta)
    let told = self.number.flatMap { match.value($0) }
    let padding = padding.flatMap { match.value($0) }
    let differing = (text == nil ? 0 : 1) + (told == nil ? 0 : 1) + (padding == nil ? 0 : 1)
    // A value that differs may be a number, too.
    func isText(_ range: Range<Int>?) -> Bool {
      range.map { bytes[bytes.startIndex + $0.lowerBound] == UInt8(ascii: "\"") } ?? true
    }
    guard match.count == differing, isText(text), isText(padding),
      ownNumber == nil || (told.map { Self.number(bytes, $0) } ?? ownNumber) == number
    else { return nil }
    return text.map { range in
      bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound]
    } ?? self.text
  }

  /// The value of a short row of digits; nil for anything else.
  ///
  /// - Parameter range: as offsets.
  private static func number(_ bytes: ArraySlice<UInt8>, _ range: Range<Int>) -> Int? {
    guard range.count <= 9 else { return nil }
    var value = 0
    for offset in range {
      let byte = bytes[bytes.startIndex + offset]
      guard byte.isDigit else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return value
  }
}
