/// SHA-256 (FIPS 180-4), where two texts with one digest must not be found even on purpose.
package struct SHA256 {
  /// A digest, its eight words in pairs.
  package struct Digest: Sendable, Hashable {
    package let words: (UInt64, UInt64, UInt64, UInt64)

    /// Most significant byte first, as the standard writes it.
    package var bytes: [UInt8] {
      [words.0, words.1, words.2, words.3].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
      }
    }

    package static func == (left: Digest, right: Digest) -> Bool {
      left.words == right.words
    }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(words.0)
    }
  }

  private static let blockBytes = 64

  private var state: SIMD8<UInt32> = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]

  private init() {}

  package static func digest(_ bytes: [UInt8]) -> Digest {
    digest(bytes.span)
  }

  package static func digest(_ bytes: Span<UInt8>) -> Digest {
    var hash = SHA256()
    let whole = bytes.count / blockBytes * blockBytes
    for offset in stride(from: 0, to: whole, by: blockBytes) { hash.add(bytes, at: offset) }
    let tail = padded(bytes, from: whole)
    for offset in stride(from: 0, to: tail.count, by: blockBytes) {
      hash.add(tail.span, at: offset)
    }
    return hash.digest
  }

  /// Section 5.1.1: a one bit, zeros, and the length in bits.
  private static func padded(_ bytes: Span<UInt8>, from start: Int) -> [UInt8] {
    var tail: [UInt8] = []
    tail.reserveCapacity(2 * blockBytes)
    for offset in start..<bytes.count { tail.append(bytes[offset]) }
    tail.append(0x80)
    while tail.count % blockBytes != blockBytes - 8 { tail.append(0) }
    let bits = UInt64(bytes.count) * 8
    for shift in stride(from: 56, through: 0, by: -8) {
      tail.append(UInt8(truncatingIfNeeded: bits >> shift))
    }
    return tail
  }

  private var digest: Digest {
    func pair(_ index: Int) -> UInt64 { UInt64(state[index]) << 32 | UInt64(state[index + 1]) }
    return Digest(words: (pair(0), pair(2), pair(4), pair(6)))
  }

  /// Section 6.2.2.
  private mutating func add(_ bytes: Span<UInt8>, at offset: Int) {
    var schedule = InlineArray<64, UInt32>(repeating: 0)
    for index in 0..<16 { schedule[index] = Self.word(bytes, at: offset + 4 * index) }
    for index in 16..<64 {
      schedule[index] =
        Self.mix(schedule[index - 2], 17, 19, 10) &+ schedule[index - 7]
        &+ Self.mix(schedule[index - 15], 7, 18, 3) &+ schedule[index - 16]
    }
    state &+= rounds(schedule)
  }

  private func rounds(_ schedule: InlineArray<64, UInt32>) -> SIMD8<UInt32> {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for index in 0..<64 {
      let choice = (e & f) ^ (~e & g)
      let first =
        h &+ Self.sum(e, 6, 11, 25) &+ choice &+ Self.constants[index] &+ schedule[index]
      let majority = (a & b) ^ (a & c) ^ (b & c)
      let second = Self.sum(a, 2, 13, 22) &+ majority
      (h, g, f, e) = (g, f, e, d &+ first)
      (d, c, b, a) = (c, b, a, first &+ second)
    }
    return [a, b, c, d, e, f, g, h]
  }

  @inline(__always)
  private static func word(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
    UInt32(bytes[offset]) << 24 | UInt32(bytes[offset + 1]) << 16
      | UInt32(bytes[offset + 2]) << 8 | UInt32(bytes[offset + 3])
  }

  @inline(__always)
  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 - count)
  }

  @inline(__always)
  private static func sum(_ word: UInt32, _ a: UInt32, _ b: UInt32, _ c: UInt32) -> UInt32 {
    rotate(word, a) ^ rotate(word, b) ^ rotate(word, c)
  }

  @inline(__always)
  private static func mix(_ word: UInt32, _ a: UInt32, _ b: UInt32, _ shift: UInt32) -> UInt32 {
    rotate(word, a) ^ rotate(word, b) ^ word &>> shift
  }

  /// Section 4.2.2.
  private static let constants: InlineArray<64, UInt32> = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
