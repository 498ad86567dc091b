import EventLoop
import Foundation
import HTTPClient
import Synchronization
import TestSupport
import Testing

@Suite(.onLoop) struct HTTPClientTests {
  private func get(_ server: ScriptedServer) -> HTTPRequest {
    HTTPRequest(.get, server.url, route: HTTPRoute(connectTimeout: .seconds(10)))
  }

  @EventLoop
  private func fetch(
    _ client: HTTPClient, _ request: HTTPRequest, maximumBytes: Int = 1 << 20
  ) async -> Result<HTTPAnswer, HTTPError> {
    await client.fetch(request, maximumBytes: maximumBytes, timeout: .seconds(30))
  }

  /// What an owner hears of a transfer.
  @EventLoop final class Record {
    var events: [String] = []
    var transfer: Transfer?
    let ended = Promise<Result<TransferMetrics, HTTPError>>()
    /// Cancels the transfer when an event begins so.
    var cancelsAt: String?

    nonisolated init() {}

    var callbacks: TransferCallbacks {
      TransferCallbacks(
        onHead: { [self] head in add("head \(head.status) \(head["x-case"] ?? "")") },
        onBody: { [self] bytes in
          var text: [UInt8] = []
          for index in bytes.indices { text.append(bytes[index]) }
          add("body \(String(decoding: text, as: UTF8.self))")
        },
        onEnd: { [self] ending in
          add("end")
          ended.resolve(ending)
        })
    }

    private func add(_ event: String) {
      events.append(event)
      if let cancelsAt, event.hasPrefix(cancelsAt) { transfer?.cancel() }
    }
  }

  // MARK: An answer

  @Test @EventLoop func `head, bytes and end come in their order and never from within the start`()
    async throws
  {
    let goOn = Atomic<Bool>(false)
    let server = try ScriptedServer { connection, _ in
      try connection.request()
      try connection.write(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
          + "HTTP/1.1 200 OK\r\nX-Case:  a b \r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
      try Wait.until("the first piece is there") { goOn.load(ordering: .acquiring) }
      try connection.write("3\r\ntwo\r\n0\r\n\r\n")
    }
    defer { server.stop() }
    let client = try HTTPClient()
    let record = Record()
    record.transfer = try client.start(get(server), record.callbacks)
    #expect(record.events.isEmpty && client.runningTransfers == 1)
    try await eventually("the first piece comes") { record.events.count == 2 }
    goOn.store(true, ordering: .releasing)
    let metrics = try await record.ended.wait().get()
    #expect(record.events == ["head 200 a b", "body one", "body two", "end"])
    #expect(metrics.requestSent && !metrics.reusedConnection && metrics.httpVersion == 1)
    try await eventually("it is forgotten") { client.runningTransfers == 0 }
  }

  @Test(arguments: ["", "head", "body"]) @EventLoop
  func `a transfer that is cancelled is not heard of again, and its connection closed`(
    _ point: String
  ) async throws {
    let left = Atomic<Bool>(false)
    let server = try ScriptedServer { connection, _ in
      defer { left.store(true, ordering: .releasing) }
      try connection.request()
      try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
      try connection.write("x")
      connection.end()
    }
    defer { server.stop() }
    let client = try HTTPClient()
    let record = Record()
    record.cancelsAt = point
    record.transfer = try client.start(get(server), record.callbacks)
    if point.isEmpty { record.transfer?.cancel() }
    try await eventually("it is off") { client.runningTransfers == 0 }
    if !point.isEmpty {
      try await eventually("the server sees it") { left.load(ordering: .acquiring) }
    }
    #expect(
      record.events
        == Array(["head 200 ", "body x"].prefix(["", "head", "body"].firstIndex(of: point) ?? 0)))
    record.transfer?.cancel()
    #expect(client.openConnections == 0)
  }

  @Test @EventLoop
  func `nothing of a request outlives its answer, on a reused connection either`() async throws {
    let server = try ScriptedServer { connection, _ in
      while true {
        try connection.request()
        try connection.answer("")
      }
    }
    defer { server.stop() }
    let client = try HTTPClient()
    for _ in 1...2 {
      let ended = Promise<Void>()
      weak let transfer = try client.start(
        get(server),
        TransferCallbacks(onHead: { _ in }, onBody: { _ in }, onEnd: { _ in ended.resolve(()) }))
      await ended.wait()
      try await eventually("it is gone") { transfer == nil }
    }
    #expect(client.connectionsOpened == 1)
  }

  @Test @EventLoop
  func `requests that follow each other send what is theirs, whatever was sent before`()
    async throws
  {
    let seen = Mutex<[String]>([])
    let server = try ScriptedServer { connection, _ in
      while true {
        let request = try connection.request()
        seen.withLock { $0.append(request) }
        try connection.answer("")
      }
    }
    defer { server.stop() }
    let client = try HTTPClient()
    let route = HTTPRoute(connectTimeout: .seconds(10))
    func post(_ body: String, _ field: String) -> HTTPRequest {
      HTTPRequest(.post, server.url, headers: [field], body: Array(body.utf8), route: route)
    }
    let long = String(repeating: "long", count: 1000)
    let requests = [
      post("one", "X-A: 1"), post(long, "X-A: 1"), post("", "X-A: 1"), post("four", "X-A: 2"),
      get(server), post("six", "X-A: 1"), HTTPRequest(.delete, server.url, route: route),
      post("eight", "X-A: 1"),
    ]
    for request in requests { _ = try await fetch(client, request).get() }
    let texts = seen.withLock { $0 }
    #expect(
      texts.map { $0.prefix { $0 != " " } }
        == ["POST", "POST", "POST", "POST", "GET", "POST", "DELETE", "POST"])
    #expect(
      texts.map { $0.components(separatedBy: "\r\n\r\n").last }
        == ["one", long, "", "four", "", "six", "", "eight"])
    #expect(
      texts.map { $0.contains("X-A: 1") }
        == [true, true, true, false, false, true, false, true])
    #expect(client.connectionsOpened == 1)
  }

  @Test @EventLoop
  func `an answer of HTTP 1.0 does not make the next requests be of it`() async throws {
    let seen = Mutex<[String]>([])
    let server = try ScriptedServer { connection, number in
      let request = try connection.request()
      seen.withLock { $0.append(request) }
      try connection.write(
        "HTTP/1.\(number == 1 ? 0 : 1) 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }
    defer { server.stop() }
    let client = try HTTPClient()
    for _ in 1...3 { _ = try await fetch(client, get(server)).get() }
    let lines = seen.withLock { $0.map { $0.prefix { $0 != "\r\n" } } }
    #expect(lines == Array(repeating: "GET / HTTP/1.1", count: 3))
  }

  @Test @EventLoop func `a fetch ends with its task`() async throws {
    let asked = Promise<Void>()
    let server = try ScriptedServer { connection, _ in
      try connection.request()
      EventLoop.start { asked.resolve(()) }
      connection.end()
    }
    defer { server.stop() }
    let client = try HTTPClient()
    let ended = Promise<Result<HTTPAnswer, HTTPError>>()
    let request = get(server)
    let task = EventLoop.start {
      ended.resolve(
        await client.fetch(request, maximumBytes: 100, timeout: .seconds(3600)))
    }
    await asked.wait()
    task.cancel()
    guard case .failure = await ended.wait() else {
      Issue.record("there was no answer")
      return
    }
    try await eventually("it is off") { client.runningTransfers == 0 }
  }

  @Test @EventLoop func `a redirect is an answer as any other`() async throws {
    let server = try ScriptedServer { connection, _ in
      try connection.request()
      try connection.answer("", status: "302 Found", fields: "Location: /elsewhere\r\n")
      connection.end()
    }
    defer { server.stop() }
    let answer = try await fetch(try HTTPClient(), get(server)).get()
    #expect(answer.head.status == 302 && answer.head["location"] == "/elsewhere")
    #expect(server.connections == 1)
  }

  // MARK: What is no answer

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", HTTPError.Code.receive),
    ("", .receive), ("HTTP/1.1 200 OK\r\nContent-Le", .receive),
    ("SMTP ready\r\n\r\n", .protocolViolation),
    (
      "HTTP/1.1 200 OK\r\n"
        + String(repeating: "a: \(String(repeating: "b", count: 60_000))\r\n", count: 5)
        + "\r\n", .protocolViolation
    ),
    (
      "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + String(repeating: "x", count: 2000),
      .protocolViolation
    ),
  ]) @EventLoop
  func `what is cut off, no HTTP or too large is an error`(_ said: String, _ code: HTTPError.Code)
    async throws
  {
    let server = try ScriptedServer { connection, _ in
      try connection.request()
      try connection.write(said)
    }
    defer { server.stop() }
    switch await fetch(try HTTPClient(), get(server), maximumBytes: 1000) {
    case .success(let answer): Issue.record("answered \(answer.head.status)")
    case .failure(let error): #expect(error.code == code, "\(error.message)")
    }
  }

  @Test @EventLoop func `a port where nobody listens is told from one that is slow`() async throws {
    let client = try HTTPClient()
    let refused = try DeafPort(listens: false)
    var request = HTTPRequest(
      .get, "http://127.0.0.1:\(refused.port)/", route: HTTPRoute(connectTimeout: .seconds(10)))
    guard case .failure(let error) = await fetch(client, request) else {
      Issue.record("there was no server")
      return
    }
    #expect(error.code == .connect)
    let deaf = try DeafPort(listens: true)
    request.url = "http://127.0.0.1:\(deaf.port)/"
    let late = await client.fetch(request, maximumBytes: 1, timeout: .milliseconds(20))
    guard case .failure(let error) = late else {
      Issue.record("nobody answered")
      return
    }
    #expect(error.code == .receive && error.message.contains("within"))
  }

  @Test(arguments: [("a: b\nc: d", ""), ("a: \u{7F}", ""), ("", "\u{20}"), ("", "é")]) @EventLoop
  func `a byte that would make another request is refused before it is sent`(
    _ field: String, _ path: String
  ) throws {
    let request = HTTPRequest(
      .get, "http://127.0.0.1:1/\(path)", headers: field.isEmpty ? [] : [field],
      route: HTTPRoute(connectTimeout: .seconds(1)))
    let client = try HTTPClient()
    let error = #expect(throws: HTTPError.self) {
      _ = try client.start(request, Record().callbacks)
    }
    #expect(error?.code == .unusableRequest && client.runningTransfers == 0)
  }
}
