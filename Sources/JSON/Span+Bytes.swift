extension [UInt8] {
  /// Appends the bytes of a span.
  package mutating func append(contentsOf span: Span<UInt8>) {
    unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}

extension Span<UInt8> {
  /// The index of the first byte of a value from an index on; `count` where there is none.
  package func firstIndex(of byte: UInt8, from start: Int) -> Int {
    EightBytes.first(in: self, from: start) { $0.equal(to: byte) }
  }

  /// The index of the first byte of one of two values from an index on; `count` where there is none.
  package func firstIndex(of byte: UInt8, or other: UInt8, from start: Int) -> Int {
    EightBytes.first(in: self, from: start) { $0.equal(to: byte) | $0.equal(to: other) }
  }

  func isEqual(to other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }
}
