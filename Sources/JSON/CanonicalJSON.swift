/// Spells JSON values so that equal values have equal bytes and different ones never do.
///
/// Members stand in the order of their decoded keys' bytes, strings are decoded and led by their
/// length, and numbers are spelled by their decimal value: `1`, `1.0` and `1e0` are one number. It
/// is no JSON; nobody reads it, it is only compared and hashed.
package struct CanonicalJSON: ~Copyable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func add(_ json: RawJSON) {
    bytes.reserveCapacity(bytes.count + json.bytes.count + 16)
    _ = addValue(json.bytes.span, at: 0)
  }

  /// Adds a text of our own.
  package mutating func add(_ text: String) {
    addText(text.utf8Span.span)
  }

  /// Adds the value at an offset and returns the offset behind it. The text was read under the limits
  /// of `JSONLimits`: it is at most 128 levels deep.
  private mutating func addValue(_ text: Span<UInt8>, at start: Int) -> Int {
    switch text[start] {
    case UInt8(ascii: "{"): return addObject(text, at: start)
    case UInt8(ascii: "["):
      bytes.append(UInt8(ascii: "["))
      let end = CheckedText.walk(text, from: start) { _, value in addValue(text, at: value) }
      bytes.append(UInt8(ascii: "]"))
      return end
    case let first:
      let end = CheckedText.endOfValue(text, from: start)
      switch first {
      case UInt8(ascii: "\""): _ = addString(text.extracting(start + 1..<end - 1))
      case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
        bytes.append(contentsOf: text.extracting(start..<end))
      default: CanonicalNumber.append(text.extracting(start..<end), to: &bytes)
      }
      return end
    }
  }

  private mutating func addObject(_ text: Span<UInt8>, at start: Int) -> Int {
    bytes.append(UInt8(ascii: "{"))
    var members: [(key: Range<Int>, range: Range<Int>)] = []
    let first = bytes.count
    let end = CheckedText.walk(text, from: start) { key, value in
      let memberStart = bytes.count
      let decodedKey = addString(text.extracting(key))
      let end = addValue(text, at: value)
      members.append((decodedKey, memberStart..<bytes.count))
      return end
    }
    sort(members, from: first)
    bytes.append(UInt8(ascii: "}"))
    return end
  }

  /// Puts the members in order. Two of one key, which only an upstream may send, keep theirs.
  private mutating func sort(_ members: [(key: Range<Int>, range: Range<Int>)], from start: Int) {
    let sorted = members.sorted { left, right in
      let (one, other) = (bytes[left.key], bytes[right.key])
      return one.elementsEqual(other)
        ? left.range.lowerBound < right.range.lowerBound : one.lexicographicallyPrecedes(other)
    }
    guard !sorted.elementsEqual(members, by: { $0.range == $1.range }) else { return }
    var ordered: [UInt8] = []
    ordered.reserveCapacity(bytes.count - start)
    for member in sorted { ordered.append(contentsOf: bytes[member.range]) }
    bytes.replaceSubrange(start..., with: ordered)
  }

  /// Adds the inside of a string and returns where its text lies in `bytes`.
  private mutating func addString(_ written: Span<UInt8>) -> Range<Int> {
    guard JSONEscape.isUsed(in: written) else { return addText(written) }
    return addText(JSONEscape.decode(written, keepsLoneSurrogates: true).span)
  }

  @discardableResult
  private mutating func addText(_ text: Span<UInt8>) -> Range<Int> {
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: String(text.count).utf8)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(contentsOf: text)
    return bytes.count - text.count..<bytes.count
  }
}
