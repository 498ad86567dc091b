import Configuration
import Testing

@Suite struct ConfigurationUpstreamTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  private func upstream(_ lines: String) throws -> UpstreamConfiguration? {
    try scratch.load("[upstreams.u]\nbase_url = \"https://u.example/v1\"\n\(lines)")
      .upstream(named: "u")
  }

  private func errors(_ lines: String) throws -> [String] {
    try scratch.errors("[upstreams.u]\nbase_url = \"https://u.example/v1\"\n\(lines)")
  }

  @Test func `every key of an upstream is taken`() throws {
    let upstream = try #require(
      try upstream(
        """
        models = ["a*", "b"]
        state = "upstream"
        headers = { "X-Title" = "halley", X-Org = "o 1" }
        max_concurrent = 3
        connect_timeout = "1s"
        first_event_timeout = "2s"
        idle_timeout = "3s"
        total_timeout = "4m"
        max_retries = 0
        fallback = ["cometapi"]
        prewarm = false
        strip_prefix = true
        ca_file = "/etc/ca.pem"
        """))
    #expect(upstream.models == [Glob("a*"), Glob("b")])
    #expect(upstream.state == .upstream)
    #expect(
      upstream.headers == [
        .init(name: "X-Title", value: "halley"), .init(name: "X-Org", value: "o 1"),
      ])
    #expect(upstream.maximumConcurrent == 3)
    #expect(upstream.connectTimeout == .seconds(1))
    #expect(upstream.firstEventTimeout == .seconds(2))
    #expect(upstream.isFirstEventTimeoutExplicit)
    #expect(upstream.idleTimeout == .seconds(3))
    #expect(upstream.totalTimeout == .seconds(240))
    #expect(upstream.maximumRetries == 0)
    #expect(upstream.fallback == ["cometapi"])
    #expect(!upstream.prewarm)
    #expect(upstream.stripPrefix)
    #expect(upstream.certificateAuthorities == "/etc/ca.pem")
  }

  @Test func `what an upstream does not say has a default`() throws {
    let upstream = try #require(try upstream(""))
    #expect(upstream.connectTimeout == .seconds(5))
    #expect(upstream.firstEventTimeout == .seconds(120))
    #expect(!upstream.isFirstEventTimeoutExplicit)
    #expect(upstream.idleTimeout == .seconds(300))
    #expect(upstream.totalTimeout == .seconds(1800))
    #expect(upstream.maximumConcurrent == 16)
    #expect(upstream.maximumRetries == 2)
    #expect(upstream.prewarm)
    #expect(upstream.keySource == .automatic("u"))
  }

  @Test func `the built-in upstream may be changed in part`() throws {
    let configuration = try scratch.load("[upstreams.cometapi]\nmax_retries = 7")
    let upstream = try #require(configuration.upstream(named: "cometapi"))
    #expect(upstream.maximumRetries == 7)
    #expect(upstream.baseURL == "https://api.cometapi.com/v1")
    #expect(upstream.models == [Glob("*")])
    #expect(configuration.upstreams.count == 1)
  }

  @Test(arguments: [
    ("https://api.example.com/v1", "https://api.example.com/v1", "https://api.example.com", 443),
    ("https://api.example.com/v1/", "https://api.example.com/v1", "https://api.example.com", 443),
    ("https://api.example.com", "https://api.example.com", "https://api.example.com", 443),
    (
      "https://API.example.COM:8443/A", "https://api.example.com:8443/A",
      "https://api.example.com:8443", 8443
    ),
    ("https://10.0.0.1/v1", "https://10.0.0.1/v1", "https://10.0.0.1", 443),
    ("https://[2001:db8::1]:1/v1", "https://[2001:db8::1]:1/v1", "https://[2001:db8::1]:1", 1),
    ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080", 8080),
    ("http://127.9.8.7", "http://127.9.8.7", "http://127.9.8.7", 80),
    ("http://[::1]:8080/v1", "http://[::1]:8080/v1", "http://[::1]:8080", 8080),
    (
      "https://a.example/%7Euser/x;y=1,2", "https://a.example/%7Euser/x;y=1,2", "https://a.example",
      443
    ),
  ])
  func `a plain URL is taken`(text: String, url: String, origin: String, port: Int) throws {
    let parsed = try BaseURL(parsing: text)
    #expect(parsed.text == url)
    #expect(parsed.origin.description == origin)
    #expect(parsed.origin.port == port)
  }

  @Test(arguments: [
    "", "api.example.com/v1", "ftp://a.example", "HTTPS://a.example", "https:/a.example",
    "https://",
    "https:///a.example", "https://user@a.example", "https://user:pw@a.example/v1",
    "https://a.example/v1?", "https://a.example/v1?a b", "https://a.example/v1?x=%4",
    "https://a.example/v1?x=1#f", "https://a.example/v1#f",
    "https://a.example:/v1", "https://a.example:0", "https://a.example:65536",
    "https://a.example:-1",
    "https://a.example:44x", "https://a b.example", "https://a.example/\u{e9}",
    "https://\u{2460}.example",
    "https://a..example", "https://.example", "https://a.example.", "https://-a.example",
    "https://a.example/%zz", "https://a.example/%4", "https://a.example/a\\b",
    "https://a.example\\@b",
    "https://a.example/../x", "https://a.example/./x", "https://a.example/<x>",
    "https://%61.example",
    "https://127.1", "https://2130706433", "https://0x7f.1", "https://0177.0.0.1",
    "https://1.2.3.256",
    "https://1.2.3.4.5", "https://[::1", "https://[::g]", "https://[fe80::1%25lo]", "https://::1",
    "https://a.example/\n", "https://a.example\r\nX: 1", "https://a.example\u{0}",
  ])
  func `any other spelling is refused`(text: String) {
    #expect(throws: BaseURL.Refusal.self) { try BaseURL(parsing: text) }
  }

  @Test(arguments: [
    "http://a.example", "http://localhost:8080", "http://0.0.0.0", "http://128.0.0.1",
    "http://[::]", "http://[::2]", "http://[::ffff:127.0.0.1]", "http://127.0.0.1.example",
  ])
  func `plain http goes to a literal loopback address only`(text: String) throws {
    let refusal = try #require(throws: BaseURL.Refusal.self) { try BaseURL(parsing: text) }
    #expect(refusal.found.hasPrefix("plain http to "))
    #expect(refusal.expected == "https, or http to a literal loopback address (127.0.0.1 or [::1])")
  }

  @Test func `a password in a URL is not repeated`() throws {
    let errors = try scratch.errors("[upstreams.u]\nbase_url = \"https://u:hunter2@u.example\"")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("hunter2") == false)
    #expect(errors.first?.hasPrefix("config.toml:2:12: upstreams.u.base_url: found user") == true)
  }

  @Test(arguments: [
    "Authorization", "authorization", "HOST", "Content-Type", "content-length",
    "Proxy-Authorization",
    "Transfer-Encoding", "Connection", "Accept", "", "a b", "a:", "a\\r\\nb", "\u{e9}", "a\\u0000",
  ])
  func `a header that is reserved or no token is refused`(name: String) throws {
    let errors = try errors("headers = { \"\(name)\" = \"v\" }")
    #expect(errors.count == 1)
    #expect(
      errors.first?.hasPrefix("config.toml:3:13: upstreams.u.headers: found the name") == true)
  }

  @Test(arguments: [
    "\"secret\\r\\nX: 1\"", "\"secret\\n\"", "\"secret\\u007f\"", "\"secr\u{e9}t\"", "5",
  ])
  func `a header's value is visible ASCII, and is not repeated`(value: String) throws {
    let errors = try errors("headers = { X-A = \(value) }")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("at most 4096 bytes of 0x20 to 0x7E for X-A") == true)
    #expect(errors.first?.contains("secr") == false)
  }

  @Test(arguments: ["halley-secret", "Bearer halley-secret"])
  func `a header carries no token of the daemon, and it is not repeated`(value: String) throws {
    let errors = try errors("headers = { X-A = \"\(value)\" }")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("found a token of halleyd for X-A") == true)
    #expect(errors.first?.contains("secret") == false)
  }

  @Test(arguments: [
    ("http://127.0.0.1:4141/v1", "address of [http]"), ("http://[::1]:4141", "address of [http]"),
    ("unix:/run/box.sock", "[sockets.box]"),
  ])
  func `no upstream is the daemon itself`(url: String, place: String) throws {
    let own = """
      [http]
      listen = ["127.0.0.1:4141", "[::1]:4141"]
      [sockets.box]
      path = "/run/box.sock"
      """
    func errors(_ url: String) throws -> [String] {
      try scratch.errors("[upstreams.u]\nbase_url = \"\(url)\"\n\(own)")
    }
    let errors = try errors(url)
    #expect(errors.count == 1)
    #expect(errors.first?.contains("upstreams.u.base_url: found the daemon's own \(place)") == true)
  }

  @Test func `another service on this machine is an upstream`() throws {
    let configuration = try scratch.load(
      """
      [upstreams.u]
      base_url = "http://127.0.0.1:4142/v1"
      [upstreams.v]
      base_url = "http://127.0.0.2:4141/v1"
      [http]
      listen = ["127.0.0.1:4141"]
      """)
    #expect(configuration.upstreams.count == 3)
  }

  @Test func `a header stands once, whatever its case`() throws {
    let errors = try errors("headers = { X-A = \"1\", x-a = \"2\" }")
    #expect(errors.first?.contains("each header once") == true)
  }

  @Test(arguments: [
    ("models = [\"\"]", "models"), ("models = [\"a b\"]", "models"), ("models = \"a\"", "models"),
    ("models = [\"a\", \"a\"]", "models"), ("state = \"both\"", "state"),
    ("prewarm = 1", "prewarm"),
    ("max_retries = 11", "max_retries"), ("max_concurrent = 0", "max_concurrent"),
    ("ca_file = \"ca.pem\"", "ca_file"), ("fallback = \"cometapi\"", "fallback"),
  ])
  func `a bad value is refused with its place`(line: String, key: String) throws {
    let errors = try errors(line)
    #expect(errors.count == 1)
    #expect(errors.first?.hasPrefix("config.toml:3:") == true)
    #expect(errors.first?.contains(": upstreams.u.\(key): found ") == true)
  }

  @Test(arguments: [
    ("env = \"A_KEY\"", APIKeySource.environment("A_KEY")), ("file = \"/k\"", .file("/k")),
    ("credential = \"c\"", .credential("c")), ("none = true", .none),
    ("command = [\"/bin/echo\", \"a\", \"a\"]", .command(["/bin/echo", "a", "a"])),
  ])
  func `a key has one source`(member: String, source: APIKeySource) throws {
    #expect(try upstream("api_key = { \(member) }")?.keySource == source)
  }

  @Test func `paths of key files begin at home or beside the file`() throws {
    #expect(try upstream("api_key = { file = \"~/k\" }")?.keySource == .file("\(scratch.path)/k"))
    #expect(try upstream("api_key = { file = \"d/k\" }")?.keySource == .file("\(scratch.path)/d/k"))
  }

  @Test func `a program is found in PATH`() throws {
    try scratch.write("bin/mypass", "#!/bin/sh\n", mode: 0o700)
    var environment = scratch.environment
    environment["PATH"] = "relative::/nowhere:\(scratch.path)/bin"
    let configuration = try scratch.load(
      "[upstreams.cometapi]\napi_key = { command = [\"mypass\", \"x\"] }", environment: environment)
    #expect(
      configuration.upstreams.first?.keySource == .command(["\(scratch.path)/bin/mypass", "x"]))
  }

  @Test(arguments: [
    "\"sk-secret\"", "{}", "{ env = \"A\", file = \"/k\" }", "{ env = \"1sk-secret\" }",
    "{ env = 5 }", "{ credential = \"../sk-secret\" }", "{ command = [] }",
    "{ command = \"pass\" }",
    "{ command = [\"no-such-program-here\"] }", "{ command = [\"./relative\"] }",
    "{ none = false }",
    "[\"sk-secret\"]",
  ])
  func `anything else is no source, and is not repeated`(value: String) throws {
    let errors = try errors("api_key = \(value)")
    #expect(errors.count == 1)
    #expect(errors.first?.hasPrefix("config.toml:3:") == true)
    #expect(errors.first?.contains(": upstreams.u.api_key: found ") == true)
    #expect(errors.first?.contains("secret") == false)
  }
}
