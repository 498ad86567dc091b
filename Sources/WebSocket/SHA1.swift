/// SHA-1 (FIPS 180-4), which the handshake of a WebSocket asks for: to show that the server speaks
/// the protocol, not to keep anything safe (RFC 6455, section 10.8). Libraries of cryptography
/// begin to refuse it.
package enum SHA1 {
  private static let blockBytes = 64

  package static func digest(_ bytes: [UInt8]) -> [UInt8] {
    var state: SIMD8<UInt32> = [
      0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0, 0, 0, 0,
    ]
    let message = padded(bytes)
    for offset in stride(from: 0, to: message.count, by: blockBytes) {
      state &+= rounds(state, schedule(message, at: offset))
    }
    return (0..<5).flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: state[word] >> (24 - 8 * UInt32($0))) }
    }
  }

  /// Section 5.1.1: a one bit, zeros, and the length in bits.
  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    var message = bytes
    message.append(0x80)
    while message.count % blockBytes != blockBytes - 8 { message.append(0) }
    let bits = UInt64(bytes.count) * 8
    for shift in stride(from: 56, through: 0, by: -8) {
      message.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    return message
  }

  /// Section 6.1.2, step 1.
  private static func schedule(_ message: [UInt8], at offset: Int) -> [UInt32] {
    var schedule = (0..<16).map { word in
      message[(offset + 4 * word)..<(offset + 4 * word + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }
    for index in 16..<80 {
      schedule.append(
        rotate(
          schedule[index - 3] ^ schedule[index - 8] ^ schedule[index - 14] ^ schedule[index - 16],
          1))
    }
    return schedule
  }

  /// Section 6.1.2, steps 2 and 3.
  private static func rounds(_ state: SIMD8<UInt32>, _ schedule: [UInt32]) -> SIMD8<UInt32> {
    var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
    for (index, word) in schedule.enumerated() {
      let (mixed, constant): (UInt32, UInt32) =
        switch index / 20 {
        case 0: ((b & c) ^ (~b & d), 0x5a82_7999)
        case 1: (b ^ c ^ d, 0x6ed9_eba1)
        case 2: ((b & c) ^ (b & d) ^ (c & d), 0x8f1b_bcdc)
        default: (b ^ c ^ d, 0xca62_c1d6)
        }
      let next = rotate(a, 5) &+ mixed &+ e &+ constant &+ word
      (a, b, c, d, e) = (next, a, rotate(b, 30), c, d)
    }
    return [a, b, c, d, e, 0, 0, 0]
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &<< count | word &>> (32 - count)
  }
}
