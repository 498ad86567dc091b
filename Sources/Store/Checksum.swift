/// A 64-bit hash (XXH64) over the columns of a row, kept beside them.
///
/// SQLite notices a torn page list but not a flipped bit in a text. A row that does not match its
/// checksum is reported as damaged and never read as other text or as another user's.
struct Checksum {
  private var hash: UInt64 = 0x4861_6C6C_6579

  /// The value as a column holds it.
  var value: Int64 { Int64(bitPattern: hash) }

  mutating func combine(_ value: Int64?) {
    guard let value else { return combineAbsent() }
    hash = XXHash64.hash(UInt64(bitPattern: value), seed: hash)
  }

  mutating func combine(_ text: String?) {
    guard var text else { return combineAbsent() }
    let seed = hash
    hash = text.withUTF8 { unsafe XXHash64.hash(UnsafeRawBufferPointer($0), seed: seed) }
  }

  mutating func combine(_ bytes: ArraySlice<UInt8>?) {
    guard let bytes else { return combineAbsent() }
    let seed = hash
    hash = unsafe bytes.withUnsafeBytes { unsafe XXHash64.hash($0, seed: seed) }
  }

  /// Changes nothing where no token made a row, as in rows that were made before there were tokens.
  mutating func combine(maker token: String?) {
    if token != nil { combine(token) }
  }

  mutating func combine(_ isSet: Bool) {
    combine(isSet ? 1 : 0 as Int64)
  }

  /// Tells NULL from an empty text and from zero.
  private mutating func combineAbsent() {
    hash = XXHash64.hash(0x6E75_6C6C_6E75_6C6C, seed: ~hash)
  }
}
