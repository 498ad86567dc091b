internal import CScan
internal import Glibc

extension [UInt8] {
  /// Appends the bytes of a span.
  package mutating func append(contentsOf span: Span<UInt8>) {
    unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  package init(copying span: Span<UInt8>) {
    self = unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
  }
}

extension Span<UInt8> {
  /// The index of the first byte of a value from an index on; `count` where there is none.
  package func firstIndex(of byte: UInt8, from start: Int) -> Int {
    firstIndex(of: byte, in: start..<count)
  }

  /// The index of the first LF or CR from an index on; `count` where there is none.
  package func lineEnd(from start: Int) -> Int {
    guard start < count else { return count }
    return unsafe withUnsafeBufferPointer { bytes in
      unsafe bytes.baseAddress.map { unsafe halley_line_end($0, start, bytes.count) } ?? start
    }
  }

  /// The index of the first byte of one of two values from an index on; `count` where there is none.
  func firstIndex(of byte: UInt8, or other: UInt8, from start: Int) -> Int {
    var start = start
    while start < count {
      // Part by part, as the second value may stand far before the first.
      let part = start..<Swift.min(start + Self.searchedBytes, count)
      let found = firstIndex(of: other, in: start..<firstIndex(of: byte, in: part))
      guard found == part.upperBound else { return found }
      start = found
    }
    return count
  }

  private static var searchedBytes: Int { 512 }

  /// How many bytes at the end are the beginning of others, and not all of them.
  package func endBeginning(_ others: [UInt8]) -> Int {
    unsafe withUnsafeBufferPointer { bytes in
      unsafe others.withUnsafeBufferPointer { others in
        guard let start = bytes.baseAddress, let other = others.baseAddress else { return 0 }
        return unsafe halley_begun(start, bytes.count, other, others.count)
      }
    }
  }

  /// The end of the range where there is none (memchr(3), which looks at 32 bytes at a time).
  private func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int {
    unsafe withUnsafeBytes { bytes in
      guard !range.isEmpty, let base = bytes.baseAddress,
        let found = unsafe memchr(base + range.lowerBound, Int32(byte), range.count)
      else { return range.upperBound }
      return unsafe UnsafeRawPointer(found) - base
    }
  }

  func isEqual(to other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    return unsafe withUnsafeBytes { bytes in
      unsafe other.withUnsafeBytes { other in
        guard let base = bytes.baseAddress, let otherBase = other.baseAddress else { return true }
        return unsafe memcmp(base, otherBase, bytes.count) == 0
      }
    }
  }
}
