/// Packs events into one blob: for each, its length as four bytes, least significant first, and
/// its bytes.
enum EventFrames {
  static func pack(_ events: ArraySlice<ArraySlice<UInt8>>) -> [UInt8] {
    var frames: [UInt8] = []
    frames.reserveCapacity(events.reduce(0) { $0 + 4 + $1.count })
    for event in events {
      precondition(event.count <= UInt32.max, "an event has less than 4 GiB")
      for shift in stride(from: 0, to: 32, by: 8) {
        frames.append(UInt8(truncatingIfNeeded: event.count >> shift))
      }
      frames.append(contentsOf: event)
    }
    return frames
  }

  /// Returns the events; nil when the frames don't fill the blob.
  static func unpack(_ frames: [UInt8], first: Int64) -> [StoredEvent]? {
    var events: [StoredEvent] = []
    var offset = 0
    while offset < frames.count {
      guard offset + 4 <= frames.count else { return nil }
      let count = (0..<4).reduce(0) { $0 | Int(frames[offset + $1]) << ($1 * 8) }
      offset += 4
      guard count <= frames.count - offset else { return nil }
      events.append(
        StoredEvent(
          sequence: first + Int64(events.count), bytes: frames[offset..<offset + count]))
      offset += count
    }
    return events
  }
}
