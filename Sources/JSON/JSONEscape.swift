/// Reads and writes the escapes of JSON strings (RFC 8259, section 7).
enum JSONEscape {
  /// Returns the value of the four hexadecimal digits at an offset.
  static func hexadecimal(_ text: Span<UInt8>, at offset: Int) -> UInt16? {
    guard offset + 4 <= text.count else { return nil }
    var value: UInt16 = 0
    for index in offset..<offset + 4 {
      guard let digit = digit(text[index]) else { return nil }
      value = value << 4 | digit
    }
    return value
  }

  private static func digit(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }

  /// Tells whether the inside of a checked string has an escape.
  static func isUsed(in text: Span<UInt8>) -> Bool {
    next(in: text, from: 0) < text.count
  }

  /// Tells whether the inside of a checked string decodes to a name.
  @inline(always)
  static func spells(_ written: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
    // An escape is longer than what it stands for.
    guard written.count == name.count else {
      return written.count > name.count && isUsed(in: written)
        && decode(written).span.isEqual(to: name)
    }
    return written.isEqual(to: name) && !isUsed(in: written)
  }

  @inline(always)
  private static func next(in text: Span<UInt8>, from start: Int) -> Int {
    text.firstIndex(of: UInt8(ascii: "\\"), from: start)
  }

  /// Decodes the inside of a checked string to UTF-8. A lone surrogate, which has no UTF-8, becomes
  /// U+FFFD, or the three bytes that UTF-8's rule would give it, so that it equals no text.
  static func decode(_ text: Span<UInt8>, keepsLoneSurrogates: Bool = false) -> [UInt8] {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.count)
    var offset = 0
    while offset < text.count {
      let escape = next(in: text, from: offset)
      decoded.append(contentsOf: text.extracting(offset..<escape))
      guard escape < text.count else { break }
      offset = decodeOne(text, at: escape, into: &decoded, keepsLoneSurrogates)
    }
    return decoded
  }

  /// Decodes the escape at an offset and returns the offset behind it.
  private static func decodeOne(
    _ text: Span<UInt8>, at offset: Int, into decoded: inout [UInt8], _ keepsLoneSurrogates: Bool
  ) -> Int {
    switch text[offset + 1] {
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"):
      return decodeUnicode(text, at: offset, into: &decoded, keepsLoneSurrogates)
    default: decoded.append(text[offset + 1])
    }
    return offset + 2
  }

  private static func decodeUnicode(
    _ text: Span<UInt8>, at offset: Int, into decoded: inout [UInt8], _ keepsLoneSurrogates: Bool
  ) -> Int {
    let unit = hexadecimal(text, at: offset + 2) ?? 0xFFFD
    var end = offset + 6
    var value = UInt32(unit)
    if 0xD800...0xDBFF ~= unit, end + 1 < text.count, text[end] == UInt8(ascii: "\\"),
      text[end + 1] == UInt8(ascii: "u"), let low = hexadecimal(text, at: end + 2),
      0xDC00...0xDFFF ~= low
    {
      value = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
      end += 6
    }
    if let scalar = Unicode.Scalar(value) {
      decoded.append(contentsOf: scalar.utf8)
    } else if keepsLoneSurrogates {
      decoded += [
        0xED, UInt8(0x80 | value >> 6 & 0x3F), UInt8(0x80 | value & 0x3F),
      ]
    } else {
      decoded.append(contentsOf: "\u{FFFD}".utf8)
    }
    return end
  }

  /// Appends a string in quotes, with the escapes that JSON demands and no others.
  static func append(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var offset = 0
    while offset < text.count {
      let special = EightBytes.first(in: text, from: offset) {
        $0.equal(to: UInt8(ascii: "\"")) | $0.equal(to: UInt8(ascii: "\\")) | $0.below(0x20)
          | $0.equal(to: 0x7F)
      }
      bytes.append(contentsOf: text.extracting(offset..<special))
      guard special < text.count else { break }
      appendEscape(of: text[special], to: &bytes)
      offset = special + 1
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendEscape(of byte: UInt8, to bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case 0x0A: bytes.append(contentsOf: "\\n".utf8)
    case 0x0D: bytes.append(contentsOf: "\\r".utf8)
    case 0x09: bytes.append(contentsOf: "\\t".utf8)
    default: appendControl(byte, to: &bytes)
    }
  }

  private static func appendControl(_ byte: UInt8, to bytes: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    bytes.append(contentsOf: "\\u00".utf8)
    bytes.append(digits[Int(byte >> 4)])
    bytes.append(digits[Int(byte & 15)])
  }
}
