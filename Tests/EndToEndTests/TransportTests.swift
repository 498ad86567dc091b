import JSON
import TestSupport
import Testing

@Suite struct TransportTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
  }

  private static let slow = ["words": "12", "rate": "200"]

  private func request(_ id: Int = 1, _ controls: [String: String] = slow) -> String {
    let params = CreateParameters(controls).text
    return #"{"jsonrpc":"2.0","id":\#(id),"method":"responses.create","params":\#(params)}"# + "\n"
  }

  /// Expects a whole answer, line by line.
  private func expectAnswer(_ output: String, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let lines = try output.split(separator: "\n").map { try RawJSON(parsing: String($0)) }
    let last = try #require(lines.last, sourceLocation: sourceLocation)
    #expect(last["result"]?["status"]?.string == "completed", sourceLocation: sourceLocation)
    #expect(lines.count == 21, sourceLocation: sourceLocation)
  }

  @Test func `nc -N gets the whole answer`() throws {
    let end = try run(["nc", "-N", "-U", daemon.socketPath], input: request())
    #expect(end.status == 0)
    try expectAnswer(end.output)
  }

  @Test func `socat gets the whole answer`() throws {
    let end = try run(
      ["socat", "-t86400", "-", "UNIX-CONNECT:\(daemon.socketPath)"], input: request())
    #expect(end.status == 0)
    try expectAnswer(end.output)
  }

  @Test func `a client that writes one byte at a time gets the whole answer`() throws {
    let client = try daemon.connect()
    for byte in request().utf8 { try client.send([byte]) }
    let answer = try client.answer(1)
    #expect(answer.status == "completed")
    #expect(answer.events.count == 20)
  }

  @Test func `a CR before the LF is white space`() throws {
    let client = try daemon.connect()
    try client.send(Array("{\"id\":1,\"method\":\"daemon.ping\"}\r\n\r\n\n  \r\n".utf8))
    try client.send(Array("{\"id\":2,\"method\":\"daemon.ping\"}\r\n".utf8))
    #expect(try client.answer(1).result?.text == "{}")
    #expect(try client.answer(2).result?.text == "{}")
  }

  @Test func `many requests in one write are all answered`() throws {
    let client = try daemon.connect()
    let lines = (1...50).map { "{\"id\":\($0),\"method\":\"daemon.ping\"}\n" }.joined()
    try client.send(Array(lines.utf8))
    for id in 1...50 { #expect(try client.answer(id).result?.text == "{}") }
  }

  @Test func `jsonrpc may be missing on the way in`() throws {
    let client = try daemon.connect()
    try client.send(#"{"id":1,"method":"daemon.ping"}"#)
    #expect(try client.answer(1).message["jsonrpc"]?.string == "2.0")
  }

  @Test func `a half-closed client still gets its answers, then the end`() throws {
    let client = try daemon.connect()
    try client.send(Array((request(1) + request(2)).utf8))
    client.finishSending()
    #expect(try client.answer(2).events.count == 20)
    #expect(try client.answer(1).events.count == 20)
    #expect(try client.isClosedByDaemon())
  }

  @Test func `a client that half-closes without asking anything is let go`() throws {
    let client = try daemon.connect()
    client.finishSending()
    #expect(try client.isClosedByDaemon())
  }

  @Test func `an unfinished last line is refused and not executed`() throws {
    let client = try daemon.connect()
    try client.send(Array(request().utf8.dropLast()))
    client.finishSending()
    let message = try #require(try client.message())
    #expect(message["error"]?["data"]?["code"]?.string == "parse_error")
    #expect(try client.isClosedByDaemon())
    #expect(try simulator.count("creates") == 0)
  }

  @Test func `a hang-up cancels the response upstream`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, ["endless": "deltas", "event_delay_ms": "5"])
    try client.awaitText(1)
    client.close()
    try Wait.until("the upstream's connection to close") {
      try simulator.count("cancelled_streams") == 1
    }
    try Wait.until("the response to end") {
      try daemon.status()["responses"]?.elements.isEmpty == true
    }
  }

  @Test func `a hang-up before the first event cancels the response upstream`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, ["stall_before_headers": "1"])
    try Wait.until("the request to be there") { try simulator.count("active_streams") == 1 }
    client.close()
    try Wait.until("the upstream's connection to close") {
      try simulator.count("cancelled_streams") == 1
    }
  }

  @Test func `a hang-up without a stream cancels the response upstream`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, ["stall": "after_headers"], stream: false)
    try Wait.until("the request to be there") { try simulator.count("active_streams") == 1 }
    client.close()
    try Wait.until("the upstream's connection to close") {
      try simulator.count("cancelled_streams") == 1
    }
  }

  @Test func `on_disconnect finish lets a response outlive its client`() throws {
    let client = try daemon.connect()
    try client.startCreate(
      1, ["words": "60", "rate": "200"], halley: #"{"on_disconnect":"finish"}"#)
    try client.awaitText(1)
    client.close()
    try Wait.until("the answer to end") { try simulator.count("active_streams") == 0 }
    #expect(try simulator.count("cancelled_streams") == 0)
    try Wait.until("the response to end") {
      try daemon.status()["responses"]?.elements.isEmpty == true
    }
  }

  @Test func `a hang-up leaves the requests of other clients alone`() throws {
    let leaving = try daemon.connect()
    let staying = try daemon.connect()
    try leaving.startCreate(1, ["endless": "deltas", "event_delay_ms": "5"])
    try staying.startCreate(1, ["words": "30", "rate": "200"])
    try leaving.awaitText(1)
    leaving.close()
    #expect(try staying.answer(1).status == "completed")
  }

  @Test func `five hundred clients at once are all served`() throws {
    let clients = try (0..<500).map { _ in try daemon.connect() }
    for client in clients { try client.request(1, "daemon.ping") }
    for client in clients { #expect(try client.answer(1).result?.text == "{}") }
  }
}
