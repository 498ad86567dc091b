import Testing
import Wire

@Suite struct HTTPRequestParserTests {
  /// The only request in a text, which arrives whole and byte by byte.
  private func request(_ text: String) throws -> HTTPConversation.Request {
    let whole = HTTPConversation(text)
    #expect(HTTPConversation(text, pieceBytes: 1).summary == whole.summary)
    #expect(whole.error == nil && whole.requests.count == 1)
    return try #require(whole.requests.first)
  }

  private func head(_ lines: String..., version: String = "1.1") throws -> HTTPRequestHead {
    let fields = lines.map { $0 + "\r\n" }.joined()
    return try request("GET /x HTTP/\(version)\r\nHost: h\r\n\(fields)\r\n").head
  }

  private func refusal(_ text: String) -> HTTPRequestError? {
    let whole = HTTPConversation(text)
    #expect(HTTPConversation(text, pieceBytes: 1).summary == whole.summary)
    return whole.error
  }

  // MARK: What is taken

  @Test func `a request is read as it was sent`() throws {
    let request = try request(
      """
      POST /v1/responses?stream=true HTTP/1.1\r
      Host: 127.0.0.1:4141\r
      content-TYPE:application/json\r
      X-Empty:\r
      X-Odd: \t a \u{e9}: b\t \r
      Content-Length: 5\r
      \r
      hello
      """)
    let head = request.head
    #expect(head.method == "POST" && head.version == .http11)
    #expect(head.target.text == "/v1/responses?stream=true")
    #expect(head.target.segments == ["v1", "responses"] && head.authority == "127.0.0.1:4141")
    #expect(head["content-type"] == "application/json" && head["x-empty"] == "")
    #expect(head["x-odd"] == "a \u{e9}: b" && head["x-none"] == nil && head["host:"] == nil)
    #expect(head.body == .length(5) && head.fields.count == 5)
    #expect(request.body == Array("hello".utf8) && request.isComplete)
  }

  @Test func `a chunked body is put together, without extensions and trailers`() throws {
    let request = try request(
      """
      POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r
      3\r\nabc\r\n00A;x="y\\"";z\r\n0123\r\n6789\r\n0;last\r\nX-Sum: 1\r\n\r\n
      """)
    #expect(request.body == Array("abc0123\r\n6789".utf8.filter { $0 != 0 }))
    #expect(request.isComplete && request.head.body == .chunked)
    #expect(request.head["x-sum"] == nil)
  }

  @Test func `requests may follow one another at once, and stay until they are asked for`() throws {
    let one = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
    let two = "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n"
    let text = one + two + "GET /c HTTP/1.1\r\nHost: h\r\n\r\nGET"
    let whole = HTTPConversation(text)
    for pieceBytes in [1, 2, 3, 7, 50] {
      #expect(HTTPConversation(text, pieceBytes: pieceBytes).summary == whole.summary)
    }
    #expect(whole.requests.map(\.head.target.text) == ["/a", "/b", "/c"])
    #expect(whole.requests.map { String(decoding: $0.body, as: UTF8.self) } == ["hi", "!", ""])
    #expect(whole.requests.allSatisfy { $0.isComplete })
    #expect(whole.parser.bufferedBytes == 3 && !whole.parser.isBetweenRequests)

    var parser = HTTPRequestParser(maximumBodyBytes: 10)
    #expect(parser.isBetweenRequests)
    parser.append(Array((one + two).utf8).span)
    guard case .head = try parser.next(), case .body = try parser.next(),
      case .end = try parser.next()
    else { return #expect(Bool(false), "the first request is not cut as it was sent") }
    #expect(parser.bufferedBytes == two.utf8.count && !parser.isBetweenRequests)
    #expect(Array(parser.takeRest()) == Array(two.utf8) && parser.isBetweenRequests)
  }

  @Test func `what an end of the connection cuts off can be told from a pause`() throws {
    let text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
    var parser = HTTPRequestParser(maximumBodyBytes: 10)
    for (index, byte) in text.utf8.enumerated() {
      parser.append([byte].span)
      while try parser.next() != nil {}
      #expect(parser.isBetweenRequests == (index == text.utf8.count - 1))
    }
  }

  // MARK: Fields

  @Test func `values of fields that come twice hide nothing`() throws {
    let head = try head("Authorization: a", "AUTHORIZATION: b", "Authorizations: c")
    #expect(head["authorization"] == "a, b")
  }

  @Test(arguments: [
    ("1.1", "X: y", true), ("1.1", "Connection: close", false),
    ("1.1", "Connection: Upgrade,  CLOSE", false), ("1.1", "Connection: closed, clo se", true),
    ("1.1", "Connection: keep-alive\r\nConnection: close", false), ("1.0", "X: y", false),
    ("1.0", "Connection: Keep-Alive", true), ("1.0", "Connection: keep-alive, close", false),
  ])
  func `a connection is kept as version and Connection say`(
    _ version: String, _ field: String, _ isKept: Bool
  ) throws {
    #expect(try head(field, version: version).isKeptAlive == isKept)
  }

  @Test func `Expect counts where a body follows in HTTP 1.1, Upgrade where Connection names it`()
    throws
  {
    let expect = "Expect: 100-Continue"
    func sent(_ version: String, _ length: Int) throws -> HTTPRequestHead {
      let text =
        "POST / HTTP/\(version)\r\nHost: h\r\n\(expect)\r\nContent-Length: \(length)\r\n\r\n"
      return try #require(HTTPConversation(text).requests.first).head
    }
    #expect(try sent("1.1", 1).expectsContinue)
    #expect(try !sent("1.0", 1).expectsContinue)
    #expect(try !sent("1.1", 0).expectsContinue)
    #expect(try !head(expect).expectsContinue)
    let upgrade = "Upgrade: WebSocket, h2c"
    #expect(try head("Connection: keep-alive, Upgrade", upgrade).upgrade == ["websocket", "h2c"])
    #expect(try head(upgrade).upgrade.isEmpty)
    #expect(try head("Connection: Upgrade", upgrade, version: "1.0").upgrade.isEmpty)
  }

  // MARK: What is refused

  static let requestLines: [(String, Int)] = [
    ("", 400), ("GET", 400), ("GET /", 400), ("GET  / HTTP/1.1", 400), ("GET /  HTTP/1.1", 400),
    (" GET / HTTP/1.1", 400), ("GET / HTTP/1.1 ", 400), ("GET\t/\tHTTP/1.1", 400),
    ("G(T / HTTP/1.1", 400), ("GÉT / HTTP/1.1", 400), ("GET / http/1.1", 400),
    ("GET / HTTP/1", 400), ("GET / HTTP/1.11", 400), ("GET / HTTP/x.1", 400),
    ("GET / a HTTP/1.1", 400), ("GET /\u{0} HTTP/1.1", 400), ("GET /\r HTTP/1.1", 400),
    ("PRI * HTTP/2.0", 505), ("GET / HTTP/2.0", 505), ("GET / HTTP/1.2", 505),
    ("GET / HTTP/0.9", 505), ("GET / HTTP/9.9", 505), ("\u{16}\u{3}\u{1}", 400),
  ]

  @Test(arguments: requestLines)
  func `a request line that is none of HTTP 1 is refused`(_ line: String, _ status: Int) {
    #expect(refusal("\(line)\r\nHost: h\r\n\r\n")?.status.rawValue == status)
  }

  static let fields = [
    " X: y", "\tX: y", "X: y\r\n more", "X : y", "X\t: y", ": y", "X", "", "X\u{e9}: y", "X Y: z",
    "(X): y", "X: \u{0}", "X: a\u{1}b", "X: a\rb", "X: \r", "X: a\u{7f}", "X: a\u{b}", "X: a\nY: b",
    "X: y\n", "Host: h", "host: h",
  ]

  @Test(arguments: fields)
  func `a field that can be read in two ways is refused`(_ field: String) {
    // What stands behind an empty line is another request.
    #expect(refusal("GET / HTTP/1.1\r\nHost: h\r\n\(field)\r\nA: b\r\n\r\n")?.status == .badRequest)
  }

  static let hosts = [
    "", "a b", "a@b", "http://a", "a/b", "a:b", "a:1:2", ":80", "[::1", "[]", "[g]", "a%",
    "a%2", "é", "a?b", "a#b", "[::1]x", "\"a\"",
  ]

  @Test(arguments: hosts)
  func `a Host that is no host with a port is refused`(_ host: String) {
    let error = refusal("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    #expect(error?.status == .badRequest && error?.place.contains("Host") == true)
  }

  @Test(arguments: ["h", "LocalHost:4141", "127.0.0.1:1", "[::1]:4141", "a%2fb", "a_b-c.d", "h:"])
  func `a Host is taken in lower case`(_ host: String) throws {
    let head = try request("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").head
    #expect(head.authority == host.lowercased())
  }

  @Test func `HTTP 1.1 needs a Host, and HTTP 1.0 may do without`() throws {
    #expect(refusal("GET / HTTP/1.1\r\n\r\n")?.place == "the head's Host")
    #expect(try request("GET / HTTP/1.0\r\n\r\n").head.authority == nil)
    #expect(refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n")?.status == .badRequest)
  }

  // MARK: Framing

  static let framings = [
    "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5, 5", "Content-Length:", "Content-Length: +5", "Content-Length: -5",
    "Content-Length: 0x5", "Content-Length: 5 5", "Content-Length: 5;", "Content-Length: ５",
    "Content-Length: 000000000000000000005", "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 5", "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity", "Transfer-Encoding:", "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked,",
  ]

  @Test(arguments: framings)
  func `a length that can be read in two ways is refused`(_ fields: String) {
    #expect(refusal("POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n")?.status == .badRequest)
  }

  @Test func `HTTP 1.0 knows no chunks`() {
    let text = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    #expect(refusal(text)?.status == .badRequest)
  }

  static let chunks = [
    "", " 1", "1 ", "+1", "-1", "0x1", "g", "1 ;a", "1\t", "00000000000000001", "1;\u{e9}",
    "1;\u{1}", "1;a\rb", "1\n", "1\r\nab", "1\r\na\n", "1\r\na\rb", "1\r\na\r\n0\n",
    "0\r\n X: y", "0\r\nX y", "0\r\nX: \u{0}", "0\r\nContent-Length: 1",
    "0\r\nTransfer-encoding: chunked", "0\r\nHost: h", "0\r\n\n",
  ]

  @Test(arguments: chunks)
  func `chunks that are not what the standard says are refused`(_ chunks: String) {
    let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(refusal("\(head)\(chunks)\r\n\r\n")?.status == .badRequest)
  }

  // MARK: Limits

  @Test func `a body is refused by its length before it comes, with its head at hand`() throws {
    for length in ["11", "9223372036854775807", "9223372036854775808", "99999999999999999999"] {
      let whole = HTTPConversation(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(length)\r\n\r\n", maximumBodyBytes: 10)
      #expect(whole.requests.count == 1 && whole.error?.status == .contentTooLarge)
      #expect(whole.parser.bufferedBytes == 0)
    }
    #expect(
      HTTPConversation(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789", maximumBodyBytes: 10
      ).requests.first?.isComplete == true)
  }

  @Test func `a chunked body is refused by the chunk that goes beyond the limit`() {
    let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n"
    for size in ["7", "FFFFFFFFFFFFFFFF", "7fffffffffffffff", "8000000000000000"] {
      let whole = HTTPConversation(head + "\(size)\r\n", maximumBodyBytes: 10)
      #expect(whole.error?.status == .contentTooLarge && whole.requests.first?.body.count == 4)
    }
    let whole = HTTPConversation(head + "6\r\n456789\r\n0\r\n\r\n", maximumBodyBytes: 10)
    #expect(whole.requests.first?.isComplete == true)
  }

  @Test func `heads, request lines, fields, extensions and trailers have limits`() {
    func status(_ text: String) -> Int? {
      let whole = HTTPConversation(text, pieceBytes: 4096)
      #expect(HTTPConversation(text).summary == whole.summary)
      return whole.error?.status.rawValue
    }
    let x = { String(repeating: "x", count: $0) }
    let start = "GET / HTTP/1.1\r\nHost: h\r\n"
    let path = 8192 - "GET / HTTP/1.1\r\n".utf8.count
    #expect(status("GET /\(x(path)) HTTP/1.1\r\nHost: h\r\n\r\n") == nil)
    #expect(status("GET /\(x(path + 1)) HTTP/1.1\r\nHost: h\r\n\r\n") == 414)
    #expect(status("GET /\(x(8192))") == 414)
    let rest = 32768 - start.utf8.count - "A: \r\n\r\n".utf8.count
    #expect(status("\(start)A: \(x(rest))\r\n\r\n") == nil)
    #expect(status("\(start)A: \(x(rest + 1))\r\n\r\n") == 431)
    #expect(status("\(start)A: \(x(32768))") == 431)
    #expect(status(start + String(repeating: "a: b\r\n", count: 127) + "\r\n") == nil)
    #expect(status(start + String(repeating: "a: b\r\n", count: 128)) == 431)
    let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(status("\(chunked)1;\(x(1000))\r\na\r\n0\r\n\r\n") == nil)
    #expect(status("\(chunked)1;\(x(1100))") == 400)
    #expect(status(chunked + String(repeating: "1;\(x(1000))\r\na\r\n", count: 17)) == 400)
    #expect(status("\(chunked)0\r\nA: \(x(8000))\r\n\r\n") == nil)
    #expect(status("\(chunked)0\r\n" + String(repeating: "A: \(x(800))\r\n", count: 12)) == 431)
  }

  // MARK: Errors

  @Test func `a refusal says what was found, where, and what was expected, and stays`() throws {
    let text = "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost : h\r\n\r\n"
    let error = try #require(refusal(text))
    #expect(
      error.message == "found a space in a field of the head at byte 21, "
        + "expected its name and a colon, nothing between them")
    var parser = HTTPConversation(text).parser
    parser.append(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8).span)
    #expect(throws: error) { try parser.next() }
    #expect(parser.bufferedBytes == 0 && !parser.isBetweenRequests)
  }

  @Test func `a refusal repeats no value of a field`() throws {
    let error = try #require(
      refusal("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\u{1}\r\n\r\n"))
    #expect(!error.message.contains("secret") && error.message.contains("byte 0x01"))
  }
}
