import JSON
import Testing
import TestSupport

/// Connections of HTTP: kept, pipelined, given up, full.
@Suite struct HTTPConnectionTests {
  private let stage: HTTPStage

  init() throws { stage = try HTTPStage() }

  @Test func `a connection serves one request after the other`() throws {
    let client = try stage.connect()
    for _ in 0..<20 {
      let answer = try client.ask("POST", "/v1/responses", body: HTTPStage.body())
      #expect(answer.status == 200)
      #expect(!answer.head.isLast)
    }
    #expect(try client.ask("GET", "/v1/nothing").status == 404)
    let last = try client.ask("GET", "/healthz", ["Connection: close"])
    #expect(last.head.isLast)
    #expect(try client.isClosedByDaemon())
  }

  @Test func `HTTP 1 point 0 is answered without chunks, up to the connection's end`() throws {
    let client = try stage.connect()
    let body = HTTPStage.body(["text": "Hi."], #","stream":true"#)
    try client.send(
      "POST /v1/responses HTTP/1.0\r\nHost: x\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    let head = try #require(try client.head())
    #expect(!head.isChunked)
    #expect(head.isLast)
    let text = String(decoding: try client.socket.read(.max), as: UTF8.self)
    #expect(try text.events().last?.type == "response.completed")
  }

  @Test func `requests that are sent ahead are answered in their order`() throws {
    let client = try stage.connect()
    var bytes = ""
    for number in 0..<10 {
      let body = HTTPStage.body(["text": "\(number)"])
      bytes +=
        "POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    }
    try client.send(bytes)
    for number in 0..<10 {
      #expect(Answer.text(of: try client.answer().json()) == "\(number)")
      #expect(try client.answer().text == #"{"status":"ok"}"#)
    }
  }

  @Test func `a body comes when it is asked for, and an error instead where it is not wanted`()
    throws
  {
    let client = try stage.connect()
    let body = HTTPStage.body(["text": "Hi."])
    let head =
      "POST /v1/responses HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      + "Content-Length: \(body.utf8.count)\r\n"
    try client.send(head + "Content-Type: application/json\r\n\r\n")
    #expect(try client.head()?.status == 100)
    try client.send(body)
    #expect(Answer.text(of: try client.answer().json()) == "Hi.")
    try client.send(head + "Content-Type: text/plain\r\n\r\n")
    let refused = try client.answer()
    #expect(refused.status == 415)
    #expect(refused.head.isLast)
  }

  @Test(arguments: [true, false])
  func `a client that leaves, or shuts down its writing side, has hung up`(_ closes: Bool) throws {
    let client = try stage.connect()
    _ = try client.stream(["words": "5000", "rate": "20"])
    _ = try client.frame()
    if closes { client.socket.close() } else { client.socket.finishSending() }
    try Wait.until("the response to be cancelled") {
      try stage.simulator.count("cancelled_streams") == 1
    }
  }

  @Test func `a client that has its answer may shut down and is closed`() throws {
    let client = try stage.connect()
    _ = try client.ask("GET", "/healthz")
    client.socket.finishSending()
    #expect(try client.isClosedByDaemon())
  }

  @Test func `who leaves a response that may finish gets it later`() throws {
    let client = try stage.connect()
    try client.request(
      "POST", "/v1/responses",
      body: HTTPStage.body(
        ["words": "40", "rate": "100"], #","stream":true,"halley":{"on_disconnect":"finish"}"#))
    _ = try client.head()
    let id = try #require(try client.frame()?.events().first?.data["response"]?["id"]?.string)
    client.socket.close()
    try Wait.until("it to complete") {
      try stage.ask("GET", "/v1/responses/\(id)").json()["status"]?.string == "completed"
    }
  }

  // MARK: Limits

  @Test func `a body that is too large is refused before it is buffered`() throws {
    let stage = try HTTPStage(rest: "[limits]\nline = \"64KiB\"")
    let head = "POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    let declared = try stage.connect()
    try declared.send(head + "Content-Length: 65537\r\n\r\n")
    let refused = try declared.answer()
    #expect(refused.status == 413)
    #expect(try refused.errorCode == "too_large")
    #expect(refused.head.isLast)
    #expect(try declared.isClosedByDaemon())
    let chunked = try stage.connect()
    let chunk = "8000\r\n" + String(repeating: " ", count: 0x8000) + "\r\n"
    try chunked.send(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "1\r\n")
    #expect(try chunked.answer().status == 413)
    let most = try stage.connect()
    let padded = HTTPStage.body(["text": "Hi."])
    let padding = String(repeating: " ", count: 65_536 - padded.utf8.count)
    #expect(try most.ask("POST", "/v1/responses", body: padded + padding).status == 200)
  }

  @Test func `more clients than there may be are told to come again`() throws {
    let stage = try HTTPStage(rest: "[limits]\nconnections = 3")
    let clients = try (0..<3).map { _ in try stage.connect() }
    #expect(try clients.map { try $0.ask("GET", "/healthz").status } == [200, 200, 200])
    let refused = try stage.connect().answer()
    #expect(refused.status == 429)
    #expect(try refused.errorCode == "overloaded")
    #expect(refused.head["retry-after"] == "1")
    #expect(refused.head.isLast)
    clients[0].socket.close()
    try Wait.until("a place to be free") {
      try stage.connect().ask("GET", "/healthz").status == 200
    }
  }

  // MARK: A stop

  @Test func `a daemon that stops lets streams finish and takes nothing new`() throws {
    let (running, slow, idle, half) = (
      try stage.connect(), try stage.connect(), try stage.connect(), try stage.connect()
    )
    _ = try running.stream(["words": "60", "rate": "60"])
    _ = try running.frame()
    try slow.request(
      "POST", "/v1/responses",
      body: HTTPStage.body(["first_event_delay_ms": "700", "text": "Last."], #","stream":true"#))
    #expect(try idle.ask("GET", "/healthz").status == 200)
    try half.send("GET /v1/models HTTP/1.1\r\n")
    try Wait.until("both to run") { try stage.simulator.count("active_streams") == 2 }
    stage.daemon.signal(15)
    var last = try idle.ask("GET", "/healthz")
    try Wait.until("the daemon to know that it stops") {
      if last.status == 200 { last = try idle.ask("GET", "/healthz") }
      return last.status != 200
    }
    #expect(last.status == 503)
    #expect(last.head.isLast)
    try half.send("Host: x\r\n\r\n")
    let refused = try half.answer()
    #expect(refused.status == 503)
    #expect(refused.head["retry-after"] == "1")
    #expect(refused.head.isLast)
    try running.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    let late = try #require(try slow.head())
    #expect(late.status == 200)
    #expect(late.isLast)
    #expect(try slow.events().last?.type == "response.completed")
    #expect(try running.events().last?.type == "response.completed")
    #expect(try running.answer().status == 503)
    #expect(try stage.daemon.wait().status == 0)
  }
}
