import JSON
import TestSupport
import Testing

/// Upstreams behind proxies.
@Suite struct ProxyTests {
  private let simulator: Simulator
  private let scratch: Scratch
  private let secrets: String

  init() throws {
    simulator = try Simulator(isSecure: true)
    scratch = try Scratch()
    let key = try scratch.write("key", "sk-relayed")
    let password = try scratch.write("proxy", "me:pass:word")
    secrets = """
      api_key = { file = "\(key)" }
      max_retries = 2
      prewarm = false

      """
    proxyAuth = "proxy_auth = { file = \"\(password)\" }\n"
  }

  private let proxyAuth: String

  private func daemon(
    _ lines: String, top: String = "", environment: [String: String] = [:]
  ) throws -> DaemonProcess {
    let whole = DaemonProcess.configuration(simulator, upstream: secrets + lines)
    return try DaemonProcess(top + "\n" + whole, environment: environment)
  }

  @Test(arguments: ["http", "https", "socks5h"])
  func `a proxy makes a tunnel for who it knows, and sees no key`(_ scheme: String) throws {
    var arguments = [scheme, "me:pass:word"]
    if scheme == "https" {
      let certificate = try #require(simulator.authority)
      let key = certificate.dropLast(3) + "key"
      arguments = [scheme, certificate, String(key)]
    }
    let relay = try Relay(arguments)
    let daemon = try daemon("proxy = \"\(scheme)://127.0.0.1:\(relay.place)\"\n\(proxyAuth)")
    let client = try daemon.connect()
    for id in 1...3 { #expect(try client.create(id).status == "completed") }
    let method = scheme == "socks5h" ? "SOCKS" : "CONNECT"
    #expect(try relay.nextLine() == "\(method) \(simulator.address) me:pass:word")
    client.close()
    _ = try daemon.stop()
    #expect(try relay.nextLine() == "clean")
  }

  @Test func `a password that the proxy refuses is told, and read again`() throws {
    let relay = try Relay(["http", "me:new"])
    let url = "http://127.0.0.1:\(relay.place)"
    let daemon = try daemon("proxy = \"\(url)\"\n\(proxyAuth)")
    let client = try daemon.connect()
    let refused = try client.create(1)
    #expect(refused.errorCode == "upstream_unreachable")
    #expect(refused.errorData?["phase"]?.string == "proxy")
    #expect(refused.errorData?["proxy"]?.string == url)
    #expect(refused.errorData?["http_status"]?.integer == 407)
    #expect(refused.errorData?["retryable"]?.boolean == false)
    #expect(refused.error?["message"]?.string?.contains(url) == true)
    #expect(!refused.message.text.contains("pass:word"))
    #expect(try relay.nextLine().hasSuffix("me:pass:word"))
    try scratch.write("proxy", "me:new\n")
    #expect(try client.create(2).status == "completed")
    #expect(try relay.nextLine().hasSuffix("me:new"))
  }

  @Test func `a host that the proxy forbids is not asked for again`() throws {
    let relay = try Relay(["refusing", "403"])
    let client = try daemon("proxy = \"http://127.0.0.1:\(relay.place)\"").connect()
    let answer = try client.create(1)
    #expect(answer.errorCode == "upstream_unreachable")
    #expect(answer.errorData?["http_status"]?.integer == 403)
    #expect(try relay.nextLine() == "CONNECT \(simulator.address) nobody")
    _ = try client.create(2)
    #expect(try relay.nextLine() == "CONNECT \(simulator.address) nobody")
    #expect(try simulator.bodies().isEmpty)
  }

  @Test func `a proxy that is not there is named`() throws {
    let url = "http://127.0.0.1:\(try DeafPort(listens: false).port)"
    let answer = try daemon("max_concurrent = 1\nproxy = \"\(url)\"").connect().create(1)
    #expect(answer.errorCode == "upstream_unreachable")
    #expect(answer.errorData?["phase"]?.string == "proxy")
    #expect(answer.errorData?["proxy"]?.string == url)
  }

  /// What a proxy says to the first that it hears, as its kind, its words and what it does then.
  private static let failures = [
    ("http", "", "hold"), ("http", "", "close"), ("http", "220 mail\r\n\r\n", "close"),
    ("http", "HTTP/1.1 200 Soon\r\nx-y: ", "hold"), ("http", "HTTP/1.1 200 Soon\r\n", "close"),
    ("http", "HTTP/1.1 502 Bad\r\nContent-Length: 9\r\n\r\n", "hold"),
    ("https", "", "hold"), ("https", "", "close"), ("https", "220 mail\r\n", "close"),
    ("socks5h", "", "hold"), ("socks5h", "", "close"), ("socks5h", "220 mail\r\n", "hold"),
    ("socks5h", "\u{5}\u{0}", "hold"), ("socks5h", "\u{5}\u{0}", "close"),
    ("socks5h", "\u{5}\u{FF}", "hold"), ("socks5h", "\u{5}\u{0}\u{5}\u{4}\u{0}\u{1}", "close"),
  ]

  @Test(arguments: failures)
  func `whatever a proxy fails by is told as the proxy's`(
    _ scheme: String, _ words: String, _ end: String
  ) throws {
    let relay = try Relay(["saying", words, end])
    try expectFailure(of: "\(scheme)://127.0.0.1:\(relay.place)")
  }

  @Test(arguments: ["http", "https", "socks5h"])
  func `a proxy without a name or a listener is told as one`(_ scheme: String) throws {
    try expectFailure(of: "\(scheme)://proxy.invalid:3128")
    try expectFailure(of: "\(scheme)://127.0.0.1:\(try DeafPort(listens: false).port)")
  }

  private func expectFailure(of url: String) throws {
    let lines = "connect_timeout = \"400ms\"\nmax_concurrent = 1\nproxy = \"\(url)\""
    let text = DaemonProcess.configuration(simulator, upstream: secrets + lines)
      .replacing("max_retries = 2", with: "max_retries = 0")
    let answer = try DaemonProcess(text).connect().create(1)
    #expect(answer.errorCode == "upstream_unreachable")
    #expect(answer.errorData?["phase"]?.string == "proxy")
    #expect(answer.errorData?["proxy"]?.string == url)
  }

  @Test(arguments: ["http", "https", "socks5h"])
  func `a server that fails behind a proxy is not taken for it`(_ scheme: String) throws {
    let certificate = try #require(simulator.authority)
    let files = scheme == "https" ? [certificate, certificate.dropLast(3) + "key"] : []
    let relay = try Relay([scheme] + files)
    let deaf = try DeafPort(listens: true)
    let lines = """
      connect_timeout = "400ms"
      proxy = "\(scheme)://127.0.0.1:\(relay.place)"
      """
    let text = DaemonProcess.configuration(simulator, upstream: secrets + lines)
      .replacing("max_retries = 2", with: "max_retries = 0")
      .replacing(simulator.address, with: "127.0.0.1:\(deaf.port)")
    let answer = try DaemonProcess(text).connect().create(1)
    #expect(answer.errorCode == "upstream_timeout")
    #expect(answer.errorData?["phase"]?.string == "connect")
  }

  @Test(arguments: ["127.0.0.1", "127.0.0.0/8", "*"])
  func `an exception is reached without the proxy of all upstreams`(_ host: String) throws {
    let top = "proxy = \"http://127.0.0.1:1\"\nno_proxy = [\"\(host)\"]"
    #expect(try daemon("", top: top).connect().create(1).status == "completed")
  }

  @Test func `the environment makes no proxy and no exception`() throws {
    let relay = try Relay(["http"])
    let environment = [
      "https_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "no_proxy": "*",
      "NO_PROXY": "*",
    ]
    let direct = try daemon("", environment: environment)
    #expect(try direct.connect().create(1).status == "completed")
    let top = "proxy = \"http://127.0.0.1:\(relay.place)\""
    let proxied = try daemon("", top: top, environment: environment)
    #expect(try proxied.connect().create(1).status == "completed")
    #expect(try relay.nextLine() == "CONNECT \(simulator.address) nobody")
  }

  @Test func `upstreams with other proxies share no connection`() throws {
    let first = try Relay(["http"])
    let second = try Relay(["http"])
    let table = DaemonProcess.configuration(simulator, upstream: secrets).split(separator: "\n")
      .filter { !$0.hasPrefix("default_") && !$0.contains("cache") && !$0.hasPrefix("enabled") }
      .dropFirst().joined(separator: "\n")
    let daemon = try daemon(
      "proxy = \"http://127.0.0.1:\(first.place)\"\n[upstreams.second]\n\(table)\n"
        + "proxy = \"http://127.0.0.1:\(second.place)\"")
    let client = try daemon.connect()
    #expect(try client.create(1).status == "completed")
    #expect(
      try client.call(
        2, "responses.create", #"{"input":"Hi","halley":{"upstream":"second"}}"#
      ).result?["status"]?.string == "completed")
    #expect(try first.nextLine().hasPrefix("CONNECT"))
    #expect(try second.nextLine().hasPrefix("CONNECT"))
  }
}
