/// Spells a JSON number by its exact decimal value: its significant digits and a power of ten.
///
/// Nothing is rounded, so numbers that a double can't tell apart stay different. An exponent beyond
/// 15 digits is not computed with: such a number equals only itself as it is written.
enum CanonicalNumber {
  private static let longestExponent = 15

  /// - Parameter text: valid by RFC 8259, section 6.
  static func append(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
    var number: [UInt8] = []
    number.append(contentsOf: text)
    if isPlainInteger(number) {
      bytes.append(UInt8(ascii: "#"))
      return bytes.append(contentsOf: number)
    }
    guard let value = Decimal(number[...]) else {
      bytes.append(UInt8(ascii: "?"))
      return bytes.append(contentsOf: number)
    }
    bytes.append(UInt8(ascii: "#"))
    value.append(to: &bytes)
  }

  /// Whether it is spelled as `Decimal` would, which most numbers are: an integer that does not end
  /// in zero, or zero.
  private static func isPlainInteger(_ number: [UInt8]) -> Bool {
    guard let last = number.last else { return false }
    let digits = number.first == UInt8(ascii: "-") ? number.dropFirst() : number[...]
    return digits.allSatisfy(isDigit)
      && (last != UInt8(ascii: "0") || number.elementsEqual("0".utf8))
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }

  private struct Decimal {
    var isNegative: Bool
    /// Without zeros at either end; empty for zero.
    var digits: ArraySlice<UInt8>
    var exponent: Int

    init?(_ number: ArraySlice<UInt8>) {
      isNegative = number.first == UInt8(ascii: "-")
      let parts = (isNegative ? number.dropFirst() : number).split(
        omittingEmptySubsequences: false
      ) { $0 | 0x20 == UInt8(ascii: "e") }
      let mantissa = parts[0].split(separator: UInt8(ascii: "."))
      let fraction = mantissa.count > 1 ? mantissa[1] : []
      guard let power = parts.count > 1 ? Self.exponent(parts[1]) : 0 else { return nil }
      exponent = power - fraction.count
      digits = (Array(mantissa[0]) + fraction).drop { $0 == UInt8(ascii: "0") }
      trim()
    }

    private static func exponent(_ text: ArraySlice<UInt8>) -> Int? {
      text.count <= longestExponent ? Int(String(decoding: text, as: UTF8.self)) : nil
    }

    private mutating func trim() {
      while digits.last == UInt8(ascii: "0") {
        digits = digits.dropLast()
        exponent += 1
      }
      if digits.isEmpty {
        // Minus zero is zero.
        isNegative = false
        exponent = 0
      }
    }

    func append(to bytes: inout [UInt8]) {
      if isNegative { bytes.append(UInt8(ascii: "-")) }
      bytes.append(contentsOf: digits.isEmpty ? [UInt8(ascii: "0")] : digits)
      guard exponent != 0 else { return }
      bytes.append(UInt8(ascii: "e"))
      bytes.append(contentsOf: "\(exponent)".utf8)
    }
  }
}
