import JSON
import TestSupport
import Testing

@Suite struct LimitTests {
  private let simulator: Simulator

  init() throws { simulator = try Simulator() }

  private func daemon(_ limits: String, upstream: String = "") throws -> DaemonProcess {
    try DaemonProcess(simulator, upstream: upstream, rest: "[limits]\n\(limits)")
  }

  private func line(_ bytes: Int) -> String {
    let frame = #"{"id":1,"method":"daemon.ping","params":{"x":""}}"#
    return frame.replacing(
      #""""#, with: "\"\(String(repeating: "a", count: bytes - frame.utf8.count))\"")
  }

  // MARK: One line

  @Test func `a line beyond the limit is answered, and nothing behind it is executed`() throws {
    let daemon = try daemon("line = \"4KiB\"")
    let client = try daemon.connect()
    let create = #"{"id":2,"method":"responses.create","params":{"input":"Hi"}}"#
    try client.send(Array((line(5000) + "\n" + create + "\n").utf8))
    let message = try #require(try client.message())
    #expect(message["error"]?["code"]?.integer == -32600)
    #expect(message["error"]?["data"]?["code"]?.string == "too_large")
    #expect(message["error"]?["data"]?["limit"]?.integer == 4096)
    #expect(try client.isClosedByDaemon())
    #expect(try simulator.count("creates") == 0)
  }

  @Test func `an overlong line without an end is answered before it ends`() throws {
    let client = try daemon("line = \"4KiB\"").connect()
    try client.send(Array(line(5000).utf8))
    #expect(try client.message()?["error"]?["data"]?["code"]?.string == "too_large")
    #expect(try client.isClosedByDaemon())
  }

  @Test func `a line of exactly the limit is read`() throws {
    let client = try daemon("line = \"4KiB\"").connect()
    try client.send(line(4096))
    #expect(try client.message()?["error"]?["data"]?["code"]?.string == "invalid_params")
    try client.send(line(4097))
    #expect(try client.message()?["error"]?["data"]?["code"]?.string == "too_large")
  }

  @Test func `requests before an overlong line are still answered`() throws {
    let client = try daemon("line = \"4KiB\"").connect()
    try client.startCreate(1, ["words": "10", "rate": "100"])
    try client.send(line(5000))
    #expect(try client.answer(1).status == "completed")
  }

  @Test(arguments: [
    ("depth = 8", String(repeating: "[", count: 8) + String(repeating: "]", count: 8), "too_deep"),
    (
      "nodes = 32", "[" + [String](repeating: "0", count: 32).joined(separator: ",") + "]",
      "too_complex"
    ),
    ("key = \"64B\"", "{\"" + String(repeating: "k", count: 65) + "\":1}", "too_large"),
    ("number = 20", String(repeating: "9", count: 21), "too_large"),
  ])
  func `JSON beyond a limit is refused with the limit's own code`(
    _ limit: String, _ value: String, _ code: String
  ) throws {
    let client = try daemon(limit).connect()
    try client.send(#"{"id":1,"method":"daemon.ping","params":{"x":\#(value)}}"#)
    let error = try #require(try client.message()?["error"])
    #expect(error["code"]?.integer == -32600)
    #expect(error["data"]?["code"]?.string == code)
    #expect(try client.call(2, "daemon.ping").error == nil)
  }

  @Test(arguments: [
    (String(repeating: "[", count: 200) + String(repeating: "]", count: 200), "too_deep"),
    ("[" + [String](repeating: "0", count: 250_000).joined(separator: ",") + "]", "too_complex"),
    ("{\"" + String(repeating: "k", count: 1025) + "\":1}", "too_large"),
    (String(repeating: "9", count: 65), "too_large"),
  ])
  func `the limits hold without a configuration`(_ value: String, _ code: String) throws {
    let client = try DaemonProcess(simulator).connect()
    try client.send(#"{"id":1,"method":"daemon.ping","params":{"x":\#(value)}}"#)
    #expect(try client.message()?["error"]?["data"]?["code"]?.string == code)
  }

  @Test func `all input buffers together keep to their limit`() throws {
    let daemon = try daemon("line = \"1MiB\"\nbuffers = \"2MiB\"")
    let clients = try (0..<4).map { _ in try daemon.connect() }
    let part = [UInt8](repeating: UInt8(ascii: " "), count: 900_000)
    for client in clients.prefix(2) { try client.send(part) }
    try Wait.until("both parts to be read") {
      try daemon.status()["clients"]?["input_buffer_bytes"]?.integer == 1_800_000
    }
    try clients[2].send(part.prefix(400_000))
    let message = try #require(try clients[2].message())
    #expect(message["error"]?["data"]?["code"]?.string == "overloaded")
    #expect(try clients[3].call(1, "daemon.ping").result?.text == "{}")
  }

  // MARK: Connections and requests

  @Test func `a connection beyond the limit is told so and closed`() throws {
    let daemon = try daemon("connections = 3")
    let first = try daemon.connect()
    try Wait.until("the earlier connection to be gone") {
      try first.call(1, "daemon.status").result?["clients"]?["connected"]?.integer == 1
    }
    let clients = [first] + (try (0..<2).map { _ in try daemon.connect() })
    for client in clients { _ = try client.call(1, "daemon.ping") }
    let refused = try daemon.connect()
    let message = try #require(try refused.message())
    #expect(message["id"]?.isNull == true)
    #expect(message["error"]?["code"]?.integer == -32001)
    #expect(message["error"]?["data"]?["code"]?.string == "overloaded")
    #expect(message["error"]?["data"]?["retryable"]?.boolean == true)
    #expect(message["error"]?["data"]?["retry_after_ms"]?.integer != nil)
    #expect(try refused.isClosedByDaemon())
    clients[1].close()
    try Wait.until("a place to be free") {
      let next = try daemon.connect()
      do { return try next.call(1, "daemon.ping").error == nil } catch { return false }
    }
    for client in [clients[0], clients[2]] { _ = try client.call(2, "daemon.ping") }
  }

  @Test func `requests beyond a connection's limit are refused and the others go on`() throws {
    let daemon = try daemon("requests_per_connection = 2")
    let client = try daemon.connect()
    for id in 1...2 { try client.startCreate(id, ["words": "20", "rate": "100"]) }
    let refused = try client.create(3)
    #expect(refused.errorNumber == -32001)
    #expect(refused.errorCode == "overloaded")
    #expect(refused.errorData?["retry_after_ms"]?.integer != nil)
    for id in 1...2 { #expect(try client.answer(id).status == "completed") }
    #expect(try client.create(3).status == "completed")
  }

  @Test func `responses beyond a user's limit are refused on every connection`() throws {
    let daemon = try daemon("requests = 2")
    let clients = try (0..<3).map { _ in try daemon.connect() }
    for client in clients.prefix(2) {
      try client.startCreate(1, ["stall": "after_events:5"])
      try client.awaitText(1)
    }
    let refused = try clients[2].create(1)
    #expect(refused.errorCode == "overloaded")
    #expect(refused.errorData?["retry_after_ms"]?.integer != nil)
    clients[0].close()
    try Wait.until("a place to be free") { try clients[2].create(1).status == "completed" }
  }

  @Test func `requests wait for an upstream in their order, and no longer line than allowed`()
    throws
  {
    let daemon = try daemon("queue = 1", upstream: "max_concurrent = 1")
    let client = try daemon.connect()
    try client.startCreate(1, ["words": "20", "rate": "50"])
    try client.awaitText(1)
    try client.startCreate(2, ["text": "Second."])
    try Wait.until("the second to wait") {
      try daemon.status()["upstreams"]?.elements.first?["queued"]?.integer == 1
    }
    let refused = try client.create(3)
    #expect(refused.errorCode == "overloaded")
    #expect(try client.answer(1).status == "completed")
    #expect(try client.answer(2).text == "Second.")
  }
}
