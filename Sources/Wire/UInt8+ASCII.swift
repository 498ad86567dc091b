extension UInt8 {
  var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }

  private var isLetter: Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= self | 0x20 }

  var isAlphanumeric: Bool { isDigit || isLetter }

  /// In lower case where it is a letter of ASCII.
  var lowercased: UInt8 { isLetter ? self | 0x20 : self }

  /// The value of a hexadecimal digit; nil for anything else.
  var hexadecimalValue: UInt8? {
    if isDigit { return self - UInt8(ascii: "0") }
    let letter = self | 0x20
    return UInt8(ascii: "a")...UInt8(ascii: "f") ~= letter ? letter - UInt8(ascii: "a") + 10 : nil
  }

  /// A control character of ASCII (RFC 5234, appendix B.1).
  var isControl: Bool { self < 0x20 || self == 0x7F }
}
