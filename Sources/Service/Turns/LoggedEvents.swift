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
    let last = blocks.count - 1
    if last < 0 || blocks[last].count + event.count > Self.blockBytes {
      blocks.append([])
      // A log of more than one block will fill this one too: growing would copy it each time.
      if last >= 0 { blocks[last + 1].reserveCapacity(max(Self.blockBytes, event.count)) }
    }
    let block = blocks.count - 1
    let start = blocks[block].count
    entries.append(Entry(block: Int32(block), start: Int32(start), count: Int32(event.count)))
    blocks[block].append(contentsOf: event)
    bytes += event.count
  }
}
