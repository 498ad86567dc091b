/// Reads requests off a connection, one after the other.
struct HTTPReader {
  enum Incoming {
    case request(HTTPRequest)
    /// What came is no request; the connection has to end after the answer.
    case refused(APIError)
    /// The peer ended its side between two requests.
    case end
  }

  private enum Failure: Error {
    case connection(ConnectionEnd)
    case refused(APIError)
  }

  private static let maximumHeadBytes = 64 << 10
  /// Far above the API's largest file, so that tests may go beyond it.
  private static let maximumBodyBytes = 512 << 20

  private let channel: Channel
  private var buffer: [UInt8] = []
  /// Where the bytes that are not yet used begin.
  private var start = 0
  private var received = [UInt8](repeating: 0, count: 64 << 10)

  init(_ channel: Channel) {
    self.channel = channel
  }

  mutating func next() throws(ConnectionEnd) -> Incoming {
    do throws(Failure) {
      return try readRequest().map(Incoming.request) ?? .end
    } catch {
      switch error {
      case .connection(let end): throw end
      case .refused(let error): return .refused(error)
      }
    }
  }

  private mutating func readRequest() throws(Failure) -> HTTPRequest? {
    guard let bytes = try readHead() else { return nil }
    guard let head = HTTPHead(bytes) else {
      throw .refused(.badRequest("The request line or a header is not HTTP/1.1."))
    }
    if head.expectsContinue { try sendContinue() }
    let body = try readBody(head)
    return HTTPRequest(
      method: head.method, path: head.path, query: head.query, headers: head.headers, body: body,
      isKeptAlive: head.isKeptAlive)
  }

  private func sendContinue() throws(Failure) {
    do throws(ConnectionEnd) {
      try channel.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8).span)
    } catch {
      throw .connection(error)
    }
  }

  // MARK: Head

  private mutating func readHead() throws(Failure) -> ArraySlice<UInt8>? {
    var searched = start
    while true {
      if let end = endOfHead(from: searched) {
        defer { start = end }
        return buffer[start..<end - 4]
      }
      guard buffer.count - start <= Self.maximumHeadBytes else {
        throw .refused(
          APIError(status: 431, "The headers are longer than \(Self.maximumHeadBytes) bytes."))
      }
      searched = max(start, buffer.count - 3)
      let consumed = start
      if try !fill() {
        guard buffer.count == start else { throw .connection(.peerGone) }
        return nil
      }
      searched -= consumed - start
    }
  }

  /// Returns the offset behind the first empty line.
  private func endOfHead(from offset: Int) -> Int? {
    guard offset + 4 <= buffer.count else { return nil }
    for index in offset...buffer.count - 4
    where buffer[index] == 0x0D && buffer[index + 1] == 0x0A && buffer[index + 2] == 0x0D
      && buffer[index + 3] == 0x0A
    {
      return index + 4
    }
    return nil
  }

  /// Takes in what has come, and tells whether there was any.
  private mutating func fill() throws(Failure) -> Bool {
    if start > 0 {
      buffer.removeSubrange(..<start)
      start = 0
    }
    do throws(ConnectionEnd) {
      let length = try channel.read(into: &received)
      buffer.append(contentsOf: received[..<length])
      return length > 0
    } catch {
      throw .connection(error)
    }
  }

  private mutating func fillOrFail() throws(Failure) {
    guard try fill() else { throw .connection(.peerGone) }
  }

  // MARK: Body

  private mutating func readBody(_ head: HTTPHead) throws(Failure) -> [UInt8] {
    if head.isChunked { return try readChunks() }
    guard let text = head.value("content-length") else { return [] }
    guard let length = Int(text), length >= 0 else {
      throw .refused(.badRequest("Content-Length is \"\(text)\", a number of bytes was expected."))
    }
    try checkBody(length)
    var body: [UInt8] = []
    body.reserveCapacity(length)
    try readBytes(length, into: &body)
    return body
  }

  private func checkBody(_ length: Int) throws(Failure) {
    guard length <= Self.maximumBodyBytes else {
      throw .refused(
        APIError(status: 413, "The body is longer than \(Self.maximumBodyBytes) bytes."))
    }
  }

  private mutating func readBytes(_ count: Int, into body: inout [UInt8]) throws(Failure) {
    var missing = count
    while missing > 0 {
      if start == buffer.count { try fillOrFail() }
      let length = min(missing, buffer.count - start)
      body.append(contentsOf: buffer[start..<start + length])
      start += length
      missing -= length
    }
  }

  /// Reads a body in the chunked coding (RFC 9112, section 7.1).
  private mutating func readChunks() throws(Failure) -> [UInt8] {
    var body: [UInt8] = []
    while true {
      let line = try readLine()
      let digits = line.prefix { $0 != ";" && $0 != " " }
      guard let length = Int(digits, radix: 16), length >= 0 else {
        throw .refused(.badRequest("A chunk begins with \"\(line)\", not with its length."))
      }
      guard length > 0 else { break }
      try checkBody(length)
      try checkBody(body.count + length)
      try readBytes(length, into: &body)
      _ = try readLine()
    }
    while try !readLine().isEmpty {}
    return body
  }

  private mutating func readLine() throws(Failure) -> String {
    var line: [UInt8] = []
    while true {
      if start == buffer.count { try fillOrFail() }
      let byte = buffer[start]
      start += 1
      if byte == UInt8(ascii: "\n") { break }
      line.append(byte)
      guard line.count <= Self.maximumHeadBytes else {
        throw .refused(.badRequest("A line of the chunked body is too long."))
      }
    }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return String(decoding: line, as: UTF8.self)
  }
}
