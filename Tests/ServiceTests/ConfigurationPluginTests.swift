import Configuration
import Plugins
import Testing

@Suite struct ConfigurationPluginTests {
  private let scratch: ConfigurationScratch

  private static let example = """
    [plugins.git]
    command = ["/usr/bin/uvx", "mcp-server-git", "", "x", "x"]
    enabled = false
    directory = "/srv"
    hooks = ["request", "tool_call"]
    tools = true
    timeout = "1s"
    tool_timeout = "5s"
    start_timeout = "3s"
    idle_stop = "10m"
    on_failure = "allow"
    env = { GIT_TERMINAL_PROMPT = "0", EMPTY = "" }
    approval = "allow"
    approvals = { "git.push" = "deny", "git.*" = "ask" }
    idempotent = ["git.status"]
    start = "eager"
    max_restarts = 0
    sandbox = "strict"
    memory_max = "300MiB"
    network = false
    write = ["/srv/git", "/var/tmp"]
    """

  init() throws { scratch = try ConfigurationScratch() }

  @Test func `every key of a plugin is taken`() throws {
    let plugin = try #require(try scratch.load(Self.example).plugin(named: "git"))
    #expect(plugin.command == ["/usr/bin/uvx", "mcp-server-git", "", "x", "x"])
    #expect(!plugin.isEnabled)
    #expect(plugin.directory == "/srv")
    #expect(plugin.hooks == [.request, .toolCall])
    #expect(plugin.servesTools)
    #expect(plugin.timeout == .seconds(1))
    #expect(plugin.toolTimeout == .seconds(5))
    #expect(plugin.startTimeout == .seconds(3))
    #expect(plugin.idleStop == .seconds(600))
    #expect(plugin.onFailure == .allow)
    #expect(
      plugin.environment == [
        .init(name: "GIT_TERMINAL_PROMPT", value: "0"), .init(name: "EMPTY", value: ""),
      ])
    #expect(plugin.approval == .allow)
    #expect(try plugin.approval(for: ToolName(plugin: "git", tool: "push")) == .deny)
    #expect(try plugin.approval(for: ToolName(plugin: "git", tool: "log")) == .ask)
    #expect(plugin.idempotent == [Glob("git.status")])
    #expect(plugin.start == .eager)
    #expect(plugin.maximumRestarts == 0)
    #expect(plugin.sandbox == .strict)
    #expect(plugin.memoryMaximum == 300 << 20)
    #expect(!plugin.hasNetwork)
    #expect(plugin.writablePaths == ["/srv/git", "/var/tmp"])
  }

  @Test func `what a plugin does not say is careful`() throws {
    let plugin = try #require(
      try scratch.load("[plugins.p]\ncommand = [\"/p\"]\ntools = true").plugins.first)
    #expect(plugin.approval == .ask)
    #expect(plugin.onFailure == .deny)
    #expect(plugin.start == .lazy)
    #expect(plugin.timeout == .seconds(2))
    #expect(plugin.maximumRestarts == 5)
    #expect(plugin.sandbox == .standard)
    #expect(plugin.memoryMaximum == nil)
    #expect(plugin.hasNetwork)
    #expect(plugin.writablePaths == nil)
  }

  @Test(arguments: [
    "command = [\"relative\"]", "command = [\"./p\"]", "command = []", "command = \"/p\"",
    "command = [\"/p\", 5]", "command = [\"/p\\u0000\"]",
  ])
  func `a command is an absolute path and arguments`(line: String) throws {
    let errors = try scratch.errors("[plugins.p]\ntools = true\n\(line)")
    #expect(errors.count == 1)
    #expect(errors.first?.hasPrefix("config.toml:3:11: plugins.p.command: found ") == true)
  }

  @Test func `a plugin needs a command and something to do`() throws {
    let errors = try scratch.errors("[plugins.p]")
    #expect(errors.map { $0.contains("plugins.p.command") } == [true, false])
    #expect(errors.last?.contains("plugins.p.hooks: found nothing") == true)
  }

  @Test(arguments: ["a__b", "-a", "a.b", String(repeating: "a", count: 33)])
  func `a name that would not do for tools is refused`(name: String) throws {
    let errors = try scratch.errors("[plugins.\"\(name)\"]\ncommand = [\"/p\"]\ntools = true")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("the name of a plugin") == true)
  }

  @Test(arguments: [
    "hooks = [\"requests\"]", "hooks = [\"request\", \"request\"]", "hooks = \"request\"",
  ])
  func `hooks are known and named once`(line: String) throws {
    let errors = try scratch.errors("[plugins.p]\ncommand = [\"/p\"]\n\(line)")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("each one of \"request\", \"response\", \"tool_call\"") == true)
  }

  @Test func `bad variables are refused, their values not repeated`() throws {
    let errors = try scratch.errors(
      "[plugins.p]\ncommand = [\"/p\"]\ntools = true\nenv = { \"A=B\" = \"x\", C = \"secret\\u0000\" }"
    )
    #expect(errors.count == 2)
    #expect(errors.first?.contains("the name of an environment variable") == true)
    #expect(errors.last?.contains("secret") == false)
  }

  @Test func `approvals are allow, ask or deny`() throws {
    let errors = try scratch.errors(
      "[plugins.p]\ncommand = [\"/p\"]\ntools = true\napprovals = { \"p.x\" = \"maybe\" }")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("\"allow\", \"ask\", \"deny\"") == true)
  }
}
