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

  /// Decodes the inside of a checked string to UTF-8. A lone surrogate becomes U+FFFD.
  static func decode(_ text: Span<UInt8>) -> [UInt8] {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.count)
    var offset = 0
    while offset < text.count {
      guard text[offset] == UInt8(ascii: "\\") else {
        decoded.append(text[offset])
        offset += 1
        continue
      }
      offset = decodeOne(text, at: offset, into: &decoded)
    }
    return decoded
  }

  /// Decodes the escape at an offset and returns the offset behind it.
  private static func decodeOne(
    _ text: Span<UInt8>, at offset: Int, into decoded: inout [UInt8]
  ) -> Int {
    switch text[offset + 1] {
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"): return decodeUnicode(text, at: offset, into: &decoded)
    default: decoded.append(text[offset + 1])
    }
    return offset + 2
  }

  private static func decodeUnicode(
    _ text: Span<UInt8>, at offset: Int, into decoded: inout [UInt8]
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
    let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
    decoded.append(contentsOf: scalar.utf8)
    return end
  }

  /// Appends a string in quotes, with the escapes that JSON demands and no others.
  static func append(_ utf8: some Sequence<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x0A: bytes.append(contentsOf: "\\n".utf8)
      case 0x0D: bytes.append(contentsOf: "\\r".utf8)
      case 0x09: bytes.append(contentsOf: "\\t".utf8)
      case 0..<0x20, 0x7F: appendControl(byte, to: &bytes)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendControl(_ byte: UInt8, to bytes: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    bytes.append(contentsOf: "\\u00".utf8)
    bytes.append(digits[Int(byte >> 4)])
    bytes.append(digits[Int(byte & 15)])
  }
}
