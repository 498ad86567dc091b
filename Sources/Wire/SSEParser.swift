internal import JSON

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

  /// Whether what comes next begins an event: nothing of one is kept.
  package var isBetweenEvents: Bool { line.isEmpty && !hasData }

  /// - Parameter maximumEventBytes: bytes of one line, and of the data of one event.
  package init(maximumEventBytes: Int) {
    self.maximumEventBytes = maximumEventBytes
  }

  /// The data of one event.
  package enum EventData {
    /// It lies in what arrived, on one line.
    ///
    /// - Parameter event: from the first line that can be of the event to behind the empty one.
    case part(Range<Int>, event: Range<Int>)
    /// It came in several pieces or lines.
    case joined(ArraySlice<UInt8>)
  }

  /// Takes what arrived and calls back with the data of each event that it completes.
  package mutating func append(
    _ bytes: Span<UInt8>, event: (ArraySlice<UInt8>) -> Void
  ) throws(EventTooLarge) {
    try split(bytes) {
      switch $0 {
      case .part(let place, _): event(Array(copying: bytes.extracting(place))[...])
      case .joined(let data): event(data)
      }
    }
  }

  /// The same, where what lies in one piece stays where it is.
  ///
  /// - Parameter known: is asked wherever an event begins, with all that may be of it: whoever knows
  ///   what stands there, such as from an event that was like it, takes it and returns where it
  ///   ends. Its last byte is a LF.
  package mutating func split(
    _ bytes: Span<UInt8>, known: (Range<Int>) -> Int? = { _ in nil }, event: (EventData) -> Void
  ) throws(EventTooLarge) {
    var start = skipLineFeed(bytes)
    // Where an event begins of which nothing is kept.
    var beginning = isBetweenEvents && !isFirstLine ? start : nil
    // The data of the event so far, while it is one line of what arrived.
    var part: Range<Int>?
    while start < bytes.count {
      if start == beginning,
        let end = known(start..<start + min(bytes.count - start, maximumEventBytes))
      {
        (start, beginning) = (end, end)
        continue
      }
      let end = bytes.lineEnd(from: start)
      let held = line.count + data.count + (part?.count ?? 0)
      guard held + (end - start) <= maximumEventBytes else {
        throw EventTooLarge(maximumEventBytes: maximumEventBytes)
      }
      let next = end < bytes.count ? afterLineEnd(bytes, at: end) : end
      if let found = found(start..<end, of: bytes, part) {
        part = found
      } else if let known = part, start == end, end < bytes.count {
        if !known.isEmpty { event(.part(known, event: (beginning ?? known.lowerBound)..<next)) }
        part = nil
      } else {
        keep(&part, of: bytes)
        guard end < bytes.count else { return line.append(contentsOf: bytes.extracting(start...)) }
        take(bytes.extracting(start..<end), event)
      }
      if start == end, isBetweenEvents, !isFirstLine { beginning = next }
      start = next
    }
    keep(&part, of: bytes)
  }

  private mutating func skipLineFeed(_ bytes: Span<UInt8>) -> Int {
    guard endedWithCarriageReturn, bytes.count > 0 else { return 0 }
    endedWithCarriageReturn = false
    return bytes[0] == 0x0A ? 1 : 0
  }

  /// Where the data stands once a line is read that lies in one piece; nil where more is to be done.
  private func found(
    _ line: Range<Int>, of bytes: Span<UInt8>, _ part: Range<Int>?
  ) -> Range<Int>? {
    guard line.upperBound < bytes.count, self.line.isEmpty, !isFirstLine, !hasData, !line.isEmpty
    else { return nil }
    guard bytes[line.lowerBound] == UInt8(ascii: "d") else { return part }
    guard part == nil, let start = Self.dataStart(bytes.extracting(line)) else { return nil }
    return line.lowerBound + start..<line.upperBound
  }

  /// Keeps data that more may belong to.
  private mutating func keep(_ part: inout Range<Int>?, of bytes: Span<UInt8>) {
    guard let kept = part else { return }
    part = nil
    hasData = true
    data.append(contentsOf: bytes.extracting(kept))
  }

  /// Takes the rest of a line.
  private mutating func take(_ rest: Span<UInt8>, _ event: (EventData) -> Void) {
    guard !line.isEmpty else { return endLine(rest) { event(.joined($0)) } }
    line.append(contentsOf: rest)
    endPendingLine { event(.joined($0)) }
  }

  /// Ends the stream: what stands behind the last empty line is handed out as an event.
  package mutating func finish(event: (ArraySlice<UInt8>) -> Void) {
    if !line.isEmpty { endPendingLine(event) }
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

  /// Ends a line that came in several pieces.
  private mutating func endPendingLine(_ event: (ArraySlice<UInt8>) -> Void) {
    var complete: [UInt8] = []
    swap(&complete, &line)
    endLine(complete.span, event)
    // What most lines need is kept for the next one.
    if complete.capacity <= 65_536 {
      complete.removeAll(keepingCapacity: true)
      line = complete
    }
  }

  private mutating func endLine(_ line: Span<UInt8>, _ event: (ArraySlice<UInt8>) -> Void) {
    let mark = isFirstLine && Self.hasByteOrderMark(line) ? 3 : 0
    isFirstLine = false
    guard line.count > mark else { return endEvent(event) }
    guard let start = Self.dataStart(line.extracting(mark...)) else { return }
    if hasData { data.append(0x0A) }
    hasData = true
    data.append(contentsOf: line.extracting((mark + start)...))
  }

  private mutating func endEvent(_ event: (ArraySlice<UInt8>) -> Void) {
    guard hasData else { return }
    let complete = data
    data = []
    hasData = false
    if !complete.isEmpty { event(complete[...]) }
  }

  private static func hasByteOrderMark(_ line: Span<UInt8>) -> Bool {
    line.count >= 3 && line[0] == 0xEF && line[1] == 0xBB && line[2] == 0xBF
  }

  /// Where the value of a `data` field begins; nil for comments and other fields.
  private static func dataStart(_ line: Span<UInt8>) -> Int? {
    guard line.count >= 4, line[0] == UInt8(ascii: "d"), line[1] == UInt8(ascii: "a"),
      line[2] == UInt8(ascii: "t"), line[3] == UInt8(ascii: "a")
    else { return nil }
    guard line.count > 4 else { return 4 }
    guard line[4] == UInt8(ascii: ":") else { return nil }
    return line.count > 5 && line[5] == 0x20 ? 6 : 5
  }
}
