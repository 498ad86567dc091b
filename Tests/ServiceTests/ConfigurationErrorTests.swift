import Configuration
import Testing

@Suite struct ConfigurationErrorTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  @Test func `an unknown key is an error with the nearest known one`() throws {
    let errors = try scratch.errors(
      "default_model = \"m\"\n\n[upstreams.cometapi]\n  max_retires = 3\n")
    #expect(errors.count == 1)
    #expect(
      errors.first?.hasPrefix(
        "config.toml:4:3: upstreams.cometapi.max_retires: found an unknown key, expected a key that"
          + " is known in [upstreams.cometapi]: base_url, api_key") == true)
    #expect(errors.first?.hasSuffix("; did you mean \"max_retries\"?") == true)
  }

  @Test(arguments: [
    ("defualt_model = 1", "default_model"), ("[chache]", "cache"), ("[cache]\nttll = 1", "ttl"),
    ("[budgets]\ndialy_usd = 1", "daily_usd"), ("[store]\nmax_aeg = 1", "max_age"),
    ("[limits]\nconections = 1", "connections"), ("[log]\nlevl = 1", "level"),
    ("[profiles.p]\ninstrucions = 1", "instructions"),
    ("[plugins.p]\ncommand = [\"/x\"]\nhoks = 1\ntools = true", "hooks"),
    ("[prices.m]\ninput = 1\noutput = 1\ncached_imput = 1", "cached_input"),
    ("[upstreams.cometapi]\napi_key = { envv = \"A\" }", "env"),
  ])
  func `unknown keys are errors everywhere`(text: String, suggestion: String) throws {
    let errors = try scratch.errors(text)
    #expect(errors.count == 1)
    #expect(errors.first?.contains("unknown key") == true)
    #expect(errors.first?.hasSuffix("did you mean \"\(suggestion)\"?") == true)
  }

  @Test func `one load names all mistakes, in the order of the file`() throws {
    let errors = try scratch.errors(
      """
      default_model = 5
      colour = "red"
      [limits]
      depth = 500
      drain = "soon"
      [upstreams.x]
      base_url = "ftp://x"
      state = "keep"
      [log]
      level = 3
      """)
    #expect(
      errors.map { $0.prefix { $0 != " " } } == [
        "config.toml:1:17:", "config.toml:2:1:", "config.toml:4:9:", "config.toml:5:9:",
        "config.toml:7:12:", "config.toml:8:9:", "config.toml:10:9:",
      ])
  }

  @Test func `mistakes in several files are told together`() throws {
    try scratch.write("config/halley/config.toml", "default_model = 5")
    try scratch.write("config/halley/conf.d/1.toml", "a = ")
    try scratch.write("config/halley/conf.d/2.toml", "b = 1")
    let errors = try #require(throws: ConfigurationErrors.self) {
      try ConfigurationLoader.load(mode: .user, environment: scratch.environment)
    }.errors
    #expect(errors.count == 3)
    #expect(errors.map(\.key) == ["default_model", "", "b"])
  }

  @Test(arguments: ["a = ", "a = 1\na = 2", "[a\n", "a = \"\\q\"", "= 1", "a = 1 b = 2", "\u{0}"])
  func `what is not TOML is refused with its place`(text: String) throws {
    let errors = try scratch.errors("# comment\n\(text)")
    #expect(errors.count == 1)
    #expect(errors.first?.hasPrefix("config.toml:") == true)
    #expect(errors.first?.contains("found text that is not TOML (") == true)
    #expect(errors.first?.contains("\n") == false)
  }

  @Test func `invalid UTF-8 is refused`() throws {
    let file = try scratch.write("x.toml", [0x61, 0x3D, 0x22, 0xFF, 0x22])
    let error = try #require(throws: ConfigurationErrors.self) {
      try ConfigurationLoader.load(
        mode: .user, environment: scratch.environment, overrides: .init(configFile: file))
    }
    #expect("\(error)".contains("x.toml:1:"))
  }

  @Test func `nesting without end is refused, not followed`() throws {
    let errors = try scratch.errors("a = " + String(repeating: "[", count: 100_000))
    #expect(errors.count == 1)
  }

  @Test(arguments: ["upstreams", "profiles", "plugins", "prices", "cache", "limits", "log"])
  func `a value in the place of a table is refused`(key: String) throws {
    let errors = try scratch.errors("\(key) = 1")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("\(key): found the integer 1, expected a table") == true)
  }

  @Test func `a name that leads to no upstream is refused with the nearest`() throws {
    let errors = try scratch.errors(
      """
      default_upstream = "opnai"
      [upstreams.openai]
      base_url = "https://api.openai.com/v1"
      fallback = ["cometpai", "openai"]
      [profiles.p]
      upstream = "nothing"
      """)
    #expect(
      errors == [
        "config.toml:1:20: default_upstream: found \"opnai\", expected the name of an upstream:"
          + " openai, cometapi; did you mean \"openai\"?",
        "config.toml:4:12: upstreams.openai.fallback: found \"cometpai\", expected the name of an"
          + " upstream: cometapi; did you mean \"cometapi\"?",
        "config.toml:4:12: upstreams.openai.fallback: found \"openai\", expected the name of an"
          + " upstream: cometapi",
        "config.toml:6:12: profiles.p.upstream: found \"nothing\", expected the name of an upstream:"
          + " openai, cometapi",
      ])
  }

  @Test func `an upstream with a mistake is still an upstream to others`() throws {
    let errors = try scratch.errors(
      "default_upstream = \"x\"\n[upstreams.x]\nbase_url = \"http://x.example\"")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("upstreams.x.base_url") == true)
  }

  @Test func `an upstream needs an address`() throws {
    let errors = try scratch.errors("[upstreams.x]\nmax_retries = 1")
    #expect(
      errors == [
        "config.toml:1:1: upstreams.x.base_url: found nothing, expected a URL such as"
          + " \"https://api.example.com/v1\""
      ])
  }

  @Test(arguments: ["\"a b\"", "\"-a\"", "\"a/b\"", "\"..\"", "\"\"", "\"é\""])
  func `a name that could be a path or an option is refused`(name: String) throws {
    let errors = try scratch.errors("[upstreams.\(name)]\nbase_url = \"https://a.example\"")
    #expect(errors.first?.contains("the name of an upstream: 1 to 64 of") == true)
  }
}
