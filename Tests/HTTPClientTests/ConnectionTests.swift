import EventLoop
import HTTPClient
import Synchronization
import TestSupport
import Testing

@Suite(.onLoop) struct ConnectionTests {
  /// The requests that servers saw.
  private final class Log: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: some StringProtocol) { lines.withLock { $0.append(String(line)) } }
  }

  @EventLoop
  private func ask(
    _ client: HTTPClient, _ url: String, new: Bool = false,
    _ change: (inout HTTPRoute) -> Void = { _ in }
  ) async -> Result<HTTPAnswer, HTTPError> {
    var request = HTTPRequest(
      .post, url, headers: ["X-Key: secret"], body: Array("hello".utf8),
      route: HTTPRoute(connectTimeout: .seconds(10)))
    change(&request.route)
    request.isOnNewConnection = new
    return await client.fetch(request, maximumBytes: 100, timeout: .seconds(30))
  }

  private static func body(_ answer: Result<HTTPAnswer, HTTPError>) throws -> String {
    String(decoding: try answer.get().body, as: UTF8.self)
  }

  @Test @EventLoop func `connections serve again, unless a request wants its own`() async throws {
    let server = try ScriptedServer { connection, number in
      while true {
        #expect(try connection.request().hasSuffix("\r\n\r\nhello"))
        try connection.answer("\(number)")
      }
    }
    defer { server.stop() }
    let client = try HTTPClient()
    for _ in 0..<3 { #expect(try Self.body(await ask(client, server.url)) == "1") }
    #expect(client.connectionsOpened == 1 && client.openConnections == 1)
    #expect(try Self.body(await ask(client, server.url, new: true)) == "2")
    #expect(client.connectionsOpened == 2)
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nforge"]) @EventLoop
  func `a connection that closes or speaks unasked at rest serves no more`(_ unasked: String)
    async throws
  {
    let server = try ScriptedServer { connection, number in
      try connection.request()
      try connection.answer("\(number)")
      guard number == 1 else { return connection.end() }
      try connection.write(unasked)
      if !unasked.isEmpty { connection.end() }
    }
    defer { server.stop() }
    let client = try HTTPClient()
    #expect(try Self.body(await ask(client, server.url)) == "1")
    try await eventually("the connection is given up") { client.openConnections == 0 }
    #expect(try Self.body(await ask(client, server.url)) == "2")
  }

  @Test @EventLoop func `a request that a reused connection swallows is not sent again`()
    async throws
  {
    let log = Log()
    let server = try ScriptedServer { connection, number in
      log.add(try connection.request().suffix(5))
      try connection.answer("\(number)")
      log.add(try connection.request().suffix(5))
    }
    defer { server.stop() }
    let client = try HTTPClient()
    #expect(try Self.body(await ask(client, server.url)) == "1")
    guard case .failure(let error) = await ask(client, server.url) else {
      Issue.record("it was asked again")
      return
    }
    #expect(error.code == .receive || error.code == .send)
    #expect(log.all == ["hello", "hello"])
  }

  @Test @EventLoop func `what is cut off leaves no connection for the next`() async throws {
    let server = try ScriptedServer { connection, number in
      try connection.request()
      if number == 1 {
        try connection.answer(String(repeating: "x", count: 1000))
      } else {
        try connection.answer("\(number)")
      }
      connection.end()
    }
    defer { server.stop() }
    let client = try HTTPClient()
    guard case .failure = await ask(client, server.url) else {
      Issue.record("it was too long")
      return
    }
    #expect(try Self.body(await ask(client, server.url)) == "2")
  }

  // MARK: Proxies

  @Test @EventLoop func `a tunnel's request is the server's, its credentials are the proxy's`()
    async throws
  {
    let log = Log()
    let proxy = try ScriptedServer { connection, _ in
      log.add(try connection.request())
      try connection.write("HTTP/1.1 200 Established\r\n\r\n")
      log.add(try connection.request())
      try connection.answer("through")
      connection.end()
    }
    defer { proxy.stop() }
    let answer = await ask(try HTTPClient(), "http://upstream.invalid:81/v1") {
      $0.proxy = HTTPProxy(
        url: "http://127.0.0.1:\(proxy.port)", credentials: "user:word")
    }
    #expect(try Self.body(answer) == "through")
    let seen = log.all
    try #require(seen.count == 2)
    #expect(seen[0].hasPrefix("CONNECT upstream.invalid:81 HTTP/1.1\r\n"))
    #expect(seen[0].contains("Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n"))
    #expect(!seen[0].contains("secret"))
    #expect(seen[1].hasPrefix("POST /v1 HTTP/1.1\r\n") && seen[1].contains("X-Key: secret"))
    #expect(!seen[1].contains("Proxy-Authorization"))
  }

  @Test(arguments: ["407 Proxy Authentication Required", "403 Forbidden"]) @EventLoop
  func `a proxy that refuses is told from the server`(_ status: String) async throws {
    let proxy = try ScriptedServer { connection, _ in
      try connection.request()
      try connection.answer("no", status: status)
      connection.end()
    }
    defer { proxy.stop() }
    let url = "http://127.0.0.1:\(proxy.port)"
    let answer = await ask(try HTTPClient(), "http://upstream.invalid/") {
      $0.proxy = HTTPProxy(url: url, credentials: nil)
    }
    guard case .failure(let error) = answer else {
      Issue.record("there is no such server")
      return
    }
    #expect(error.code == .proxy && error.proxy == url)
    #expect(error.proxyStatus == Int(status.prefix(3)))
  }

  @Test func `dates have three forms, and what lies behind us is no wait`() throws {
    for past in [
      "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
    ] {
      #expect(HTTPDate.timeUntil(past) == .zero)
    }
    #expect(try #require(HTTPDate.timeUntil("Fri, 01 Jan 2100 00:00:00 GMT")) > .seconds(3600))
    for wrong in ["", "tomorrow", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37"] {
      #expect(HTTPDate.timeUntil(wrong) == nil)
    }
  }
}
