extension Transaction {
  /// Bytes of the events that share a row, unless one alone has more: a row is held in memory as a
  /// whole, more than once, while it is written or read.
  private static let segmentBytes = 1 << 20

  /// Adds events to the end of a response's log.
  func appendEvents(
    _ events: [ArraySlice<UInt8>], from first: Int64, to handle: ResponseHandle
  ) throws(StoreError) {
    guard !events.isEmpty, try response(handle).isStored else { return }
    try appendEvents(events, from: first, to: handle.row)
  }

  /// Adds events to the log of a stored response.
  func appendEvents(
    _ events: [ArraySlice<UInt8>], from first: Int64, to row: Int64
  ) throws(StoreError) {
    guard !events.isEmpty else { return }
    let next = try eventCount(of: row)
    guard first == next else {
      throw StoreError(
        .conflict, "append events", "the events begin with \(first), expected \(next)")
    }
    var start = events.startIndex
    while start < events.endIndex {
      let end = Self.segmentEnd(events, from: start)
      try insertSegment(events[start..<end], from: first + Int64(start), to: row)
      start = end
    }
  }

  private static func segmentEnd(_ events: [ArraySlice<UInt8>], from start: Int) -> Int {
    var end = start + 1
    var bytes = events[start].count
    while end < events.endIndex, bytes + events[end].count <= segmentBytes {
      bytes += events[end].count
      end += 1
    }
    return end
  }

  private func insertSegment(
    _ events: ArraySlice<ArraySlice<UInt8>>, from first: Int64, to response: Int64
  ) throws(StoreError) {
    let frames = EventFrames.pack(events)
    let checksum = Self.checksum(
      ofEventsOf: response, first: first, count: Int64(events.count), frames)
    try database.run(
      "INSERT INTO events (response, first, count, frames, checksum) VALUES (?, ?, ?, ?, ?)",
      .integer(response), .integer(first), .integer(Int64(events.count)), .packed(frames[...]),
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
    // A log is dropped from its beginning on.
    guard var next = try firstSegment(of: response, holding: sequence + 1) else { return [] }
    while bytes < maximumBytes, let segment = try segment(of: response, from: next) {
      bytes += segment.reduce(0) { $0 + $1.bytes.count }
      next = segment.last.map { $0.sequence + 1 } ?? .max
      events += segment.drop { $0.sequence <= sequence }
    }
    return events
  }

  private func firstSegment(
    of response: Int64, holding sequence: Int64
  ) throws(StoreError) -> Int64? {
    try database.integer(
      "SELECT max(first) FROM events WHERE response = ? AND first <= ?", .integer(response),
      .integer(sequence))
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
      let frames = row.unpacked(3)
      let checksum = Self.checksum(
        ofEventsOf: response, first: row.integer(1), count: row.integer(2), frames)
      guard checksum == row.integer(4),
        let events = EventFrames.unpack(frames, first: row.integer(1))
      else { throw .corrupt("events", row.integer(0)) }
      return events
    }
  }

  /// Reads one row of a log, as a reader would.
  func checkSegment(_ row: Int64, of response: Int64) throws(StoreError) {
    let first = try database.integer("SELECT first FROM events WHERE id = ?", .integer(row))
    if let first { _ = try segment(of: response, from: first) }
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
