/// Encodes bytes as Base64 (RFC 4648, section 4).
package enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  package static func encode(_ bytes: [UInt8]) -> String {
    var encoded: [UInt8] = []
    encoded.reserveCapacity((bytes.count + 2) / 3 * 4)
    let alphabet = alphabet
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      let second = count > 1 ? UInt32(bytes[start + 1]) : 0
      let third = count > 2 ? UInt32(bytes[start + 2]) : 0
      let group = UInt32(bytes[start]) << 16 | second << 8 | third
      encoded.append(alphabet[Int(group >> 18)])
      encoded.append(alphabet[Int(group >> 12 & 63)])
      encoded.append(count > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
      encoded.append(count > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
    }
    return String(decoding: encoded, as: UTF8.self)
  }
}
