internal import JSON

/// The events of a log, as JSON.
///
/// One value, so that an append is one checked access and not several.
package struct LoggedEvents {
  /// Small events share blocks of this size; a larger one has a block of its own.
  private static let blockBytes = 64 * 1024

  private struct Entry {
    let block: Int32
    let start: Int32
    let count: Int32
  }

  /// What an event takes besides its bytes.
  static let bytesOfEntry = MemoryLayout<Entry>.stride

  private var blocks: [[UInt8]] = []
  private var entries: [Entry] = []
  package private(set) var bytes = 0

  package init() {}

  package var count: Int { entries.count }

  package subscript(number: Int) -> ArraySlice<UInt8> {
    let entry = entries[number]
    let start = Int(entry.start)
    return blocks[Int(entry.block)][start..<start + Int(entry.count)]
  }

  package mutating func append(_ event: ArraySlice<UInt8>) {
    append([0..<event.count], of: event.span)
  }

  /// Appends events that lie in bytes, in their order.
  package mutating func append(_ places: [Range<Int>], of bytes: Span<UInt8>) {
    // Taken out while it grows, so that one look finds it unshared.
    var block = blocks.popLast() ?? []
    for place in places {
      if block.count + place.count > Self.blockBytes, !block.isEmpty {
        blocks.append(block)
        block = []
        // A log of more than one block will fill this one too: growing would copy it each time.
        block.reserveCapacity(max(Self.blockBytes, place.count))
      }
      entries.append(
        Entry(
          block: Int32(blocks.count), start: Int32(block.count), count: Int32(place.count)))
      block.append(contentsOf: bytes.extracting(place))
      self.bytes += place.count
    }
    blocks.append(block)
  }

  /// Calls back with events from a number on, until that returns false.
  ///
  /// - Returns: the number of the first event that it did not take.
  @inline(always)
  package func read(from first: Int, _ take: (Span<UInt8>) -> Bool) -> Int {
    var number = first
    while number < entries.count {
      let entry = entries[number]
      let (block, start) = (blocks[Int(entry.block)], Int(entry.start))
      guard take(block.span.extracting(start..<start + Int(entry.count))) else { return number }
      number += 1
    }
    return number
  }
}
