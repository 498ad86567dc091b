import JSON
import Testing
import Wire

@Suite struct HTTPResponseTests {
  private func request(_ line: String, _ field: String = "X: y") throws -> HTTPRequestHead {
    let text = "\(line)\r\nHost: h\r\n\(field)\r\n\r\n"
    return try #require(HTTPConversation(text).requests.first).head
  }

  private func text(_ head: HTTPResponseHead) -> String {
    String(decoding: head.bytes, as: UTF8.self)
  }

  @Test func `an answer says its status, the time and its length`() throws {
    var head = HTTPResponseHead(
      200, .length(12), answering: try request("GET / HTTP/1.1"), at: 784_111_777)
    head.add("Content-Type", "application/json")
    #expect(
      text(head) == """
        HTTP/1.1 200 OK\r
        Date: Sun, 06 Nov 1994 08:49:37 GMT\r
        Content-Length: 12\r
        Content-Type: application/json\r
        \r

        """)
    #expect(head.hasBody && !head.isChunked && !head.isLast)
  }

  @Test func `a stream comes in chunks, or up to the end of a connection of HTTP 1.0`() throws {
    let new = HTTPResponseHead(200, .stream, answering: try request("GET / HTTP/1.1"), at: 0)
    #expect(new.hasBody && new.isChunked && !new.isLast)
    #expect(text(new).hasSuffix("GMT\r\nTransfer-Encoding: chunked\r\n\r\n"))
    let old = try request("GET / HTTP/1.0", "Connection: keep-alive")
    let stream = HTTPResponseHead(200, .stream, answering: old, at: 0)
    #expect(stream.hasBody && !stream.isChunked && stream.isLast)
    #expect(text(stream).hasSuffix("GMT\r\nConnection: close\r\n\r\n"))
    let whole = HTTPResponseHead(200, .length(1), answering: old, at: 0)
    #expect(!whole.isLast && text(whole).contains("\r\nConnection: keep-alive\r\n"))
  }

  @Test func `HEAD, 204, 304 and 101 have no body`() throws {
    let head = try request("HEAD / HTTP/1.1")
    for body in [HTTPResponseHead.Body.length(7), .stream] {
      let answer = HTTPResponseHead(200, body, answering: head, at: 0)
      #expect(!answer.hasBody && !answer.isChunked && !answer.isLast)
      #expect(text(answer).contains(body == .stream ? "chunked" : "Content-Length: 7"))
    }
    let get = try request("GET / HTTP/1.1")
    for status in [101, 204, 304] {
      let answer = HTTPResponseHead(status, .length(7), answering: get, at: 0)
      #expect(!answer.hasBody && !text(answer).contains("Content-Length"))
      #expect(text(answer).contains("Connection: Upgrade") == (status == 101))
    }
  }

  @Test func `a connection ends where the peer, the server or a refusal says so`() throws {
    func isLast(_ request: HTTPRequestHead?, _ isLast: Bool = false) -> Bool {
      let answer = HTTPResponseHead(400, .length(0), answering: request, isLast: isLast, at: 0)
      #expect(text(answer).contains("\r\nConnection: close\r\n") == answer.isLast)
      return answer.isLast
    }
    let kept = try request("GET / HTTP/1.1")
    #expect(!isLast(kept) && isLast(kept, true) && isLast(nil))
    #expect(isLast(try request("GET / HTTP/1.1", "Connection: close")))
    #expect(isLast(try request("GET / HTTP/1.0")))
  }

  @Test func `no value brings a field of its own`() throws {
    var head = HTTPResponseHead(200, .length(0), answering: nil, at: 0)
    head.add("x-request-id", "a\r\nSet-Cookie: b\u{0}\n\té\u{7f}~ z")
    let lines = text(head).split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(lines.count == 7)
    #expect(lines.contains("x-request-id: a%0D%0ASet-Cookie: b%00%0A%09%C3%A9%7F~ z"))
  }

  @Test(arguments: [(0, 500), (99, 500), (-1, 500), (1000, 500), (418, 418), (599, 599)])
  func `what is no status is 500`(_ status: Int, _ sent: Int) {
    let head = HTTPResponseHead(status, .length(0), answering: nil, at: 0)
    #expect(head.status == sent && text(head).hasPrefix("HTTP/1.1 \(sent) "))
  }

  @Test(
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
      (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
      (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
      (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"),
      (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
      (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (.min, "Thu, 01 Jan 1970 00:00:00 GMT"),
      (.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] as [(Int64, String)])
  func `times are those of the calendar`(_ seconds: Int64, _ text: String) {
    #expect(HTTPTimestamp.text(seconds) == text)
  }

  @Test func `an event is one chunk, whatever its JSON and its type hold`() throws {
    let json = try RawJSON(parsing: "{\n\"type\":\r\n\"a\\nb\"\r}")
    func sent(isChunked: Bool = true, _ write: (inout SSEWriter) -> Void) -> String {
      var writer = SSEWriter(isChunked: isChunked)
      write(&writer)
      return String(decoding: writer.take(), as: UTF8.self)
    }
    let event = "event: a.b\ndata: { \"type\":  \"a\\nb\" }\n\n"
    let name = Array("a.b".utf8)[...]
    let size = String(event.utf8.count, radix: 16)
    #expect(sent { $0.event(json, named: name) } == "\(size)\r\n\(event)\r\n")
    #expect(sent(isChunked: false) { $0.event(json, named: name) } == event)
    for name in ["a\nb", "a\rb", "a\u{0}"] {
      #expect(
        sent { $0.event(json, named: Array(name.utf8)[...]) }.hasPrefix("1b\r\ndata: {"))
    }
    #expect(sent { $0.keepAlive() } == "e\r\n: keep-alive\n\n\r\n")
    #expect(
      sent {
        $0.done()
        $0.end()
      } == "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    let long = RawJSON.string(String(repeating: "x", count: 70_000))
    #expect(sent { $0.event(long) }.hasPrefix("1117a\r\ndata: \""))
  }
}
