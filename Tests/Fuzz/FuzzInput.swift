/// Deals out an input: its first bytes choose how the target is driven, the rest is what it reads.
///
/// A byte that is missing counts as 0, so that every input means something.
struct FuzzInput {
  private(set) var rest: ArraySlice<UInt8>
  private var chunkSeed: UInt64

  init(_ data: UnsafePointer<UInt8>?, _ count: Int) {
    rest = unsafe Array(UnsafeBufferPointer(start: data, count: count))[...]
    chunkSeed = 0
    chunkSeed = UInt64(takeByte()) << 8 | UInt64(takeByte())
  }

  mutating func takeByte() -> UInt8 {
    rest.popFirst() ?? 0
  }

  /// Cuts the rest into pieces whose lengths follow from the input alone.
  func chunks() -> [ArraySlice<UInt8>] {
    var state = chunkSeed | 1
    var chunks: [ArraySlice<UInt8>] = []
    var remaining = rest
    while !remaining.isEmpty {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // Mostly tiny pieces, because a boundary inside a token is what goes wrong.
      let length = state >> 60 == 0 ? 64 : 1 + Int(state >> 33) % 5
      chunks.append(remaining.prefix(length))
      remaining = remaining.dropFirst(length)
    }
    return chunks
  }
}

/// Ends the run where an invariant does not hold; libFuzzer then keeps the input.
func require(_ condition: Bool, _ invariant: @autoclosure () -> String) {
  if !condition { fatalError(invariant()) }
}
