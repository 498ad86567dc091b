import Configuration
import Testing

/// How an upstream is reached: proxies, certificates, sockets, plain http, headers of keys.
@Suite struct ConfigurationNetworkTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  private func upstream(
    _ lines: String, url: String = "https://u.example/v1", top: String = ""
  ) throws -> UpstreamConfiguration? {
    try scratch.load("\(top)\n[upstreams.u]\nbase_url = \"\(url)\"\n\(lines)")
      .upstream(named: "u")
  }

  private func errors(
    _ lines: String, url: String = "https://u.example/v1", top: String = ""
  ) throws -> [String] {
    try scratch.errors("\(top)\n[upstreams.u]\nbase_url = \"\(url)\"\n\(lines)")
  }

  // MARK: Addresses

  @Test(arguments: [
    ("https://a.example/v1?api-version=2026-01", "https://a.example/v1", "?api-version=2026-01"),
    ("https://a.example?a=1&b=/?", "https://a.example", "?a=1&b=/?"),
    ("unix:/run/llama.sock", "http://localhost/v1", ""),
    ("unix:/run/llama.sock:/", "http://localhost", ""),
    ("unix:/run/llama.sock:/api/v2/?x=1", "http://localhost/api/v2", "?x=1"),
    ("unix:/run/llama.sock?x=1", "http://localhost/v1", "?x=1"),
  ])
  func `every path has the address in front of it and the query behind it`(
    text: String, prefix: String, query: String
  ) throws {
    let url = try BaseURL(parsing: text)
    #expect(url.appending("/models") == "\(prefix)/models\(query)")
    let both = query.isEmpty ? "?stream=true" : "\(query)&stream=true"
    #expect(url.appending("/responses/r", query: "stream=true") == "\(prefix)/responses/r\(both)")
  }

  @Test(arguments: [
    "unix:", "unix:run/x", "unix://run/x", "unix:/run/x/", "unix:/run/x:", "unix:/run/x:v1",
    "unix:/run/x#f", "unix:/run/x:/..", "unix:/" + String(repeating: "x", count: 107),
  ])
  func `anything else is no Unix socket`(text: String) {
    #expect(throws: BaseURL.Refusal.self) { try BaseURL(parsing: text) }
  }

  @Test func `a Unix socket needs no key`() throws {
    let upstream = try #require(try upstream("", url: "unix:/run/x.sock"))
    #expect(upstream.baseURL == "unix:/run/x.sock:/v1")
    #expect(upstream.origin.socketPath == "/run/x.sock")
    #expect(try APIKeys(paths: scratch.load("").paths, environment: [:]).resolve(upstream) == nil)
  }

  @Test(arguments: [
    "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.9", "169.254.1.1", "[fc00::1]",
    "[fdff::1]", "[fe80::1]",
  ])
  func `plain http leads to private addresses on demand, without a key, and is warned of`(
    host: String
  ) throws {
    let table = "[upstreams.u]\nbase_url = \"http://\(host):8080/v1\"\n"
    let free = "plain_http = true\napi_key = { none = true }"
    let configuration = try scratch.load(table + free)
    #expect(configuration.upstream(named: "u")?.allowsPlainHTTP == true)
    #expect(
      configuration.warnings.contains {
        $0.hasPrefix("upstreams.u.plain_http: http://\(host):8080 is asked without TLS: ")
      })
    #expect(
      try scratch.errors(table + "api_key = { none = true }").first?
        .contains("or plain_http = true for this private address") == true)
    let refusal = try scratch.errors(table + "plain_http = true").first
    #expect(refusal?.contains("for an upstream with a key") == true)
    #expect(refusal?.contains("expected api_key = { none = true }") == true)
  }

  @Test(arguments: [
    "a.example", "8.8.8.8", "172.32.0.1", "172.15.0.1", "100.64.0.1", "0.0.0.0", "[fec0::1]",
    "[2001:db8::1]", "[::ffff:10.0.0.1]", "localhost",
  ])
  func `plain http leads nowhere else`(host: String) throws {
    let errors = try errors(
      "plain_http = true\napi_key = { none = true }", url: "http://\(host):8080/v1")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("upstreams.u.base_url: found plain http to") == true)
  }

  // MARK: Proxies

  @Test func `a proxy is for all upstreams or for one`() throws {
    let top = """
      proxy = "http://Proxy.corp:3128/"
      no_proxy = ["intern.corp", "10.0.0.0/8"]
      proxy_auth = { env = "PROXY" }
      """
    let shared = try #require(try upstream("", top: top)?.proxy)
    #expect(shared.url == "http://proxy.corp:3128")
    #expect(shared.exceptions == ["intern.corp", "10.0.0.0/8"])
    #expect(shared.credentialSource == .environment("PROXY"))
    let own = try #require(try upstream("proxy = \"socks5h://[::1]:1080\"", top: top)?.proxy)
    #expect(own.url == "socks5h://[::1]:1080")
    #expect(own.exceptions == [])
    #expect(own.credentialSource == .none)
    #expect(try upstream("proxy = \"\"", top: top)?.proxy == nil)
    #expect(try upstream("no_proxy = []", top: top)?.proxy?.exceptions == [])
    #expect(try upstream("", url: "http://127.0.0.1:1", top: top)?.proxy == nil)
    #expect(try upstream("", url: "unix:/run/x", top: top)?.proxy == nil)
  }

  @Test func `an exception is a host, what is below it, an address or a network`() {
    var proxy = ProxyConfiguration(url: "http://proxy.corp:3128")
    let cases: [(String, String?, String?)] = [
      ("Intern.corp", "intern.corp", "xintern.corp"), (".intern.corp", "a.intern.corp", "corp"),
      ("10.0.0.0/7", "11.255.0.1", "12.0.0.1"), ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
      ("0.0.0.0/0", "9.9.9.9", "[::1]"), ("fd00::/8", "[fd12::1]", "[fe80::1]"),
      ("[::1]", "[0::1]", "[::2]"), ("*", "api.example.com", nil), ("10.0.0.0/33", nil, "10.0.0.0"),
      ("10.0.0.0/-1", nil, "10.0.0.0"), ("/8", nil, "10.0.0.0"), (".", nil, "a.b"),
      ("3", nil, "10.1.2.3"),
    ]
    for (exception, direct, proxied) in cases {
      proxy.exceptions = [exception]
      if let direct { #expect(!proxy.serves(direct), "\(exception)") }
      if let proxied { #expect(proxy.serves(proxied), "\(exception)") }
    }
  }

  @Test func `no proxy comes from the environment`() throws {
    let environment = scratch.environment.merging([
      "https_proxy": "http://p:1", "ALL_PROXY": "http://p:1", "HALLEY_PROXY": "http://p:1",
    ]) { $1 }
    let configuration = try scratch.load("", environment: environment)
    #expect(configuration.upstreams.allSatisfy { $0.proxy == nil })
    #expect(configuration.warnings.contains { $0.contains("HALLEY_PROXY sets nothing") })
  }

  @Test(arguments: [
    "proxy.corp:3128", "http://proxy.corp", "socks4://p:1", "http://user:secret@p:1",
    "http://p:0", "http://p:1/x", "http://p:1?secret", "http://:1",
  ])
  func `a proxy has a scheme, a host and a port, and nothing more`(text: String) throws {
    let errors = try errors("proxy = \"\(text)\"")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("upstreams.u.proxy: found ") == true)
    #expect(errors.first?.contains("secret") == false)
  }

  @Test(arguments: [
    ("proxy_auth = \"user:secret\"", "proxy_auth"), ("proxy_auth = { none = true }", "proxy_auth"),
    ("proxy_auth = { command = [\"true\"], refresh = \"1m\" }", "proxy_auth"),
    ("no_proxy = \"a\"", "no_proxy"), ("no_proxy = [\"a,b\"]", "no_proxy"),
    ("client_key = \"/k\"", "client_certificate"),
    ("client_certificate = \"c\"", "client_certificate"),
    ("key_header = \"Host\"", "key_header"), ("key_header = \"a b\"", "key_header"),
    ("api_key = { file = \"/k\", refresh = \"1m\" }", "api_key"),
    ("api_key = { command = [\"true\"], refresh = \"1ms\" }", "api_key"),
    ("key_header = \"api-key\"\nheaders = { API-Key = \"x\" }", "headers"),
  ])
  func `a bad value is refused with its key`(lines: String, key: String) throws {
    let errors = try errors(lines)
    #expect(errors.count == 1)
    #expect(errors.first?.contains("upstreams.u.\(key): found ") == true, "\(errors)")
    #expect(errors.first?.contains("secret") == false)
  }

  @Test(arguments: ["http://127.0.0.1:1", "unix:/run/x"])
  func `a proxy that could read a key is refused`(url: String) throws {
    let errors = try errors("proxy = \"http://p:1\"", url: url)
    #expect(errors.first?.contains("upstreams.u.proxy: found http://p:1 for ") == true)
  }

  @Test func `two users of one proxy share no host`() throws {
    let second = """
      [upstreams.v]
      base_url = "https://u.example/v2"
      proxy = "http://p:1"
      proxy_auth = { env = "B" }
      """
    let lines = "proxy = \"http://p:1\"\nproxy_auth = { env = \"A\" }\n"
    #expect(
      try errors(lines + second).first?.contains("upstreams.v.proxy_auth: found another source")
        == true)
    #expect(try errors(lines + second.replacing("u.example", with: "v.example")).isEmpty)
  }

  // MARK: Keys

  @Test func `a key may have a header of its own, an age, and a certificate beside it`() throws {
    let upstream = try #require(
      try upstream(
        """
        key_header = "api-key"
        api_key = { command = ["true"], refresh = "50m" }
        client_certificate = "/c.pem"
        client_key = "/k.pem"
        """))
    #expect(upstream.keyHeader == "api-key")
    #expect(upstream.keyRefresh == .seconds(3000))
    #expect(upstream.keySource == .command(["/usr/bin/true"]))
    #expect(upstream.clientCertificate == "/c.pem")
    #expect(upstream.clientKey == "/k.pem")
  }

  @Test func `what a proxy asks for is a user and a password`() throws {
    let keys = APIKeys(paths: try scratch.load("").paths, environment: ["P": "me:a:b", "Q": "me"])
    let lines = "proxy = \"http://p:1\"\nproxy_auth = { env = "
    let good = try #require(try upstream(lines + "\"P\" }"))
    #expect(try keys.proxyCredentials(of: good)?.secret == "me:a:b")
    let bad = try #require(try upstream(lines + "\"Q\" }"))
    #expect(throws: KeyError.self) { try keys.proxyCredentials(of: bad) }
  }

  @Test func `the key of a client certificate is private`() throws {
    let path = try scratch.write("k.pem", "key", mode: 0o644)
    let upstream = try #require(
      try upstream("client_certificate = \"/c.pem\"\nclient_key = \"\(path)\""))
    let error = try #require(throws: KeyError.self) {
      try APIKeys(paths: scratch.load("").paths, environment: [:]).checkClientKey(of: upstream)
    }
    #expect(error.code == .insecure)
  }
}
