/// How a token of the daemon is spelled: `halley-` and 43 characters of base64url (RFC 4648,
/// section 5), which are 32 bytes.
///
/// The prefix lets everybody who reads a key tell it from an upstream's.
package enum TokenText {
  package static let prefix = "halley-"
  package static let secretBytes = 32

  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  package static func text(_ secret: [UInt8]) -> String { prefix + base64URL(secret) }

  /// Whether what was taken for a key of an upstream begins as a token does.
  package static func looksLike(_ key: some Sequence<UInt8>) -> Bool {
    key.starts(with: prefix.utf8)
  }

  /// Spells bytes without padding.
  package static func base64URL(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 & 0xFFFF | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        text.append(digits[Int(bits >> UInt32(count) & 63)])
      }
    }
    if count > 0 { text.append(digits[Int(bits << UInt32(6 - count) & 63)]) }
    return String(decoding: text, as: UTF8.self)
  }
}
