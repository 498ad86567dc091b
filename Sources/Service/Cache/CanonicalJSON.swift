package import JSON

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
    var reader = CanonicalReader(json.bytes)
    addValue(&reader)
  }

  /// Adds a text of our own.
  package mutating func add(_ text: String) {
    addString(text.utf8)
  }

  // The text is valid and at most 128 levels deep: it was read under the limits of `JSONLimits`.
  private mutating func addValue(_ reader: inout CanonicalReader) {
    switch reader.peek {
    case UInt8(ascii: "{"): addObject(&reader)
    case UInt8(ascii: "["): addArray(&reader)
    case UInt8(ascii: "\""): addString(reader.takeString().decoded)
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
      bytes.append(contentsOf: reader.takeWord())
    default: CanonicalNumber.append(reader.takeWord(), to: &bytes)
    }
  }

  private mutating func addArray(_ reader: inout CanonicalReader) {
    bytes.append(UInt8(ascii: "["))
    reader.takeByte()
    while reader.peek != UInt8(ascii: "]") { addValue(&reader) }
    reader.takeByte()
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func addObject(_ reader: inout CanonicalReader) {
    bytes.append(UInt8(ascii: "{"))
    reader.takeByte()
    var members: [(key: ArraySlice<UInt8>, range: Range<Int>)] = []
    let start = bytes.count
    while reader.peek != UInt8(ascii: "}") {
      let key = reader.takeString().decoded
      let memberStart = bytes.count
      addString(key)
      addValue(&reader)
      members.append((key, memberStart..<bytes.count))
    }
    reader.takeByte()
    sort(members, from: start)
    bytes.append(UInt8(ascii: "}"))
  }

  /// Puts the members in order. Two of one key, which only an upstream may send, keep theirs.
  private mutating func sort(
    _ members: [(key: ArraySlice<UInt8>, range: Range<Int>)], from start: Int
  ) {
    let sorted = members.sorted { left, right in
      left.key.elementsEqual(right.key)
        ? left.range.lowerBound < right.range.lowerBound
        : left.key.lexicographicallyPrecedes(right.key)
    }
    guard !sorted.elementsEqual(members, by: { $0.range == $1.range }) else { return }
    var ordered: [UInt8] = []
    ordered.reserveCapacity(bytes.count - start)
    for member in sorted { ordered.append(contentsOf: bytes[member.range]) }
    bytes.replaceSubrange(start..., with: ordered)
  }

  private mutating func addString(_ text: some Collection<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: String(text.count).utf8)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(contentsOf: text)
  }
}
