/// Base64 with padding (RFC 4648, section 4).
package enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  package static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for offset in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[offset...].prefix(3)
      let bits = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
      for digit in 0..<4 {
        let isPadding = digit > group.count
        let value = Int(bits >> (18 - 6 * UInt32(digit)) & 63)
        text.append(isPadding ? UInt8(ascii: "=") : alphabet[value])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// How many bytes a text stands for; nil for what is not base64 as `encode` writes it.
  package static func decodedCount(_ text: String) -> Int? {
    let digits = text.utf8.prefix { alphabet.contains($0) }
    let padding = text.utf8.dropFirst(digits.count)
    guard text.utf8.count % 4 == 0, padding.count < 3,
      padding.allSatisfy({ $0 == UInt8(ascii: "=") })
    else { return nil }
    // The bits of the last digit that belong to no byte are zero.
    let value = digits.last.flatMap { alphabet.firstIndex(of: $0) } ?? 0
    guard value & ((1 << (2 * padding.count)) - 1) == 0 else { return nil }
    return digits.count * 3 / 4
  }
}
