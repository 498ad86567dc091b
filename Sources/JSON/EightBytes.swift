/// Eight bytes of a text, looked at together.
///
/// A search answers with a word whose lowest set bit is the top bit of the first byte found; what
/// it says about later bytes may be wrong. The tricks are those of "Bit Twiddling Hacks", section
/// "Determine if a word has a zero byte", which are exact up to the first hit.
struct EightBytes {
  private static let lowBits: UInt64 = 0x0101_0101_0101_0101
  private static let highBits: UInt64 = 0x8080_8080_8080_8080

  private let word: UInt64

  /// Loads eight bytes; behind the end of the text, "A" is read, which nothing here searches for.
  @inline(always)
  init(_ text: Span<UInt8>, at offset: Int) {
    if offset + 8 <= text.count {
      word = Self.load(text, at: offset)
    } else {
      word = Self.loadEnd(text, at: offset)
    }
  }

  /// - Parameter offset: with eight bytes behind it.
  @inline(always)
  private static func load(_ text: Span<UInt8>, at offset: Int) -> UInt64 {
    UInt64(
      littleEndian: unsafe text.bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: offset, as: UInt64.self))
  }

  private static func loadEnd(_ text: Span<UInt8>, at offset: Int) -> UInt64 {
    var word = UInt64(UInt8(ascii: "A")) &* lowBits
    if text.count >= 8 {
      let missing = (offset + 8 - text.count) * 8
      return load(text, at: text.count - 8) >> missing | word << (64 - missing)
    }
    for index in stride(from: text.count - 1, through: offset, by: -1) {
      word = word << 8 | UInt64(text[index])
    }
    return word
  }

  /// The same with bit 5 of each byte set, which makes one of "[" and "{", and of "]" and "}".
  @inline(always)
  var withBit5: EightBytes { EightBytes(word: word | 0x20 &* Self.lowBits) }

  @inline(always)
  private init(word: UInt64) {
    self.word = word
  }

  /// Finds bytes that are equal to one.
  @inline(always)
  func equal(to byte: UInt8) -> UInt64 {
    let difference = word ^ (UInt64(byte) &* Self.lowBits)
    return (difference &- Self.lowBits) & ~difference & Self.highBits
  }

  /// Finds bytes below a bound, which is at most 0x80.
  @inline(always)
  func below(_ bound: UInt8) -> UInt64 {
    (word &- UInt64(bound) &* Self.lowBits) & ~word & Self.highBits
  }

  /// Returns the index of the first byte from an offset on that a search finds; the text's end
  /// where there is none.
  @inline(always)
  static func first(
    in text: Span<UInt8>, from start: Int, _ search: (EightBytes) -> UInt64
  ) -> Int {
    var offset = start
    while offset < text.count {
      let found = search(EightBytes(text, at: offset))
      if found != 0 { return offset + found.trailingZeroBitCount >> 3 }
      offset += 8
    }
    return text.count
  }
}
