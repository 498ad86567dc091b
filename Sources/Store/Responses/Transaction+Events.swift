extension Transaction {
  /// Adds events to the end of a response's log.
  func appendEvents(
    _ events: [ArraySlice<UInt8>], from first: Int64, to handle: ResponseHandle
  ) throws(StoreError) {
    guard !events.isEmpty, try response(handle).isStored else { return }
    let next = try eventCount(of: handle.row)
    guard first == next else {
      throw StoreError(
        .conflict, "append events", "the events begin with \(first), expected \(next)")
    }
    let frames = EventFrames.pack(events)
    let checksum = Self.checksum(
      ofEventsOf: handle.row, first: first, count: Int64(events.count), frames)
    try database.run(
      "INSERT INTO events (response, first, count, frames, checksum) VALUES (?, ?, ?, ?, ?)",
      .integer(handle.row), .integer(first), .integer(Int64(events.count)), .blob(frames[...]),
      .integer(checksum))
  }

  func eventCount(of response: Int64) throws(StoreError) -> Int64 {
    try database.integer(
      "SELECT first + count FROM events WHERE response = ? ORDER BY first DESC LIMIT 1",
      .integer(response)) ?? 0
  }

  /// The events behind a number, at least one segment and not many more bytes than asked for.
  func events(
    of response: Int64, after sequence: Int64, maximumBytes: Int
  ) throws(StoreError) -> [StoredEvent] {
    var events: [StoredEvent] = []
    var bytes = 0
    var next = try firstSegment(of: response, holding: sequence + 1)
    while bytes < maximumBytes, let segment = try segment(of: response, from: next) {
      bytes += segment.reduce(0) { $0 + $1.bytes.count }
      next = segment.last.map { $0.sequence + 1 } ?? .max
      events += segment.drop { $0.sequence <= sequence }
    }
    return events
  }

  private func firstSegment(
    of response: Int64, holding sequence: Int64
  ) throws(StoreError) -> Int64 {
    try database.integer(
      "SELECT max(first) FROM events WHERE response = ? AND first <= ?", .integer(response),
      .integer(sequence)) ?? 0
  }

  private func segment(
    of response: Int64, from first: Int64
  ) throws(StoreError) -> [StoredEvent]? {
    try database.first(
      """
      SELECT id, first, count, frames, checksum FROM events
      WHERE response = ? AND first >= ? ORDER BY first LIMIT 1
      """, .integer(response), .integer(first)
    ) { row throws(StoreError) in
      let frames = row.bytes(3)
      let checksum = Self.checksum(
        ofEventsOf: response, first: row.integer(1), count: row.integer(2), frames)
      guard checksum == row.integer(4),
        let events = EventFrames.unpack(frames, first: row.integer(1))
      else { throw .corrupt("events", row.integer(0)) }
      return events
    }
  }

  private static func checksum(
    ofEventsOf response: Int64, first: Int64, count: Int64, _ frames: [UInt8]
  ) -> Int64 {
    var checksum = Checksum()
    checksum.combine(response)
    checksum.combine(first)
    checksum.combine(count)
    checksum.combine(frames[...])
    return checksum.value
  }
}
