import Configuration
import Testing

@Suite struct ConfigurationShowTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  private func show(_ text: String, _ environment: [String: String] = [:]) throws -> [String] {
    let all = scratch.environment.merging(environment) { $1 }
    let configuration = try scratch.load(text, environment: all)
    let keys = APIKeys(paths: configuration.paths, environment: all)
    return configuration.show(keys: keys).split(separator: "\n").map(String.init)
  }

  /// Returns the line of a key in a table, its columns joined by single spaces.
  private func line(_ key: String, _ lines: [String], in table: String = "") -> String? {
    var current = ""
    for line in lines {
      if line.hasPrefix("[") { current = line }
      if current == table, line.hasPrefix("\(key) ") {
        return line.split(separator: " ").joined(separator: " ")
      }
    }
    return nil
  }

  @Test func `every value has its origin behind it`() throws {
    let lines = try show(
      "default_model = \"m\"\n[limits]\ndepth = 5", ["HALLEY_LOG_LEVEL": "debug"])
    let file = "\(scratch.path)/config.toml"
    #expect(line("default_model", lines) == "default_model = \"m\" # \(file):1")
    #expect(line("default_upstream", lines) == "default_upstream = \"cometapi\" # default")
    #expect(line("depth", lines, in: "[limits]") == "depth = 5 # \(file):3")
    #expect(line("line", lines, in: "[limits]") == "line = \"80MiB\" # default")
    #expect(line("drain", lines, in: "[limits]") == "drain = \"30s\" # default")
    #expect(
      line("level", lines, in: "[log]") == "level = \"debug\" # environment HALLEY_LOG_LEVEL")
    #expect(lines.contains("# files     \(file)"))
    #expect(
      lines.contains(
        "# socket    \(scratch.path)/run/halley/halley.sock (environment XDG_RUNTIME_DIR)"))
  }

  @Test func `what is shown can be read again`() throws {
    let text = """
      default_model = "quo\\"ted"
      [upstreams.local]
      base_url = "http://127.0.0.1:8080/v1"
      models = ["local/*"]
      [profiles."p"]
      reasoning = { effort = "low" }
      [plugins.p]
      command = ["/p", "a b"]
      tools = true
      [prices."gpt-5.4"]
      input = 1.25
      output = 10
      """
    let shown = try show(text).joined(separator: "\n")
    let again = try scratch.load(shown)
    let first = try scratch.load(text)
    #expect(again.defaultModel == first.defaultModel)
    #expect(
      again.upstreams
        == first.upstreams.map { upstream in
          var upstream = upstream
          upstream.isFirstEventTimeoutExplicit = true
          return upstream
        })
    #expect(again.profiles == first.profiles)
    #expect(again.plugins == first.plugins)
    #expect(again.prices == first.prices)
    #expect(again.limits == first.limits)
  }

  @Test func `secrets are never shown`() throws {
    let lines = try show(
      """
      [upstreams.cometapi]
      headers = { X-Api-Key = "secret-header" }
      [plugins.p]
      command = ["/p"]
      tools = true
      env = { TOKEN = "secret-token" }
      """, ["COMETAPI_KEY": "secret-key"])
    #expect(!lines.joined().contains("secret"))
    #expect(
      line("X-Api-Key", lines, in: "[upstreams.cometapi.headers]")?.contains("(hidden)") == true)
    #expect(line("TOKEN", lines, in: "[plugins.p.env]")?.contains("(hidden)") == true)
    let key = try #require(lines.first { $0.contains("# api_key") })
    #expect(key.hasSuffix("# default; found in environment variable COMETAPI_KEY"))
  }

  @Test(arguments: [
    ("{ env = \"NOPE\" }", "not found"), ("{ file = \"/nowhere/k\" }", "not found"),
    ("{ none = true }", "none needed"),
    ("{ command = [\"/bin/false\"] }", "asked of /bin/false when needed"),
  ])
  func `the state of a key is told without the key`(source: String, status: String) throws {
    let lines = try show("[upstreams.cometapi]\napi_key = \(source)")
    let shown = try #require(line("api_key", lines, in: "[upstreams.cometapi]"))
    #expect(shown == "api_key = \(source) # \(scratch.path)/config.toml:2; \(status)")
  }

  @Test func `a key in its file is told by its path`() throws {
    try scratch.write("keys/cometapi", "secret-key")
    let lines = try show("")
    #expect(lines.contains { $0.hasSuffix("; found in \(scratch.path)/keys/cometapi") })
    #expect(!lines.joined().contains("secret-key"))
  }
}
