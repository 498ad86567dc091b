internal import JSON

/// Cuts what a client of HTTP/1 sends into requests (RFC 9112).
///
/// What two programs could read in two ways is refused, also where the standard lets a server pass:
/// lines that end with LF alone, an empty line before a request, a length that is given twice. The
/// work is linear in what arrives, in pieces of any size.
///
/// It holds what was not asked for yet: whoever answers one request after the other asks for the
/// next one when the answer is under way, and stops to read while `bufferedBytes` grows.
package struct HTTPRequestParser: Sendable {
  package enum Event: Sendable {
    case head(HTTPRequestHead)
    /// Some of the body, its coding taken off. The slice is valid for as long as it is kept.
    case body(ArraySlice<UInt8>)
    /// The request is complete, and what follows is another one.
    case end
  }

  private enum State {
    case head
    /// The head said how long the body is.
    case length(Int)
    /// So many bytes of the body are missing.
    case body(Int)
    case chunkLine
    /// So many bytes of a chunk are missing.
    case chunk(Int)
    case chunkEnd
    case trailer
  }

  private static let maximumRequestLineBytes = 8 << 10
  private static let maximumTrailerBytes = 8 << 10
  private static let maximumChunkLineBytes = 1 << 10
  /// Of all lines before chunks together, beside their lengths.
  private static let maximumExtensionBytes = 16 << 10

  private let maximumHeadBytes: Int
  private let maximumBodyBytes: Int

  private var buffer: [UInt8] = []
  /// Where the bytes that are not yet used begin.
  private var start = 0
  /// How many of them are known to have no line feed.
  private var searched = 0
  /// How many bytes of the request stand before the buffer.
  private var base = 0

  private var state = State.head
  private var head = HTTPHeadReader()
  /// Bytes of the head, or of the trailer.
  private var fieldBytes = 0
  private var bodyBytes = 0
  private var extensionBytes = 0
  private var failure: HTTPRequestError?

  /// - Parameters:
  ///   - maximumBodyBytes: bytes of a body without its coding.
  ///   - maximumHeadBytes: bytes of a head with its line ends.
  package init(maximumBodyBytes: Int, maximumHeadBytes: Int = 32 << 10) {
    self.maximumBodyBytes = maximumBodyBytes
    self.maximumHeadBytes = maximumHeadBytes
  }

  /// Bytes that arrived and were not asked for yet.
  package var bufferedBytes: Int { buffer.count - start }

  /// Whether nothing of a request has arrived: a peer that ends its side here cuts none off.
  package var isBetweenRequests: Bool {
    if case .head = state { bufferedBytes == 0 && fieldBytes == 0 && failure == nil } else { false }
  }

  package mutating func append(_ bytes: Span<UInt8>) {
    guard failure == nil else { return }
    // What is moved is never longer than what is given up, so that each byte is moved once.
    if start > 0, start >= bufferedBytes {
      base += start
      buffer.removeSubrange(..<start)
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// What comes next; nil where it has not arrived yet.
  ///
  /// A head comes also where its body is too long, so that the request can be refused for something
  /// else. Whoever answers `Expect: 100-continue` asks once more before.
  package mutating func next() throws(HTTPRequestError) -> Event? {
    if let failure { throw failure }
    do throws(HTTPRequestError) {
      return try read()
    } catch {
      var error = error
      error.offset += base
      failure = error
      (buffer, start, searched) = ([], 0, 0)
      throw error
    }
  }

  /// Takes what follows a request after which the connection speaks another protocol.
  package mutating func takeRest() -> ArraySlice<UInt8> {
    defer { (buffer, start, searched) = ([], 0, 0) }
    return buffer[start...]
  }

  private mutating func read() throws(HTTPRequestError) -> Event? {
    while true {
      switch state {
      case .head: return try readHead()
      case .length(let length):
        try checkBody(length)
        state = .body(length)
      case .body(0), .trailer:
        if case .trailer = state, try !readTrailer() { return nil }
        endRequest()
        return .end
      case .body(let missing):
        return takeBody(missing).map { part in
          state = .body(missing - part.count)
          return .body(part)
        }
      case .chunkLine: if try !readChunkLine() { return nil }
      case .chunk(let missing):
        return takeBody(missing).map { part in
          state = missing == part.count ? .chunkEnd : .chunk(missing - part.count)
          return .body(part)
        }
      case .chunkEnd: if try !readChunkEnd() { return nil }
      }
    }
  }

  private mutating func endRequest() {
    if start == buffer.count {
      // A connection that waits for its next request holds nothing.
      (buffer, start) = ([], 0)
    }
    base = -start
    state = .head
    (fieldBytes, bodyBytes, extensionBytes) = (0, 0, 0)
  }

  // MARK: Lines

  /// Takes a line off, without CR LF; nil where its end has not arrived yet.
  ///
  /// - Parameters:
  ///   - limit: its bytes with CR LF, and those before it that count.
  private mutating func takeLine(
    upTo limit: Int, behind used: Int = 0, orRefuse status: HTTPRequestError.Status = .badRequest,
    in place: String
  ) throws(HTTPRequestError) -> ArraySlice<UInt8>? {
    let end = buffer.span.firstIndex(of: 0x0A, from: start + searched)
    guard end - start < limit - used else {
      throw HTTPRequestError(
        status, in: place, at: start, found: "more bytes", expected: "\(limit) at most")
    }
    guard end < buffer.count else {
      searched = end - start
      return nil
    }
    guard end > start, buffer[end - 1] == 0x0D else {
      throw HTTPRequestError(
        in: place, at: end, found: "a line feed alone",
        expected: "a carriage return and a line feed")
    }
    let line = buffer[start..<end - 1]
    start = end + 1
    searched = 0
    return line
  }

  // MARK: Head

  private mutating func readHead() throws(HTTPRequestError) -> Event? {
    if !head.hasRequestLine, start < buffer.count, !buffer[start].isToken {
      // What speaks TLS, or another protocol, does not wait for the end of a line.
      throw HTTPRequestError(
        in: "the request line", at: start, found: HTTPRequestError.name(of: buffer[start]),
        expected: "a method")
    }
    while let line = try takeHeadLine() {
      fieldBytes += line.count + 2
      if !head.hasRequestLine {
        try head.readRequestLine(line)
      } else if !line.isEmpty {
        try head.readField(line)
      } else {
        return .head(try endHead(at: line.endIndex))
      }
    }
    return nil
  }

  private mutating func takeHeadLine() throws(HTTPRequestError) -> ArraySlice<UInt8>? {
    guard head.hasRequestLine else {
      return try takeLine(
        upTo: Self.maximumRequestLineBytes, orRefuse: .targetTooLong, in: "the request line")
    }
    return try takeLine(
      upTo: maximumHeadBytes, behind: fieldBytes, orRefuse: .fieldsTooLarge, in: "the head")
  }

  private mutating func endHead(at end: Int) throws(HTTPRequestError) -> HTTPRequestHead {
    let read = try head.finish(at: end)
    head = HTTPHeadReader()
    fieldBytes = 0
    switch read.body {
    case .length(let length): state = .length(length)
    case .chunked: state = .chunkLine
    }
    return read
  }

  // MARK: Body

  private func checkBody(_ more: Int) throws(HTTPRequestError) {
    guard more <= maximumBodyBytes - bodyBytes else {
      throw HTTPRequestError(
        .contentTooLarge, in: "the body", at: start, found: "more bytes",
        expected: "\(maximumBodyBytes) at most")
    }
  }

  private mutating func takeBody(_ missing: Int) -> ArraySlice<UInt8>? {
    guard start < buffer.count else { return nil }
    let part = buffer[start...].prefix(missing)
    start = part.endIndex
    bodyBytes += part.count
    return part
  }

  // MARK: Chunks (RFC 9112, section 7.1)

  private mutating func readChunkLine() throws(HTTPRequestError) -> Bool {
    let place = "the line before a chunk"
    guard let line = try takeLine(upTo: Self.maximumChunkLineBytes, in: place)
    else { return false }
    let digits = line.prefix { $0.hexadecimalValue != nil }
    let rest = line[digits.endIndex...]
    guard 1...16 ~= digits.count, rest.isEmpty || rest.first == UInt8(ascii: ";"),
      rest.allSatisfy({ $0.isFieldValue && $0 < 0x80 })
    else {
      throw HTTPRequestError(
        in: place, at: line.startIndex, found: HTTPRequestError.quote(line),
        expected: "1 to 16 hexadecimal digits, and nothing or extensions behind \";\"")
    }
    extensionBytes += rest.count
    guard extensionBytes <= Self.maximumExtensionBytes else {
      throw HTTPRequestError(
        in: place, at: rest.startIndex, found: "more extensions",
        expected: "\(Self.maximumExtensionBytes) bytes of them at most")
    }
    let size = digits.reduce(UInt64(0)) { $0 << 4 | UInt64($1.hexadecimalValue ?? 0) }
    try checkBody(Int(clamping: size))
    state = size == 0 ? .trailer : .chunk(Int(clamping: size))
    return true
  }

  private mutating func readChunkEnd() throws(HTTPRequestError) -> Bool {
    for (index, expected) in zip(start..., [0x0D, 0x0A] as [UInt8]) {
      guard index < buffer.count else { return false }
      guard buffer[index] == expected else {
        throw HTTPRequestError(
          in: "a chunk", at: index, found: HTTPRequestError.name(of: buffer[index]),
          expected: "a carriage return and a line feed behind its bytes")
      }
    }
    start += 2
    state = .chunkLine
    return true
  }

  /// Reads fields behind the last chunk, which are checked and dropped: none is of use here, and
  /// those that frame a message may not come so late (RFC 9110, section 6.5.1).
  private mutating func readTrailer() throws(HTTPRequestError) -> Bool {
    let place = "a field behind the body"
    while let line = try takeLine(
      upTo: Self.maximumTrailerBytes, behind: fieldBytes, orRefuse: .fieldsTooLarge, in: place)
    {
      guard !line.isEmpty else { return true }
      fieldBytes += line.count + 2
      let (name, value) = try HTTPHeadReader.split(line, in: place)
      let field = HTTPRequestHead.Field(name: name, value: value)
      if ["content-length", "transfer-encoding", "host"].contains(where: field.isNamed) {
        throw HTTPRequestError(
          in: place, at: name.startIndex, found: HTTPRequestError.quote(name),
          expected: "one that may stand there")
      }
    }
    return false
  }
}
