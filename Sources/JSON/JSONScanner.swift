/// Checks one JSON text (RFC 8259) in a single pass, without recursion and without building values.
///
/// It hands out where the members or elements of the outermost container lie, so that a reader
/// takes what it needs as byte ranges and leaves the rest as it came.
package struct JSONScanner {
  /// The nesting that fits the bit stack of open containers.
  static let deepestLevel = 128

  /// One member or element of the outermost container, as byte offsets into the text.
  package struct Child {
    /// The key without its quotes and as written; empty for an array's element.
    package let key: Range<Int>
    package let value: Range<Int>
  }

  private let limits: JSONLimits
  private var offset = 0
  private var nodes = 0
  private var depth = 0
  /// One bit for each open container, the innermost lowest: set for an object.
  private var openObjects: UInt128 = 0
  private var childKey = 0..<0
  private var childStart = 0
  private var keys = OpenKeys()

  private init(limits: JSONLimits) {
    self.limits = limits
  }

  /// Checks the whole text and returns where its value lies, without the white space around it.
  ///
  /// - Parameter child: called for every member or element of the outermost container, in order,
  ///   up to where the text is refused.
  package static func scan(
    _ text: Span<UInt8>, limits: JSONLimits, child: (Child) -> Void = { _ in }
  ) throws(JSONError) -> Range<Int> {
    if let value = QuickScan.value(of: text, limits: limits, child: child) { return value }
    return try scanExactly(text, limits: limits, child: child)
  }

  /// The same where that can be told quickly; nil where the text takes a closer look, or is none.
  package static func quickScan(
    _ text: Span<UInt8>, limits: JSONLimits, child: (Child) -> Void
  ) -> Range<Int>? {
    QuickScan.value(of: text, limits: limits, child: child)
  }

  /// The same, byte by byte: finds what is wrong with a text, and where.
  package static func scanExactly(
    _ text: Span<UInt8>, limits: JSONLimits, child: (Child) -> Void = { _ in }
  ) throws(JSONError) -> Range<Int> {
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: text)
    } catch {
      throw JSONError(
        .malformed, at: error.byteOffsets.lowerBound, "invalid UTF-8 where JSON text was expected")
    }
    var scanner = JSONScanner(limits: limits)
    return try scanner.scanValidUTF8(text, child)
  }

  private mutating func scanValidUTF8(
    _ text: Span<UInt8>, _ child: (Child) -> Void
  ) throws(JSONError) -> Range<Int> {
    skipSpace(text)
    let start = offset
    try scanValue(text)
    while depth > 0 {
      // Here a value has just ended; on the first level it is a child.
      if depth == 1 { child(Child(key: childKey, value: childStart..<offset)) }
      skipSpace(text)
      try scanAfterValue(text)
    }
    let end = offset
    skipSpace(text)
    guard offset == text.count else { throw unexpected(text, "the end of the text") }
    return start..<end
  }

  // MARK: Containers

  /// Goes on behind a value inside a container: to the next value or past the container's end.
  @inline(always)
  private mutating func scanAfterValue(_ text: Span<UInt8>) throws(JSONError) {
    let isObject = openObjects & 1 == 1
    let end = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
    guard offset < text.count, text[offset] == UInt8(ascii: ",") else {
      guard offset < text.count, text[offset] == end else {
        throw unexpected(text, isObject ? "\",\" or \"}\"" : "\",\" or \"]\"")
      }
      return try close(text)
    }
    offset += 1
    skipSpace(text)
    if isObject { try scanKey(text) }
    try scanValue(text)
  }

  @inline(always)
  private mutating func scanKey(_ text: Span<UInt8>) throws(JSONError) {
    guard offset < text.count, text[offset] == UInt8(ascii: "\"") else {
      throw unexpected(text, "a key in double quotes")
    }
    let start = offset + 1
    try scanString(text)
    let key = start..<offset - 1
    try checkKey(key, text)
    if depth == 1 { childKey = key }
    skipSpace(text)
    guard offset < text.count, text[offset] == UInt8(ascii: ":") else {
      throw unexpected(text, "\":\"")
    }
    offset += 1
    skipSpace(text)
  }

  @inline(always)
  private mutating func checkKey(_ key: Range<Int>, _ text: Span<UInt8>) throws(JSONError) {
    guard key.count <= limits.maximumKeyBytes else {
      throw JSONError(
        .keyTooLong, at: key.lowerBound,
        "a key of \(key.count) bytes, at most \(limits.maximumKeyBytes) are allowed")
    }
    if !limits.allowsDuplicateKeys { keys.append(key, in: text) }
  }

  /// Goes into a container.
  @inline(always)
  private mutating func open(_ text: Span<UInt8>, isObject: Bool) throws(JSONError) {
    guard depth < limits.maximumDepth else {
      throw JSONError(.tooDeep, at: offset, "nested deeper than \(limits.maximumDepth) levels")
    }
    depth += 1
    openObjects = openObjects << 1 | (isObject ? 1 : 0)
    offset += 1
    if isObject, !limits.allowsDuplicateKeys { keys.openObject() }
  }

  @inline(always)
  private mutating func close(_ text: Span<UInt8>) throws(JSONError) {
    if openObjects & 1 == 1, !limits.allowsDuplicateKeys { try keys.closeObject(text) }
    depth -= 1
    openObjects >>= 1
    offset += 1
  }

  // MARK: Values

  /// Passes over a scalar, or goes into a container up to its first scalar or its end.
  @inline(always)
  private mutating func scanValue(_ text: Span<UInt8>) throws(JSONError) {
    while true {
      if depth == 1 { childStart = offset }
      nodes += 1
      guard nodes <= limits.maximumNodes else {
        throw JSONError(.tooManyNodes, at: offset, "more than \(limits.maximumNodes) values")
      }
      guard offset < text.count else { throw unexpected(text, "a value") }
      switch text[offset] {
      case UInt8(ascii: "\""): return try scanString(text)
      case UInt8(ascii: "{"):
        try open(text, isObject: true)
        skipSpace(text)
        if offset < text.count, text[offset] == UInt8(ascii: "}") { return try close(text) }
        try scanKey(text)
      case UInt8(ascii: "["):
        try open(text, isObject: false)
        skipSpace(text)
        if offset < text.count, text[offset] == UInt8(ascii: "]") { return try close(text) }
      case UInt8(ascii: "t"): return try scanLiteral("true", text)
      case UInt8(ascii: "f"): return try scanLiteral("false", text)
      case UInt8(ascii: "n"): return try scanLiteral("null", text)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try scanNumber(text)
      default: throw unexpected(text, "a value")
      }
    }
  }

  private mutating func scanLiteral(_ literal: StaticString, _ text: Span<UInt8>) throws(JSONError)
  {
    let start = offset
    for index in 0..<literal.utf8CodeUnitCount {
      guard offset < text.count, unsafe text[offset] == literal.utf8Start[index] else {
        offset = start
        throw unexpected(text, "\(literal)")
      }
      offset += 1
    }
  }

  private mutating func scanNumber(_ text: Span<UInt8>) throws(JSONError) {
    let start = offset
    if text[offset] == UInt8(ascii: "-") { offset += 1 }
    if offset < text.count, text[offset] == UInt8(ascii: "0") {
      offset += 1
    } else {
      try scanDigits(text, numberStart: start)
    }
    if offset < text.count, text[offset] == UInt8(ascii: ".") {
      offset += 1
      try scanDigits(text, numberStart: start)
    }
    if offset < text.count, text[offset] | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if offset < text.count, text[offset] == UInt8(ascii: "+") || text[offset] == UInt8(ascii: "-")
      {
        offset += 1
      }
      try scanDigits(text, numberStart: start)
    }
  }

  @inline(always)
  private mutating func scanDigits(_ text: Span<UInt8>, numberStart: Int) throws(JSONError) {
    let start = offset
    let longest = numberStart + limits.maximumNumberBytes
    while offset < text.count, text[offset] &- UInt8(ascii: "0") < 10 {
      offset += 1
      guard offset <= longest else {
        throw JSONError(
          .numberTooLong, at: numberStart,
          "a number of more than \(limits.maximumNumberBytes) characters")
      }
    }
    guard offset > start else { throw unexpected(text, "a digit") }
  }

  @inline(always)
  private mutating func scanString(_ text: Span<UInt8>) throws(JSONError) {
    offset += 1
    while true {
      offset = EightBytes.first(in: text, from: offset) {
        $0.equal(to: UInt8(ascii: "\"")) | $0.equal(to: UInt8(ascii: "\\")) | $0.below(0x20)
      }
      guard offset < text.count else { throw unexpected(text, "the end of the string") }
      switch text[offset] {
      case UInt8(ascii: "\""):
        offset += 1
        return
      case UInt8(ascii: "\\"): try scanEscape(text)
      default: throw unexpected(text, "an escape: control characters may not stand in a string")
      }
    }
  }

  private mutating func scanEscape(_ text: Span<UInt8>) throws(JSONError) {
    guard offset + 1 < text.count else {
      offset = text.count
      throw unexpected(text, "an escape")
    }
    switch text[offset + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      offset += 2
    case UInt8(ascii: "u"):
      try scanUnicodeEscape(text)
    default:
      throw unexpected(text, "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
    }
  }

  private mutating func scanUnicodeEscape(_ text: Span<UInt8>) throws(JSONError) {
    guard let unit = JSONEscape.hexadecimal(text, at: offset + 2) else {
      throw unexpected(text, "four hexadecimal digits after \\u")
    }
    guard 0xD800...0xDFFF ~= unit, !limits.allowsLoneSurrogates else {
      offset += 6
      return
    }
    let next = offset + 6
    guard unit < 0xDC00, next + 1 < text.count, text[next] == UInt8(ascii: "\\"),
      text[next + 1] == UInt8(ascii: "u"),
      let low = JSONEscape.hexadecimal(text, at: next + 2), 0xDC00...0xDFFF ~= low
    else {
      throw unexpected(text, "a pair of surrogates, one alone names no character")
    }
    offset += 12
  }

  // MARK: Bytes

  @inline(always)
  private mutating func skipSpace(_ text: Span<UInt8>) {
    while offset < text.count {
      switch text[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  @inline(never)
  private func unexpected(_ text: Span<UInt8>, _ expected: String) -> JSONError {
    guard offset < text.count else {
      return JSONError(.malformed, at: offset, "the text ends where \(expected) was expected")
    }
    let byte = text[offset]
    let found: String
    if 0x21...0x7E ~= byte {
      found = "\"\(Unicode.Scalar(byte))\""
    } else {
      let digits = String(byte, radix: 16, uppercase: true)
      found = "byte 0x" + (digits.utf8.count < 2 ? "0" : "") + digits
    }
    return JSONError(.malformed, at: offset, "\(found) found where \(expected) was expected")
  }
}
