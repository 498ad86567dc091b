/// Cuts a server-sent event stream into the data of its events.
///
/// The grammar is that of the HTML standard, section 9.2.5 "Parsing an event stream": lines end
/// with CRLF, LF or CR, lines that begin with a colon are comments, several `data` lines are joined
/// with LF, one space behind the colon is dropped, an event ends with an empty line. What is not
/// followed by an empty line when the stream ends is dropped by the standard; `finish()` hands it
/// out instead, because upstreams are seen to leave the last empty line off.
///
/// `event`, `id` and `retry` fields are passed over: the Responses API names an event's type in its
/// data.
package struct SSEParser: Sendable {
  package struct EventTooLarge: Error, Equatable {
    package let maximumEventBytes: Int
  }

  private let maximumEventBytes: Int
  private var line: [UInt8] = []
  private var data: [UInt8] = []
  private var hasData = false
  private var endedWithCarriageReturn = false
  private var isFirstLine = true

  /// - Parameter maximumEventBytes: bytes of one line, and of the data of one event.
  package init(maximumEventBytes: Int) {
    self.maximumEventBytes = maximumEventBytes
  }

  /// Takes what arrived and calls back with the data of each event that it completes.
  package mutating func append(
    _ bytes: Span<UInt8>, event: (ArraySlice<UInt8>) -> Void
  ) throws(EventTooLarge) {
    var start = 0
    if endedWithCarriageReturn, bytes.count > 0 {
      endedWithCarriageReturn = false
      if bytes[0] == 0x0A { start = 1 }
    }
    while start < bytes.count {
      let end = Self.firstLineEnd(bytes, from: start)
      guard line.count + data.count + (end - start) <= maximumEventBytes else {
        throw EventTooLarge(maximumEventBytes: maximumEventBytes)
      }
      line.append(contentsOf: bytes.extracting(start..<end))
      guard end < bytes.count else { return }
      endLine(event)
      start = afterLineEnd(bytes, at: end)
    }
  }

  /// Ends the stream: what stands behind the last empty line is handed out as an event.
  package mutating func finish(event: (ArraySlice<UInt8>) -> Void) {
    if !line.isEmpty { endLine(event) }
    endEvent(event)
  }

  private mutating func afterLineEnd(_ bytes: Span<UInt8>, at end: Int) -> Int {
    guard bytes[end] == 0x0D else { return end + 1 }
    guard end + 1 < bytes.count else {
      endedWithCarriageReturn = true
      return end + 1
    }
    return bytes[end + 1] == 0x0A ? end + 2 : end + 1
  }

  private mutating func endLine(_ event: (ArraySlice<UInt8>) -> Void) {
    defer {
      line.removeAll(keepingCapacity: line.capacity <= 65_536)
      isFirstLine = false
    }
    if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    guard !line.isEmpty else { return endEvent(event) }
    guard let value = Self.dataValue(line[...]) else { return }
    if hasData { data.append(0x0A) }
    hasData = true
    data.append(contentsOf: value)
  }

  private mutating func endEvent(_ event: (ArraySlice<UInt8>) -> Void) {
    guard hasData else { return }
    let complete = data
    data = []
    hasData = false
    if !complete.isEmpty { event(complete[...]) }
  }

  /// The value of a `data` field; nil for comments and other fields.
  private static func dataValue(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard line.starts(with: "data".utf8) else { return nil }
    let rest = line.dropFirst(4)
    guard let colon = rest.first else { return rest }
    guard colon == UInt8(ascii: ":") else { return nil }
    let value = rest.dropFirst()
    return value.first == 0x20 ? value.dropFirst() : value
  }

  private static func firstLineEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
    var index = start
    while index < bytes.count, bytes[index] != 0x0A, bytes[index] != 0x0D { index += 1 }
    return index
  }
}
