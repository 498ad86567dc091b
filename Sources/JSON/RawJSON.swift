/// One JSON value as the bytes that spell it.
///
/// What travels through Halley stays in this form: members are found when they are asked for, and
/// what nobody asks for is handed on with its order, numbers and escapes untouched.
package struct RawJSON: Sendable, Hashable {
  package enum Kind: Sendable {
    case null, boolean, number, string, array, object
  }

  /// One member of an object.
  package struct Member: Sendable {
    package let key: String
    package let value: RawJSON
  }

  /// The value without white space around it; valid JSON.
  package let bytes: ArraySlice<UInt8>

  /// Checks a text that holds one value.
  ///
  /// - Parameter child: called for each member or element, with offsets into the text, up to where
  ///   it is refused.
  @inline(__always)
  package init(
    parsing text: ArraySlice<UInt8>, limits: JSONLimits = .strict,
    child: (JSONScanner.Child) -> Void = { _ in }
  ) throws(JSONError) {
    let range = try JSONScanner.scan(text.span, limits: limits, child: child)
    bytes = text[text.startIndex + range.lowerBound..<text.startIndex + range.upperBound]
  }

  package init(parsing text: [UInt8], limits: JSONLimits = .strict) throws(JSONError) {
    try self.init(parsing: text[...], limits: limits)
  }

  package init(parsing text: String, limits: JSONLimits = .strict) throws(JSONError) {
    try self.init(parsing: Array(text.utf8)[...], limits: limits)
  }

  /// Takes over bytes that are known to spell one value.
  package init(checked bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
  }

  package static let null = RawJSON(checked: Array("null".utf8)[...])
  package static let emptyObject = RawJSON(checked: Array("{}".utf8)[...])
  package static let emptyArray = RawJSON(checked: Array("[]".utf8)[...])

  package var kind: Kind {
    switch bytes.first {
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
    case UInt8(ascii: "n"): .null
    default: .number
    }
  }

  package var isNull: Bool { kind == .null }

  /// The same value without line ends, which are white space in JSON: each becomes a space.
  package var onOneLine: RawJSON {
    guard bytes.span.lineEnd(from: 0) < bytes.count else { return self }
    return RawJSON(checked: Array(bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })[...])
  }

  /// The members of an object in their order; empty for anything else.
  package var members: [Member] {
    guard kind == .object else { return [] }
    var members: [Member] = []
    // Most objects have fewer; growing from one costs several allocations.
    members.reserveCapacity(8)
    forEachChild { key, value in
      members.append(Member(key: Self.decode(bytes[key]), value: RawJSON(checked: bytes[value])))
    }
    return members
  }

  /// The elements of an array; empty for anything else.
  package var elements: [RawJSON] {
    guard kind == .array else { return [] }
    var elements: [RawJSON] = []
    forEachChild { elements.append(RawJSON(checked: bytes[$1])) }
    return elements
  }

  /// Whether it is an array that has elements.
  package var hasElements: Bool {
    kind == .array && bytes.dropFirst().first { $0 > 0x20 } != UInt8(ascii: "]")
  }

  /// The elements of an array that are objects; empty for anything else.
  package var objects: [RawJSON] { elements.filter { $0.kind == .object } }

  /// The value of a member, where the object has it. Of two with one key, the last.
  package subscript(key: String) -> RawJSON? {
    guard kind == .object else { return nil }
    return valueRange(of: key).map { RawJSON(checked: bytes[$0]) }
  }

  /// The value of a member that is there and is not null.
  package func nonNull(_ key: String) -> RawJSON? {
    guard let value = self[key], !value.isNull else { return nil }
    return value
  }

  /// Whether the key at a range of `bytes`, which `forEachChild` gave, is a name.
  package func isSpelled(_ key: Range<Int>, _ name: String) -> Bool {
    JSONEscape.spells(bytes[key].span, name.utf8Span.span)
  }

  /// Calls back with the ranges of key and value of each child, as indices of `bytes`.
  @inline(always)
  package func forEachChild(_ body: (_ key: Range<Int>, _ value: Range<Int>) -> Void) {
    CheckedText.forEachChild(of: bytes.span) { body(inBytes($0), inBytes($1)) }
  }

  /// The range of a member's value, as indices of `bytes`.
  func valueRange(of name: String) -> Range<Int>? {
    CheckedText.valueRange(of: name.utf8Span.span, in: bytes.span).map(inBytes)
  }

  func inBytes(_ offsets: Range<Int>) -> Range<Int> {
    bytes.startIndex + offsets.lowerBound..<bytes.startIndex + offsets.upperBound
  }

  static func decode(_ written: ArraySlice<UInt8>) -> String {
    guard JSONEscape.isUsed(in: written.span) else {
      return String(decoding: written, as: UTF8.self)
    }
    return String(decoding: JSONEscape.decode(written.span), as: UTF8.self)
  }
}
