import JSON
import TestSupport
import Testing

@Suite struct UnreachableUpstreamTests {
  private func daemon(_ url: String, _ lines: String = "max_retries = 0") throws -> DaemonProcess {
    try DaemonProcess(
      """
      default_upstream = "away"
      [upstreams.away]
      base_url = "\(url)"
      api_key = { none = true }
      \(lines)
      """)
  }

  @Test func `a refused connection is unreachable in phase connect`() throws {
    let port = try DeafPort(listens: false)
    let answer = try daemon("http://127.0.0.1:\(port.port)/v1").connect().create(1)
    #expect(answer.errorNumber == -32011)
    #expect(answer.errorCode == "upstream_unreachable")
    #expect(answer.errorData?["phase"]?.string == "connect")
    #expect(answer.errorData?["retryable"]?.boolean == true)
  }

  @Test func `a handshake that gets no answer is a timeout in phase connect`() throws {
    let port = try DeafPort(listens: true)
    let daemon = try daemon(
      "https://127.0.0.1:\(port.port)/v1",
      "max_retries = 0\nconnect_timeout = \"300ms\"\nprewarm = false")
    let answer = try daemon.connect().create(1)
    #expect(answer.errorNumber == -32012)
    #expect(answer.errorCode == "upstream_timeout")
    #expect(answer.errorData?["phase"]?.string == "connect")
  }

  @Test func `an upstream that fell silent is left alone for a while`() throws {
    let port = try DeafPort(listens: false)
    let daemon = try daemon("http://127.0.0.1:\(port.port)/v1")
    let client = try daemon.connect()
    for id in 1...5 {
      #expect(try client.create(id).errorCode == "upstream_unreachable")
    }
    let refused = try client.create(6)
    #expect(refused.errorNumber == -32015)
    #expect(refused.errorCode == "upstream_circuit_open")
    #expect(refused.errorData?["retry_after_ms"]?.integer.map { $0 > 0 } == true)
    let breaker = try daemon.status()["upstreams"]?.elements.first?["breaker"]?.string
    #expect(breaker == "open")
  }

  @Test func `what the request did wrong does not open the breaker`() throws {
    let simulator = try Simulator()
    let daemon = try DaemonProcess(simulator, upstream: "max_retries = 0")
    let client = try daemon.connect()
    for id in 1...30 { _ = try client.create(id, ["status": "400"]) }
    #expect(try client.create(31).status == "completed")
  }

  @Test func `a dead upstream is found again when it is back`() throws {
    let first = try Simulator()
    let daemon = try DaemonProcess(first, upstream: "max_retries = 0")
    let client = try daemon.connect()
    #expect(try client.create(1).status == "completed")
    let address = first.address
    try first.stop()
    #expect(try client.create(2).error != nil)
    let second = try Simulator(arguments: ["--listen", address])
    #expect(try client.create(3).status == "completed")
    #expect(try second.count("creates") == 1)
  }
}
