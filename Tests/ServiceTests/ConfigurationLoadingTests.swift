import Configuration
import EventLoop
import Glibc
import Testing

@Suite struct ConfigurationLoadingTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  private func load(_ environment: [String: String] = [:]) throws -> Configuration {
    try ConfigurationLoader(
      mode: .user, environment: scratch.environment.merging(environment) { $1 },
      sharedDirectory: "\(scratch.path)/etc"
    ).load()
  }

  @Test func `the user's file wins over the one for everybody`() throws {
    try scratch.write("etc/config.toml", "default_model = \"a\"\n[limits]\ndepth = 5")
    try scratch.write("etc/conf.d/1.toml", "[limits]\nnodes = 100\nnumber = 40")
    try scratch.write("config/halley/config.toml", "default_model = \"b\"\n[limits]\nnumber = 50")
    let configuration = try load()
    #expect(configuration.defaultModel == "b")
    #expect(configuration.limits.depth == 5)
    #expect(configuration.limits.nodes == 100)
    #expect(configuration.limits.number == 50)
    #expect(configuration.files.count == 3)
  }

  @Test(arguments: ["[limits]\nlien = \"1MiB\"", "default_model = 7", "[[[", "a = 1\nb = 2"])
  func `a file for everybody that has a mistake is left out with a warning`(
    _ text: String
  ) throws {
    let file = try scratch.write("etc/config.toml", text + "\n")
    let other = try scratch.write("etc/conf.d/1.toml", "[limits]\ndepth = 5")
    let configuration = try load()
    #expect(configuration.files == [other])
    #expect(configuration.limits.depth == 5)
    #expect(
      configuration.warnings.allSatisfy {
        $0.hasPrefix("\(file):") && $0.hasSuffix("; the file was left out")
      })
    #expect(configuration.warnings.count == (text.hasPrefix("a") ? 2 : 1))
  }

  @Test func `what a user's file misses without the one for everybody is named with the cause`()
    throws
  {
    try scratch.write("etc/config.toml", "[upstreams.corp]\nbase_ulr = \"https://corp\"")
    try scratch.write("config/halley/config.toml", "default_upstream = \"corp\"")
    let error = try #require(throws: ConfigurationErrors.self) { try load() }
    #expect(
      Set(error.errors.map(\.key)).isSuperset(of: ["default_upstream", "upstreams.corp.base_ulr"]))
  }

  @Test(.enabled(if: geteuid() != 0, "root may read every file"))
  func `a file for everybody that this user may not read is left out with a warning`() throws {
    let file = try scratch.write("etc/config.toml", "default_model = \"a\"", mode: 0)
    let configuration = try load()
    #expect(configuration.defaultModel == "gpt-5.4")
    #expect(configuration.warnings == ["\(file) was left out: permission denied"])
  }

  @Test func `without any file there is one upstream`() throws {
    let configuration = try scratch.load("")
    let upstream = try #require(configuration.upstreams.first)
    #expect(configuration.upstreams.count == 1)
    #expect(configuration.defaultUpstream == "cometapi")
    #expect(configuration.defaultModel == "gpt-5.4")
    #expect(upstream == .builtIn)
    #expect(upstream.name == "cometapi")
    #expect(upstream.baseURL == "https://api.cometapi.com/v1")
    #expect(upstream.models == [Glob("*")])
    #expect(upstream.state == .replay)
    #expect(upstream.keySource == .automatic("cometapi"))
    #expect(configuration.limits == LimitsConfiguration())
  }

  @Test func `the user's file is read, then drop-ins in the order of their names`() throws {
    try scratch.write(
      "config/halley/config.toml", "default_model = \"a\"\n[log]\nlevel = \"debug\"")
    try scratch.write("config/halley/conf.d/20-b.toml", "default_model = \"c\"")
    try scratch.write(
      "config/halley/conf.d/10-a.toml", "default_model = \"b\"\n[cache]\nenabled = false")
    try scratch.write("config/halley/conf.d/.hidden.toml", "default_model = \"d\"")
    try scratch.write("config/halley/conf.d/30.toml~", "default_model = \"e\"")
    let configuration = try load()
    #expect(configuration.defaultModel == "c")
    #expect(configuration.log.level == .debug)
    #expect(!configuration.cache.isEnabled)
    #expect(
      configuration.files.map { $0.dropFirst(scratch.path.utf8.count) } == [
        "/config/halley/config.toml", "/config/halley/conf.d/10-a.toml",
        "/config/halley/conf.d/20-b.toml",
      ])
  }

  @Test func `a drop-in changes one key of a table and leaves the others`() throws {
    try scratch.write(
      "config/halley/config.toml",
      """
      [upstreams.one]
      base_url = "https://one.example/v1"
      max_retries = 5
      models = ["a", "b"]
      api_key = { env = "A" }
      """)
    try scratch.write(
      "config/halley/conf.d/1.toml",
      "[upstreams.one]\nmodels = [\"c\"]\napi_key = { credential = \"x\" }")
    let upstream = try #require(try load().upstream(named: "one"))
    #expect(upstream.maximumRetries == 5)
    #expect(upstream.models == [Glob("c")])
    #expect(upstream.keySource == .credential("x"))
  }

  @Test func `the environment wins over files`() throws {
    try scratch.write(
      "config/halley/config.toml", "default_model = \"a\"\n[log]\nlevel = \"debug\"")
    let configuration = try load([
      "HALLEY_DEFAULT_MODEL": "b", "HALLEY_LOG_LEVEL": "error", "HALLEY_CACHE_ENABLED": "false",
      "HALLEY_LIMITS_DRAIN": "5s", "HALLEY_LIMITS_LINE": "1MiB", "HALLEY_LIMITS_DEPTH": "9",
      "HALLEY_BUDGETS_DAILY_USD": "1.5", "HALLEY_HTTP_DEFAULT_MODEL": "c",
      "HALLEY_HTTP_LISTEN": "127.0.0.1:4141, [::1]:4141",
    ])
    #expect(configuration.http.listen.map(\.authority) == ["127.0.0.1:4141", "[::1]:4141"])
    #expect(configuration.http.defaultModel == "c")
    #expect(configuration.defaultModel == "b")
    #expect(configuration.log.level == .error)
    #expect(!configuration.cache.isEnabled)
    #expect(configuration.limits.drain == .seconds(5))
    #expect(configuration.limits.line == 1 << 20)
    #expect(configuration.limits.depth == 9)
    #expect(configuration.budgets.overall.daily == NanoDollars(1_500_000_000))
    #expect(configuration.warnings.isEmpty)
  }

  @Test func `an empty variable is not set`() throws {
    #expect(try load(["HALLEY_DEFAULT_MODEL": ""]).defaultModel == "gpt-5.4")
  }

  @Test func `flags win over the environment`() throws {
    let configuration = try ConfigurationLoader.load(
      mode: .user,
      environment: scratch.environment.merging(["HALLEY_LOG_LEVEL": "error", "HALLEY_SOCKET": "/a"])
      { $1 },
      overrides: ConfigurationOverrides(stateDirectory: "/s", socket: "/b", logLevel: "debug"))
    #expect(configuration.log.level == .debug)
    #expect(configuration.paths.socket.path == "/b")
    #expect(configuration.paths.database == "/s/halley.db")
  }

  @Test func `a bad variable is named`() throws {
    let errors = try scratch.errors("", environment: ["HALLEY_LOG_LEVEL": "loud"])
    #expect(
      errors == [
        "environment HALLEY_LOG_LEVEL: log.level: found the string \"loud\", expected one of"
          + " \"error\", \"warning\", \"notice\", \"info\", \"debug\""
      ])
  }

  @Test func `a variable that sets nothing is a warning`() throws {
    let warnings = try load(["HALLEY_DEFAULT_MODLE": "x", "HALLEY_SOCKET": "/s"]).warnings
    #expect(
      warnings.filter { $0.contains("HALLEY_") } == [
        "environment variable HALLEY_DEFAULT_MODLE sets nothing; did you mean HALLEY_DEFAULT_MODEL?"
      ])
  }

  @Test func `with --config only that file is read`() throws {
    try scratch.write("config/halley/config.toml", "default_model = \"user\"")
    try scratch.write("conf.d/1.toml", "default_model = \"drop-in\"")
    let configuration = try scratch.load("[log]\nprompts = true")
    #expect(configuration.defaultModel == "gpt-5.4")
    #expect(configuration.log.prompts)
    #expect(configuration.files == ["\(scratch.path)/config.toml"])
    #expect(configuration.paths.keysDirectory == "\(scratch.path)/keys")
  }

  @Test func `a file that --config names has to be there`() throws {
    let file = "\(scratch.path)/none.toml"
    let error = try #require(throws: ConfigurationErrors.self) {
      try ConfigurationLoader.load(
        mode: .user, environment: scratch.environment,
        overrides: ConfigurationOverrides(configFile: file))
    }
    #expect("\(error)" == "\(file): found no such file, expected a readable TOML file")
  }

  @Test func `a file that everybody may write to is refused`() throws {
    try scratch.write("config/halley/config.toml", "", mode: 0o646)
    let error = try #require(throws: ConfigurationErrors.self) { try load() }
    #expect("\(error)".contains("config.toml: found a file that everybody may write to"))
  }

  @Test func `a file of more than a megabyte is refused`() throws {
    try scratch.write("config/halley/config.toml", String(repeating: "#\n", count: 1 << 19) + "#")
    let error = try #require(throws: ConfigurationErrors.self) { try load() }
    #expect("\(error)".contains("config.toml: found more than 1 MiB"))
  }

  @Test func `a directory in the place of the file is refused`() throws {
    try scratch.write("config/halley/config.toml/x", "")
    let error = try #require(throws: ConfigurationErrors.self) { try load() }
    #expect("\(error)".contains("config.toml: found no regular file"))
  }

  @Test func `every upstream, profile and plugin keeps its place`() throws {
    let configuration = try scratch.load(
      """
      [upstreams.zeta]
      base_url = "https://z.example"
      [profiles.b]
      [upstreams.alpha]
      base_url = "https://a.example"
      [profiles.a]
      """)
    #expect(configuration.upstreams.map(\.name) == ["zeta", "alpha", "cometapi"])
    #expect(configuration.profiles.map(\.name) == ["b", "a"])
    #expect(configuration.defaultUpstream == "zeta")
    #expect(configuration.upstream(named: "cometapi")?.models == [])
  }
}
