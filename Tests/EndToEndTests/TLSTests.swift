import JSON
import TestSupport
import Testing

@Suite struct TLSTests {
  private let simulator: Simulator

  init() throws { simulator = try Simulator(isSecure: true) }

  @Test func `an answer streams over TLS`() throws {
    let daemon = try DaemonProcess(simulator)
    let answer = try daemon.connect().create(1, ["text": "Secret."])
    #expect(answer.streamedText == "Secret.")
    #expect(answer.status == "completed")
  }

  @Test func `SSLKEYLOGFILE has no effect`() throws {
    let scratch = try Scratch()
    let file = "\(scratch.path)/secrets"
    let daemon = try DaemonProcess(simulator, environment: ["SSLKEYLOGFILE": file])
    #expect(try daemon.connect().create(1).status == "completed")
    #expect(TextFile.mode(of: file) == nil)
  }

  @Test func `requests on a warm pool send no handshake`() throws {
    let daemon = try DaemonProcess(simulator, upstream: "prewarm = false")
    let client = try daemon.connect()
    for id in 1...10 { #expect(try client.create(id).status == "completed") }
    #expect(try simulator.handshakes() == 1)
  }

  @Test func `answers that are not streamed leave the connection warm too`() throws {
    let daemon = try DaemonProcess(simulator, upstream: "prewarm = false")
    let client = try daemon.connect()
    for id in 1...5 {
      #expect(try client.create(id, stream: false).status == "completed")
      #expect(try client.create(id, ["status": "400"]).errorCode == "upstream_http")
    }
    #expect(try simulator.handshakes() == 1)
  }

  @Test func `a client that connects has the connection opened`() throws {
    let daemon = try DaemonProcess(simulator)
    let client = try daemon.connect()
    try Wait.until("the upstream to be greeted") {
      try simulator.requests().contains { $0["method"]?.string == "HEAD" }
    }
    #expect(try client.create(1).status == "completed")
    #expect(try simulator.handshakes() == 1)
  }

  @Test func `the greeting carries no key`() throws {
    let daemon = try DaemonProcess(
      simulator, upstream: "api_key = { env = \"SIMULATOR_KEY\" }",
      environment: ["SIMULATOR_KEY": "sk-greeting"])
    let client = try daemon.connect()
    try Wait.until("the upstream to be greeted") {
      try simulator.requests().contains { $0["method"]?.string == "HEAD" }
    }
    let greeting = try #require(
      try simulator.requests().first { $0["method"]?.string == "HEAD" })
    let names = greeting["headers"]?.elements.compactMap { $0.elements.first?.string?.lowercased() }
    #expect(names?.contains("authorization") == false)
    client.close()
  }

  @Test func `without prewarm a client's connecting opens nothing`() throws {
    let daemon = try DaemonProcess(simulator, upstream: "prewarm = false")
    let client = try daemon.connect()
    // Longer than the daemon would wait before it greets.
    for id in 1...50 { _ = try client.call(id, "daemon.ping") }
    try Wait.until("a tenth of a second of uptime") {
      try client.call(1, "daemon.status").result?["uptime_s"]?.integer ?? 0 >= 1
    }
    #expect(try simulator.handshakes() == 0)
  }

  @Test func `a certificate that nobody vouches for is refused`() throws {
    let scratch = try Scratch()
    let other = try Certificate(in: scratch)
    let daemon = try DaemonProcess(
      """
      default_upstream = "simulator"
      [upstreams.simulator]
      base_url = "\(simulator.baseURL)"
      api_key = { none = true }
      max_retries = 0
      ca_file = "\(other.path)"
      """)
    let answer = try daemon.connect().create(1)
    #expect(answer.errorNumber == -32011)
    #expect(answer.errorCode == "upstream_unreachable")
    #expect(answer.errorData?["phase"]?.string == "tls")
    #expect(try simulator.requests().allSatisfy { $0["path"]?.string != "/v1/responses" })
    withExtendedLifetime(scratch) {}
  }

  @Test func `the system's authorities are asked where no others are named`() throws {
    let daemon = try DaemonProcess(
      """
      default_upstream = "simulator"
      [upstreams.simulator]
      base_url = "\(simulator.baseURL)"
      api_key = { none = true }
      max_retries = 0
      """)
    #expect(try daemon.connect().create(1).errorData?["phase"]?.string == "tls")
  }

  @Test func `a certificate for another name is refused`() throws {
    let scratch = try Scratch()
    let other = try Certificate(in: scratch, subject: "DNS:localhost")
    let upstream = try Simulator(arguments: [
      "--certificate", other.path, "--private-key", other.keyPath,
    ])
    let daemon = try DaemonProcess(
      """
      default_upstream = "simulator"
      [upstreams.simulator]
      base_url = "\(upstream.baseURL)"
      api_key = { none = true }
      max_retries = 0
      ca_file = "\(other.path)"
      """)
    let answer = try daemon.connect().create(1)
    #expect(answer.errorData?["phase"]?.string == "tls", "\(answer.message.text)")
    withExtendedLifetime((scratch, upstream)) {}
  }

  @Test func `a hang-up closes the upstream's connection over TLS`() throws {
    let daemon = try DaemonProcess(simulator)
    let client = try daemon.connect()
    try client.startCreate(1, ["endless": "deltas", "event_delay_ms": "5"])
    try client.awaitText(1)
    client.close()
    try Wait.until("the upstream's connection to close") {
      try simulator.count("cancelled_streams") == 1
    }
  }
}
