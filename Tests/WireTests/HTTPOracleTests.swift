import JSON
import Testing
import TestSupport
import Wire

/// Requests as others send and read them: mutated ones, smuggled ones, and h11's opinion of both.
@Suite struct HTTPOracleTests {
  private static let seeds = ["create", "chunked", "pipelined", "old", "upgrade"]

  private static let words = [
    "\r\n", "\r\n\r\n", "\n", "\r", " ", "\t", ":", ";", ",", "\u{0}", "\u{1}", "\u{7f}", "é", "%",
    "%2e%2e/", "%2F", "%00", "#", "//", "http://h", "*", "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST", "CONNECT", " HTTP/1.0", " HTTP/1.1", "HTTP/2.0", "\r\nHost: h", "\r\nhost: [::1]:80",
    "\r\nContent-Length: 5", "\r\nContent-Length: 5, 5", "Content-Length: 0\r\n",
    "\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked\r\n", "chunked", "0", "-1",
    "0x", "99999999999999999999", "5\r\nhello\r\n", "0\r\n\r\n", "5;a=\"b\"", "\r\n folded",
    "X: y\r\n", "X : y\r\n", "\r\nConnection: close", "\r\nExpect: 100-continue",
    "\r\nUpgrade: websocket", "0\r\nX: y\r\n\r\n",
  ]

  @Test func `requests of a client`() throws {
    try Seeds.mutate("http", Self.seeds, words: Self.words, count: 10_000) { input in
      if let wrong = HTTPExercise.run(input) {
        Issue.record("\(wrong): \(String(decoding: input, as: UTF8.self))")
      }
    }
  }

  @Test(arguments: HTTPSmuggling.cases)
  func `no request is smuggled behind another one`(_ example: HTTPSmuggling) {
    let whole = HTTPConversation(example.text)
    #expect(whole.error?.status.rawValue == example.status)
    #expect(HTTPConversation(example.text, pieceBytes: 1).summary == whole.summary)
    let taken = whole.requests.filter(\.isComplete).map { $0.head.target.text }
    #expect(taken.count == (example.status == nil ? 2 : 0))
    #expect(example.status != nil || taken.last == "/smuggled")
  }

  // MARK: h11

  /// What h11 takes and the parser refuses, each with its reason.
  private static let stricter = [
    "the request line: expected HTTP/1.1 or HTTP/1.0":
      "what another version means is not known; h11 reads on as for 1.1",
    "the request line: expected a carriage return and a line feed": lineFeed,
    "the head: expected a carriage return and a line feed": lineFeed,
    "a field behind the body: expected a carriage return and a line feed": lineFeed,
    "a field of the head: expected its name, on a line that goes on no other": folded,
    "a field behind the body: expected its name, on a line that goes on no other": folded,
    "a field of the head: expected a value without control characters": control,
    "a field behind the body: expected a value without control characters": control,
    "the request's target: expected a character that a URI may have, or an escape": uri,
    "the request's target: expected \"%\" and two hexadecimal digits": uri,
    "the request's target: expected a path that begins with \"/\"":
      "other forms are for proxies, or for none at all",
    "the request's target: expected a path; this is no proxy": "CONNECT is for proxies",
    "the request's target: expected an escape that stands for no control character":
      "no name here has one, and they end lines and texts elsewhere",
    "the request's target: expected escapes that spell UTF-8":
      "overlong forms hide slashes and dots from who decodes them later",
    "the request's target: expected a path without \".\" and \"..\"":
      "who resolves them sees another path than who does not",
    "the request's target: expected a host with or without a port": host,
    "the head's Host: expected a host with or without a port": host,
    "the head's Host: expected the host that the target names":
      "a client has to send the same (RFC 9112, section 3.2.2); one could be checked, the other used",
    "the head's Content-Length: expected one":
      "equal ones may be taken for one (RFC 9112, section 6.3), but need not",
    "the head's Content-Length: expected 1 to 20 digits":
      "a list of equal ones may be taken for one (RFC 9112, section 6.3), but need not",
    "the head's Content-Length: expected one of them":
      "the classic of smuggling; a server may refuse it (RFC 9112, section 6.1)",
    "the head's Transfer-Encoding: expected none in HTTP/1.0":
      "its framing is faulty (RFC 9112, section 6.1)",
    "the line before a chunk: expected 1 to 16 hexadecimal digits, and nothing or extensions behind "
      + "\";\"": "h11 takes 20 digits, white space behind them, and CR in extensions",
    "a field behind the body: expected one that may stand there":
      "who merges trailers into the head frames the message anew (RFC 9110, section 6.5.1)",
  ]

  private static let lineFeed = "LF alone may end a line (RFC 9112, section 2.2), but need not"
  private static let folded = "a server has to refuse or to unfold it (RFC 9112, section 5.2)"
  private static let control = "h11 refuses NUL and white space alone (RFC 9110, section 5.5)"
  private static let uri = "h11 takes all visible characters (RFC 3986, sections 2.1 and 3.3)"
  private static let host = "a server has to refuse it (RFC 9112, section 3.2); h11 does not look"

  @Test func `what is taken, h11 takes in the same way, and reasons are given for the rest`() throws
  {
    var cases = HTTPSmuggling.cases.map { Array($0.text.utf8) }
    for name in Self.seeds { cases.append(try Seeds.read("http", name)) }
    try Seeds.mutate("http", Self.seeds, words: Self.words, count: 6000) { cases.append($0) }
    let scratch = try Scratch()
    let lines = cases.map { Self.verdict($0).text + "\n" }.joined()
    let oracle = String(#filePath.dropLast("HTTPOracleTests.swift".utf8.count)) + "h11-oracle"
    let end = try run([oracle, try scratch.write("cases", lines)], limit: .seconds(300))
    if end.status == 77 { return print("h11 was left out: \(end.output)") }
    try #require(end.status == 0, "\(end.output)\(end.error)")
    let report = try RawJSON(parsing: end.output)
    #expect(report["wrong"]?.elements.map(\.text) == [])
    #expect(report["taken"]?.integer ?? 0 > 1000 && report["both"]?.integer ?? 0 > 1000)
    let kinds = (report["stricter"]?.members ?? []).map(\.key)
    #expect(Set(kinds) == Set(Self.stricter.keys))
  }

  private static func verdict(_ input: [UInt8]) -> RawJSON {
    let whole = HTTPConversation(input, maximumBodyBytes: .max)
    return .object { writer in
      writer.member("input", hexadecimal(input))
      writer.key("requests")
      writer.array { array in for request in whole.requests { array.value(told(request)) } }
      writer.member("isBetween", whole.parser.isBetweenRequests)
      let refusal = whole.error.map { "\($0.place): expected \($0.expected)" }
      writer.member("refusal", refusal.map(RawJSON.string) ?? .null)
    }
  }

  private static func told(_ request: HTTPConversation.Request) -> RawJSON {
    let head = request.head
    return .object { writer in
      writer.member("method", hexadecimal(head.method.utf8))
      writer.member("target", hexadecimal(head.target.text.utf8))
      writer.member("version", head.version == .http11 ? "1.1" : "1.0")
      writer.key("fields")
      writer.array { array in
        for field in head.fields {
          let name = String(decoding: field.name, as: UTF8.self).lowercased()
          let value = String(decoding: field.value, as: UTF8.self).lowercased()
          let isCoding = name == "transfer-encoding"
          array.array { pair in
            pair.string(hexadecimal(name.utf8))
            pair.string(isCoding ? hexadecimal(value.utf8) : hexadecimal(field.value))
          }
        }
      }
      writer.member("body", hexadecimal(request.body))
      writer.member("isComplete", request.isComplete)
    }
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
