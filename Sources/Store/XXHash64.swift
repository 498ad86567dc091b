/// XXH64 as its specification describes it (Yann Collet, "xxHash fast digest algorithm", 0.1.1).
package enum XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var offset = 0
    var hash = unsafe bytes.count >= 32 ? stripes(bytes, seed, &offset) : seed &+ prime5
    hash &+= UInt64(bytes.count)
    return unsafe avalanche(tail(bytes, hash, offset))
  }

  /// The hash of the eight bytes of an integer, least significant first.
  package static func hash(_ value: UInt64, seed: UInt64) -> UInt64 {
    avalanche(word(seed &+ prime5 &+ 8, value))
  }

  /// Steps 1 to 3: four accumulators over stripes of 32 bytes.
  private static func stripes(
    _ bytes: UnsafeRawBufferPointer, _ seed: UInt64, _ offset: inout Int
  ) -> UInt64 {
    var lane1 = seed &+ prime1 &+ prime2
    var lane2 = seed &+ prime2
    var lane3 = seed
    var lane4 = seed &- prime1
    while offset + 32 <= bytes.count {
      lane1 = unsafe round(lane1, load64(bytes, offset))
      lane2 = unsafe round(lane2, load64(bytes, offset + 8))
      lane3 = unsafe round(lane3, load64(bytes, offset + 16))
      lane4 = unsafe round(lane4, load64(bytes, offset + 24))
      offset += 32
    }
    var hash =
      rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
    for lane in [lane1, lane2, lane3, lane4] {
      hash = (hash ^ round(0, lane)) &* prime1 &+ prime4
    }
    return hash
  }

  /// Step 5: what is left after the stripes.
  private static func tail(
    _ bytes: UnsafeRawBufferPointer, _ start: UInt64, _ startOffset: Int
  ) -> UInt64 {
    var hash = start
    var offset = startOffset
    while offset + 8 <= bytes.count {
      hash = unsafe word(hash, load64(bytes, offset))
      offset += 8
    }
    if offset + 4 <= bytes.count {
      let half = unsafe UInt64(
        UInt32(
          littleEndian: bytes.loadUnaligned(
            fromByteOffset: offset, as: UInt32.self)))
      hash = rotate(hash ^ (half &* prime1), 23) &* prime2 &+ prime3
      offset += 4
    }
    while offset < bytes.count {
      hash = unsafe rotate(hash ^ (UInt64(bytes[offset]) &* prime5), 11) &* prime1
      offset += 1
    }
    return hash
  }

  private static func word(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    rotate(hash ^ round(0, word), 27) &* prime1 &+ prime4
  }

  private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
    rotate(accumulator &+ lane &* prime2, 31) &* prime1
  }

  private static func avalanche(_ hash: UInt64) -> UInt64 {
    var hash = hash
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
  }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }

  private static func load64(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}
