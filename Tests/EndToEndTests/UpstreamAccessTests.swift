import JSON
import TestSupport
import Testing

/// Sockets, certificates, queries, and keys of other kinds.
@Suite struct UpstreamAccessTests {
  private let simulator: Simulator
  private let scratch: Scratch

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
  }

  private func daemon(_ lines: String) throws -> DaemonProcess {
    try DaemonProcess(
      """
      default_upstream = "u"
      [cache]
      enabled = false
      [upstreams.u]
      max_retries = 0
      \(lines)
      """)
  }

  @Test func `a server on a Unix socket is asked without a key, over a connection each`() throws {
    let relay = try Relay(["unix", "\(scratch.path)/llama.sock", simulator.address])
    let daemon = try daemon("base_url = \"unix:\(relay.place)?a=1\"")
    let client = try daemon.connect()
    for id in 1...2 { #expect(try client.create(id).status == "completed") }
    #expect(try client.call(3, "models.list").error == nil)
    let paths = try simulator.requests().compactMap { $0["path"]?.string }
      .filter { $0.hasPrefix("/v1/") }
    #expect(paths == ["/v1/responses?a=1", "/v1/responses?a=1", "/v1/models?a=1"])
    let told = try (1...6).map { _ in try relay.nextLine() }.sorted()
    #expect(told == ["TAKEN ", "TAKEN ", "TAKEN ", "clean", "clean", "clean"])
    #expect(
      try daemon.status()["upstreams"]?.elements.first?["base_url"]?.string?.contains("?") == false)
  }

  @Test func `a cancelled request leaves its Unix socket`() throws {
    let relay = try Relay(["unix", "\(scratch.path)/llama.sock", simulator.address])
    let client = try daemon("base_url = \"unix:\(relay.place)\"").connect()
    try client.startCreate(1, ["endless": "deltas", "event_delay_ms": "5"])
    try client.awaitText(1)
    client.close()
    try Wait.until("the upstream's connection to close") {
      try simulator.count("cancelled_streams") == 1
    }
  }

  @Test func `a socket that is not there is unreachable`() throws {
    let answer = try daemon("base_url = \"unix:\(scratch.path)/none.sock\"").connect().create(1)
    #expect(answer.errorCode == "upstream_unreachable")
    #expect(answer.errorData?["phase"]?.string == "connect")
    #expect(
      answer.error?["message"]?.string
        == "no connection to the socket \(scratch.path)/none.sock: No such file or directory")
  }

  @Test func `a query and a header of its own carry what the upstream asks for`() throws {
    let key = try scratch.write("key", "sk-relayed")
    let daemon = try daemon(
      """
      base_url = "\(simulator.baseURL)?api-version=2026-01"
      api_key = { file = "\(key)" }
      key_header = "api-key"
      """)
    #expect(try daemon.connect().create(1).status == "completed")
    let request = try #require(try simulator.requests().last)
    #expect(request["path"]?.string == "/v1/responses?api-version=2026-01")
    let headers = request["headers"]?.elements.map { $0.elements.compactMap(\.string) } ?? []
    #expect(headers.contains { $0.first?.lowercased() == "api-key" && $0.last == "sk-relayed" })
    #expect(!headers.contains { $0.first?.lowercased() == "authorization" })
  }

  @Test func `an upstream that asks for a certificate gets it`() throws {
    let server = try Certificate(in: scratch, name: "server")
    let client = try Certificate(in: scratch, name: "client")
    let relay = try Relay(["mutual", server.path, server.keyPath, client.path, simulator.address])
    let upstream = """
      base_url = "https://127.0.0.1:\(relay.place)/v1"
      ca_file = "\(server.path)"
      api_key = { none = true }
      prewarm = false

      """
    #expect(try daemon(upstream).connect().create(1).status == nil)
    let certificate = "client_certificate = \"\(client.path)\"\nclient_key = \"\(client.keyPath)\""
    #expect(try daemon(upstream + certificate).connect().create(1).status == "completed")
    #expect(try relay.nextLine() == "TAKEN halley test")
    let readable = try scratch.write("open.key", "any", mode: 0o644)
    let open = "client_certificate = \"\(client.path)\"\nclient_key = \"\(readable)\""
    let refused = try daemon(upstream + open).connect().create(1)
    #expect(refused.errorCode == "config")
    #expect(refused.error?["message"]?.string?.contains("may be read or written by others") == true)
  }

  @Test func `requests go on with the key that is there while the next one is fetched`() throws {
    let (runs, gate) = ("\(scratch.path)/runs", "\(scratch.path)/gate")
    let program = try scratch.write(
      "token",
      """
      #!/bin/sh
      echo >> \(runs)
      [ $(wc -l < \(runs)) = 1 ] || until [ -e \(gate) ]; do sleep 0.02; done
      echo sk-key
      """, mode: 0o700)
    let client = try daemon(
      """
      base_url = "\(simulator.baseURL)"
      api_key = { command = ["\(program)"], refresh = "10s" }
      """
    ).connect()
    var id = 0
    try Wait.until("the second run") {
      id += 1
      #expect(try client.create(id).status == "completed")
      return try TextFile.text(runs).count == 2
    }
    #expect(try client.create(id + 1).status == "completed")
    try scratch.write("gate", "")
  }

  @Test func `a key that has come of age is fetched again`() throws {
    let program = try scratch.write(
      "token",
      "#!/bin/sh\necho x >> \(scratch.path)/runs\necho sk-$(tr -d '\\n' < \(scratch.path)/runs)\n",
      mode: 0o700)
    let client = try daemon(
      """
      base_url = "\(simulator.baseURL)"
      api_key = { command = ["\(program)"], refresh = "1s" }
      """
    ).connect()
    var id = 0
    var keys: Set<String> = []
    try Wait.until("a second key") {
      id += 1
      #expect(try client.create(id).status == "completed")
      let headers = try simulator.requests().last?["headers"]?.elements ?? []
      for header in headers.map({ $0.elements.compactMap(\.string) })
      where header.first?.lowercased() == "authorization" {
        keys.insert(header.last ?? "")
      }
      return keys.count >= 2
    }
    // The simulator tells of a key no more than the length of its field: "Bearer sk-x", then one more.
    #expect(keys == ["(11 bytes)", "(12 bytes)"])
  }
}
