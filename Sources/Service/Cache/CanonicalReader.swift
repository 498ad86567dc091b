/// A cursor over JSON that is known to be valid; between values it skips what separates them.
struct CanonicalReader {
  private let bytes: ArraySlice<UInt8>
  private var offset: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    offset = bytes.startIndex
  }

  /// The first byte of the next value, key or closing bracket.
  var peek: UInt8 {
    mutating get {
      while Self.isSeparator(bytes[offset]) { offset += 1 }
      return bytes[offset]
    }
  }

  mutating func takeByte() { offset += 1 }

  /// Takes a number or a literal name.
  mutating func takeWord() -> ArraySlice<UInt8> {
    let start = offset
    while offset < bytes.endIndex, !Self.endsWord(bytes[offset]) { offset += 1 }
    return bytes[start..<offset]
  }

  /// Takes a string; it is what `peek` has found.
  mutating func takeString() -> WrittenString {
    _ = peek
    let start = offset + 1
    offset = start
    var hasEscapes = false
    while bytes[offset] != UInt8(ascii: "\"") {
      if bytes[offset] == UInt8(ascii: "\\") {
        hasEscapes = true
        offset += 1
      }
      offset += 1
    }
    defer { offset += 1 }
    return WrittenString(written: bytes[start..<offset], hasEscapes: hasEscapes)
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: ":"): true
    default: false
    }
  }

  private static func endsWord(_ byte: UInt8) -> Bool {
    isSeparator(byte) || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
  }
}

/// The inside of a valid JSON string as it is written.
struct WrittenString {
  let written: ArraySlice<UInt8>
  let hasEscapes: Bool

  /// The text in UTF-8. A lone surrogate, which has no UTF-8, becomes the three bytes that UTF-8's
  /// rule would give it, so that it equals no text that has one.
  var decoded: ArraySlice<UInt8> {
    guard hasEscapes else { return written }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(written.count)
    var offset = written.startIndex
    while offset < written.endIndex {
      if written[offset] == UInt8(ascii: "\\") {
        offset = decodeEscape(at: offset, into: &decoded)
      } else {
        decoded.append(written[offset])
        offset += 1
      }
    }
    return decoded[...]
  }

  private func decodeEscape(at offset: Int, into decoded: inout [UInt8]) -> Int {
    let letter = written[offset + 1]
    switch letter {
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"): return decodeUnit(at: offset, into: &decoded)
    default: decoded.append(letter)
    }
    return offset + 2
  }

  private func decodeUnit(at offset: Int, into decoded: inout [UInt8]) -> Int {
    let unit = unit(at: offset)
    let next = offset + 6
    if 0xD800...0xDBFF ~= unit, next + 6 <= written.endIndex,
      written[next] == UInt8(ascii: "\\"), written[next + 1] == UInt8(ascii: "u"),
      case let low = self.unit(at: next), 0xDC00...0xDFFF ~= low
    {
      Self.append(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), to: &decoded)
      return next + 6
    }
    Self.append(unit, to: &decoded)
    return next
  }

  /// The four hexadecimal digits of an escape.
  private func unit(at offset: Int) -> UInt32 {
    written[(offset + 2)..<(offset + 6)].reduce(0) { value, digit in
      value << 4 + UInt32(digit & 0x0F) + (digit > UInt8(ascii: "9") ? 9 : 0)
    }
  }

  private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    func rest(_ shift: UInt32) -> UInt8 { UInt8(0x80 | value >> shift & 0x3F) }
    switch value {
    case ..<0x80: bytes.append(UInt8(value))
    case ..<0x800: bytes += [UInt8(0xC0 | value >> 6), rest(0)]
    case ..<0x10000: bytes += [UInt8(0xE0 | value >> 12), rest(6), rest(0)]
    default: bytes += [UInt8(0xF0 | value >> 18), rest(12), rest(6), rest(0)]
    }
  }
}
