package import EventLoop

/// Counts what happened in the last half minute, in buckets of a second.
package struct SlidingCount {
  private static let seconds = 30

  private var buckets = [(second: UInt64, count: Int)](repeating: (0, 0), count: seconds)

  package init() {}

  package mutating func add(at now: LoopInstant) {
    let second = now.microseconds / 1_000_000
    let index = Int(second % UInt64(Self.seconds))
    if buckets[index].second != second { buckets[index] = (second, 0) }
    buckets[index].count += 1
  }

  package func total(at now: LoopInstant) -> Int {
    let second = now.microseconds / 1_000_000
    return buckets.reduce(0) { sum, bucket in
      bucket.second + UInt64(Self.seconds) > second ? sum + bucket.count : sum
    }
  }
}
