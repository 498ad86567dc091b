/// Walks through text that was found to be JSON before, so that nothing is checked again.
///
/// What is nested in a value is passed over by its quotes and brackets alone.
enum CheckedText {
  /// Calls back with the offsets of each member or element of the container that the text is; not at
  /// all where it is none.
  ///
  /// A key comes without its quotes and as written; it is empty for an array's element.
  @inline(always)
  static func forEachChild(
    of text: Span<UInt8>, _ body: (_ key: Range<Int>, _ value: Range<Int>) -> Void
  ) {
    guard text.count > 0, text[0] == UInt8(ascii: "{") || text[0] == UInt8(ascii: "[") else {
      return
    }
    _ = walk(text, from: 0) { key, start in
      let end = endOfValue(text, from: start)
      body(key, start..<end)
      return end
    }
  }

  /// Goes through the container at an offset and returns the offset behind it.
  ///
  /// - Parameter child: is given the key, as `forEachChild` gives it, and where the value begins;
  ///   returns where the value ends.
  @inline(always)
  static func walk(
    _ text: Span<UInt8>, from start: Int, _ child: (_ key: Range<Int>, _ value: Int) -> Int
  ) -> Int {
    let isObject = text[start] == UInt8(ascii: "{")
    var offset = endOfSpace(text, from: start + 1)
    while !isClosing(text[offset]) {
      var key = 0..<0
      if isObject {
        key = offset + 1..<endOfString(text, from: offset) - 1
        let colon = endOfSpace(text, from: key.upperBound + 1)
        offset = endOfSpace(text, from: colon + 1)
      }
      offset = endOfSpace(text, from: child(key, offset))
      if text[offset] == UInt8(ascii: ",") { offset = endOfSpace(text, from: offset + 1) }
    }
    return offset + 1
  }

  /// Where the value of a member lies; of two with one key, the last.
  static func valueRange(of name: Span<UInt8>, in text: Span<UInt8>) -> Range<Int>? {
    var found: Range<Int>?
    forEachChild(of: text) { key, value in
      if JSONEscape.spells(text.extracting(key), name) { found = value }
    }
    return found
  }

  @inline(always)
  private static func isClosing(_ byte: UInt8) -> Bool {
    byte | 0x20 == UInt8(ascii: "}")
  }

  @inline(always)
  static func endOfValue(_ text: Span<UInt8>, from start: Int) -> Int {
    switch text[start] {
    case UInt8(ascii: "\""): endOfString(text, from: start)
    case UInt8(ascii: "{"), UInt8(ascii: "["): endOfContainer(text, from: start)
    default: endOfScalar(text, from: start)
    }
  }

  @inline(always)
  private static func endOfString(_ text: Span<UInt8>, from start: Int) -> Int {
    var offset = start + 1
    while true {
      let near = text.extracting(..<min(offset + nearBytes, text.count))
      offset = EightBytes.first(in: near, from: offset) {
        $0.equal(to: UInt8(ascii: "\"")) | $0.equal(to: UInt8(ascii: "\\"))
      }
      if offset == near.count {
        offset = text.firstIndex(of: UInt8(ascii: "\""), or: UInt8(ascii: "\\"), from: offset)
      }
      if text[offset] == UInt8(ascii: "\"") { return offset + 1 }
      offset += 2
    }
  }

  /// Most strings end within these; from there on memchr(3) is faster.
  private static var nearBytes: Int { 64 }

  private static func endOfContainer(_ text: Span<UInt8>, from start: Int) -> Int {
    var depth = 0
    var offset = start
    repeat {
      offset = EightBytes.first(in: text, from: offset) {
        let bytes = $0.withBit5
        return bytes.equal(to: UInt8(ascii: "\"")) | bytes.equal(to: UInt8(ascii: "{"))
          | bytes.equal(to: UInt8(ascii: "}"))
      }
      if text[offset] == UInt8(ascii: "\"") {
        offset = endOfString(text, from: offset)
      } else {
        depth += isClosing(text[offset]) ? -1 : 1
        offset += 1
      }
    } while depth > 0
    return offset
  }

  @inline(always)
  private static func endOfScalar(_ text: Span<UInt8>, from start: Int) -> Int {
    var offset = start
    while offset < text.count, !endsScalar(text[offset]) { offset += 1 }
    return offset
  }

  @inline(always)
  private static func endsScalar(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == UInt8(ascii: ",") || isClosing(byte)
  }

  @inline(always)
  private static func endOfSpace(_ text: Span<UInt8>, from start: Int) -> Int {
    var offset = start
    while offset < text.count, text[offset] <= 0x20 { offset += 1 }
    return offset
  }
}
