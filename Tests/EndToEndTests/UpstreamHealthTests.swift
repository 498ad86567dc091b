import JSON
import TestSupport
import Testing

/// An upstream that fails and comes back.
@Suite struct UpstreamHealthTests {
  private let scratch: Scratch
  private let keyFile: String

  init() throws {
    scratch = try Scratch()
    keyFile = try scratch.write("key", "sk-of-the-start-1\n")
  }

  private func breaker(_ daemon: DaemonProcess) throws -> String? {
    try daemon.status()["upstreams"]?.elements.first?["breaker"]?.string
  }

  /// A daemon that found nobody at a port often enough.
  private func openBreaker(_ port: DeafPort) throws -> DaemonProcess {
    let daemon = try DaemonProcess(
      """
      default_upstream = "away"
      [cache]
      enabled = false
      [upstreams.away]
      base_url = "http://127.0.0.1:\(port.port)/v1"
      api_key = { file = "\(keyFile)" }
      max_retries = 0
      """)
    let client = try daemon.connect()
    for id in 1...5 { #expect(try client.create(id).errorCode == "upstream_unreachable") }
    #expect(try breaker(daemon) == "open")
    let refused = try client.create(6)
    #expect(refused.errorCode == "upstream_circuit_open")
    let wait = try #require(refused.errorData?["retry_after_ms"]?.integer)
    #expect(1...15_000 ~= wait)
    return daemon
  }

  @Test func `an upstream that is back is asked with the key and used at once`() throws {
    var port: DeafPort? = try DeafPort(listens: false)
    let address = try "127.0.0.1:\(#require(port).port)"
    let daemon = try openBreaker(try #require(port))
    port = nil
    let simulator = try Simulator(arguments: ["--listen", address, "--key", "sk-of-the-start-1"])
    try Wait.until("the upstream to be asked") { try breaker(daemon) != "open" }
    let request = try #require(try simulator.requests().first)
    #expect(request["method"]?.string == "GET")
    #expect(request["path"]?.string == "/v1/models")
    #expect(request["authorized"]?.boolean == true)
    #expect(try simulator.count("creates") == 0)
    #expect(try daemon.connect().create(1).status == "completed")
    #expect(try breaker(daemon) == "closed")
  }

  @Test func `a try that leaves without a call does not keep others away`() throws {
    var port: DeafPort? = try DeafPort(listens: false)
    let address = try "127.0.0.1:\(#require(port).port)"
    let daemon = try openBreaker(try #require(port))
    port = nil
    let simulator = try Simulator(arguments: ["--listen", address])
    try Wait.until("the upstream to be asked") { try breaker(daemon) != "open" }
    let client = try daemon.connect()
    try scratch.write("key", "not a key\n")
    #expect(try client.call(1, "daemon.reload").error == nil)
    for id in 2...4 { #expect(try client.create(id).errorCode == "config") }
    try scratch.write("key", "sk-of-the-start-1\n")
    #expect(try client.create(5).status == "completed")
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `a client that hangs up while the key is fetched keeps nobody away`() throws {
    let simulator = try Simulator()
    let gate = "\(scratch.path)/gate"
    let program = try scratch.write(
      "command",
      """
      #!/bin/sh
      touch \(gate).asked
      until [ -e \(gate) ]; do sleep 0.02; done
      echo k-1
      """, mode: 0o700)
    let daemon = try DaemonProcess(
      simulator, upstream: "api_key = { command = [\"\(program)\"] }\nmax_concurrent = 1")
    let first = try daemon.connect()
    try first.startCreate(1)
    try Wait.until("the command to run") { TextFile.mode(of: "\(gate).asked") != nil }
    first.close()
    let second = try daemon.connect()
    try second.startCreate(2)
    try scratch.write("gate", "")
    #expect(try second.answer(2).status == "completed")
    #expect(try simulator.count("creates") == 1)
  }
}
