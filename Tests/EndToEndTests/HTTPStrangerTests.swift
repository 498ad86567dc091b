import Glibc
import JSON
import Testing
import TestSupport

/// Who comes over TCP and shows no token takes nobody's place.
@Suite struct HTTPStrangerTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess
  private let addresses: [String]
  private let token: String

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(
      simulator,
      rest: """
        [http]
        listen = ["127.0.0.1:0", "127.0.0.2:0"]
        [limits]
        connections = 3
        """)
    let client = try daemon.connect()
    let info = try client.call(1, "http.info").result
    addresses = info?["listening"]?.elements.compactMap { $0["address"]?.string } ?? []
    let made = try client.call(2, "tokens.create", #"{"name":"zed"}"#)
    token = try #require(made.result?["token"]?.string)
  }

  private var address: String { addresses[0] }

  /// A request of HTTP/1.1 without a body.
  private func get(_ path: String, _ fields: String..., host: String? = nil) -> String {
    (["GET \(path) HTTP/1.1", "Host: \(host ?? address)"] + fields + ["", ""])
      .joined(separator: "\r\n")
  }

  private var bearer: String { "Authorization: Bearer \(token)" }

  private func status(_ request: String) throws -> Int? {
    Int(try LoopbackConnection(address).exchange(request).dropFirst(9).prefix(3))
  }

  private func hold() throws -> LoopbackConnection {
    let connection = try LoopbackConnection(address)
    try connection.send(get("/healthz"))
    _ = try connection.read(until: #"{"status":"ok"}"#)
    return connection
  }

  @Test func `whoever holds all places without a token gives them to others`() throws {
    let held = try (0..<3).map { _ in try hold() }
    let known = try (0..<3).map { _ in
      let connection = try LoopbackConnection(address)
      try connection.send(get("/v1/responses/none", bearer))
      _ = try connection.read(until: "}}")
      return connection
    }
    #expect(try held.map { try $0.rest() } == ["", "", ""])
    #expect(try LoopbackConnection(address).rest().hasPrefix("HTTP/1.1 429 "))
    #expect(try daemon.connectByHTTP().ask("GET", "/v1/models").status == 200)
    try known[0].send(get("/healthz", "Connection: close"))
    #expect(try known[0].rest().hasPrefix("HTTP/1.1 200 "))
  }

  @Test func `a stranger is not kept after an answer`() throws {
    let stranger = try hold()
    let known = try daemon.connectByHTTP()
    #expect(try known.ask("GET", "/healthz").status == 200)
    let begin = ContinuousClock.now
    #expect(try stranger.rest() == "")
    #expect(ContinuousClock.now - begin < .seconds(25))
    #expect(try known.ask("GET", "/healthz").status == 200)
  }

  @Test func `a host is any address of the face, or localhost with one of its ports`() throws {
    let ports = addresses.compactMap { $0.split(separator: ":").last }
    for host in addresses + ports.map({ "localhost:\($0)" }) {
      #expect(try status(get("/v1/models", bearer, "Connection: close", host: host)) == 200)
    }
    for host in ["localhost", "127.0.0.1", "127.0.0.3:\(ports[0])", "evil.example:\(ports[0])"] {
      #expect(try status(get("/v1/models", bearer, "Connection: close", host: host)) == 403)
    }
  }

  @Test func `a request without a host is none, also of HTTP 1 point 0`() throws {
    for version in ["1.0", "1.1"] {
      let request = "GET /healthz HTTP/\(version)\r\nConnection: close\r\n"
      #expect(try status(request + "\r\n") == 400)
      #expect(try status(request + "Host: \(address)\r\n\r\n") == 200)
      let client = try daemon.connectByHTTP()
      try client.send(request + "\r\n")
      #expect(try client.answer().status == 400)
    }
  }

  @Test func `of several places that a request comes from none is the face's own`() throws {
    let own = "http://\(address)"
    for fields in [
      ["Referer: \(own)/"], ["Origin: \(own)"], ["Origin: \(own)", "Referer: \(own)/#a"],
    ] {
      #expect(try status(get("/v1/models", fields.joined(separator: "\r\n"), bearer, close)) == 200)
    }
    for fields in [
      ["Referer: \(own)/", "Referer: http://evil.example/"],
      ["Referer: \(own)/, http://evil.example/"], ["Referer: \(own)/", "Referer: \(own)/"],
      ["Origin: \(own)", "Origin: http://evil.example"], ["Origin: \(own), http://evil.example"],
      ["Origin: \(own)", "Origin: \(own)"], ["Referer: \(own).evil.example/"],
    ] {
      #expect(try status(get("/v1/models", fields.joined(separator: "\r\n"), bearer, close)) == 403)
    }
  }

  private var close: String { "Connection: close" }

  @Test func `either header will do`() throws {
    for other in ["Basic eDp5", "Bearer sk-other", "Bearer", ""] {
      let fields = ["Authorization: \(other)", "api-key: \(token)", close]
      #expect(try status(get("/v1/models", fields.joined(separator: "\r\n"))) == 200, "\(other)")
    }
    #expect(try status(get("/v1/models", bearer, "api-key: other", close)) == 200)
    #expect(try status(get("/v1/models", "Authorization: Basic eDp5", "api-key: x", close)) == 401)
  }

  @Test func `a token that is revoked while a body comes is refused at its end`() throws {
    let body = HTTPStage.body()
    let connection = try LoopbackConnection(address)
    try connection.send(
      "POST /v1/responses HTTP/1.1\r\nHost: \(address)\r\n\(bearer)\r\nExpect: 100-continue\r\n"
        + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
    _ = try connection.read(until: "\r\n\r\n")
    let revoked = try daemon.connect().call(3, "tokens.revoke", #"{"name":"zed"}"#)
    #expect(revoked.error == nil)
    try connection.send(body)
    #expect(try connection.rest().hasPrefix("HTTP/1.1 401 "))
    #expect(try simulator.count("creates") == 0)
  }

  @Test func `what a daemon left that was killed is gone where there is no face`() throws {
    let path = daemon.httpSocketPath
    try daemon.kill()
    #expect(TextFile.mode(of: path) != nil)
    let next = try DaemonProcess(simulator, scratch: daemon.scratch)
    #expect(try next.connect().call(1, "daemon.ping").error == nil)
    #expect(TextFile.mode(of: path) == nil)
    #expect(try next.stop().status == 0)
    let again = try DaemonProcess(
      simulator, rest: "[http]\nlisten = [\"127.0.0.1:0\"]", scratch: daemon.scratch)
    #expect(try again.connectByHTTP().ask("GET", "/healthz").status == 200)
  }
}
