/// Remembers the keys of the objects that are open, to find one that stands twice.
///
/// Keys are told apart by the bytes they decode to: `"a"` and `"\u0061"` are one key, two
/// canonically equivalent spellings are two. Hashes are seeded, so that nobody can prepare
/// collisions.
struct OpenKeys {
  private struct Key {
    let hash: Int
    let range: Range<Int>
  }

  /// Up to this many keys are compared in pairs; beyond, sorting by hash is cheaper.
  private static let mostKeysComparedInPairs = 12

  private var keys: [Key] = []
  private var starts: [Int] = []

  mutating func openObject() {
    starts.append(keys.count)
  }

  mutating func append(_ range: Range<Int>, in text: Span<UInt8>) {
    let written = text.extracting(range)
    var hasher = Hasher()
    if JSONEscape.isUsed(in: written) {
      Self.combine(JSONEscape.decode(written).span, into: &hasher)
    } else {
      Self.combine(written, into: &hasher)
    }
    // Most objects have fewer members than this; growing from one costs several allocations.
    if keys.isEmpty { keys.reserveCapacity(16) }
    keys.append(Key(hash: hasher.finalize(), range: range))
  }

  private static func combine(_ bytes: Span<UInt8>, into hasher: inout Hasher) {
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }

  mutating func closeObject(_ text: Span<UInt8>) throws(JSONError) {
    let start = starts.removeLast()
    if keys.count - start > Self.mostKeysComparedInPairs {
      try checkSorted(from: start, text)
    } else {
      try checkPairs(from: start, text)
    }
    keys.removeSubrange(start...)
  }

  private func checkPairs(from start: Int, _ text: Span<UInt8>) throws(JSONError) {
    for later in start..<keys.count {
      for earlier in start..<later where keys[earlier].hash == keys[later].hash {
        try check(keys[earlier], keys[later], text)
      }
    }
  }

  private mutating func checkSorted(from start: Int, _ text: Span<UInt8>) throws(JSONError) {
    keys[start...].sort { ($0.hash, $0.range.lowerBound) < ($1.hash, $1.range.lowerBound) }
    for index in start + 1..<keys.count where keys[index - 1].hash == keys[index].hash {
      try check(keys[index - 1], keys[index], text)
    }
  }

  private func check(_ first: Key, _ second: Key, _ text: Span<UInt8>) throws(JSONError) {
    let bytes = JSONEscape.decode(text.extracting(second.range))
    guard JSONEscape.decode(text.extracting(first.range)) == bytes else { return }
    throw JSONError(
      .duplicateKey, at: second.range.lowerBound,
      "key \"\(String(decoding: bytes, as: UTF8.self))\" stands twice in one object")
  }
}
