import JSON
import Testing
import TestSupport

@Suite struct ConfigurationStartTests {
  private let simulator: Simulator
  private let scratch: Scratch

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
  }

  private func check(_ text: String) throws -> ChildProcess.Ended {
    let file = try scratch.write("config.toml", text)
    return try run([try Binaries.path(of: "halleyd"), "--check-config", "--config", file])
  }

  @Test(arguments: [
    ("default_modle = \"x\"", "1:1", "default_model"),
    ("default_model = 7", "1:17", "default_model"),
    ("[limits]\n  line = \"80MB\"\n  lines = 1", "3:3", "line"),
    ("[upstreams.a]\nbase_url = \"http://example.org\"", "2:12", "https"),
    ("[upstreams.a]\nbase_url = \"https://a\"\ntotal_timeout = 30", "3:17", "30s"),
    ("default_model = \"x", "1:", "config.toml"),
  ])
  func `a mistake is named by file, line and column`(
    _ text: String, _ place: String, _ word: String
  ) throws {
    let end = try check(text)
    #expect(end.status == 78)
    #expect(end.error.contains("config.toml:\(place)"), "\(end.error)")
    #expect(end.error.contains(word), "\(end.error)")
  }

  @Test func `a sandbox is no mistake where it can't be had, and named`() throws {
    let file = try scratch.write(
      "config.toml",
      """
      [plugins.confined]
      command = ["/bin/true"]
      tools = true
      sandbox = "strict"
      network = false
      [plugins.other]
      command = ["/bin/true"]
      tools = true
      """)
    let end = try run(
      [try Binaries.path(of: "halleyd"), "--check-config", "--config", file],
      environment: ["XDG_RUNTIME_DIR": scratch.path])
    #expect(end.status == 0)
    #expect(
      end.error == """
        halleyd: [plugins.confined] runs without sandbox, network, which only the user's own service \
        has

        """)
  }

  @Test func `all mistakes are named at once`() throws {
    let end = try check("a = 1\nb = 2\n[limits]\nline = true\n")
    #expect(end.error.split(separator: "\n").count == 3, "\(end.error)")
  }

  @Test(arguments: [
    "client_certificate = \"FILE\"", "client_certificate = \"/absent.pem\"",
    "api_key = { file = \"FILE\" }",
    "proxy = \"http://p.example:1\"\nproxy_auth = { file = \"FILE\" }",
  ])
  func `a key that each request would be refused for is named by the check`(_ line: String) throws {
    let key = try scratch.write("key", "me:secret", mode: 0o644)
    let line = line.replacing("FILE", with: key)
    let end = try check("[upstreams.a]\nbase_url = \"https://a.example\"\n\(line)\n")
    #expect(end.status == 78)
    let reason = line.contains("absent") ? "no file" : "may be read or written by others"
    #expect(end.error.contains("upstreams.a: ") && end.error.contains(reason), "\(end.error)")
  }

  @Test func `a usable configuration is said to be so`() throws {
    let end = try check(DaemonProcess.configuration(simulator))
    #expect(end.status == 0)
    #expect(end.output.hasPrefix("ok: "))
  }

  @Test func `a daemon started by hand refuses a bad configuration`() throws {
    let daemon = try DaemonProcess(starting: "x = 1\n", scratch: scratch)
    let end = try daemon.wait()
    #expect(end.status == 78)
    #expect(end.error.contains("config.toml:1:1"))
    #expect(TextFile.mode(of: daemon.socketPath) == nil)
  }

  @Test func `the environment overrides the file`() throws {
    let daemon = try DaemonProcess(
      "default_model = \"from-file\"\n" + DaemonProcess.configuration(simulator),
      environment: ["HALLEY_DEFAULT_MODEL": "from-environment"])
    _ = try daemon.connect().call(1, "responses.create", #"{"input":"Hi"}"#)
    #expect(try simulator.bodies().last?["model"]?.string == "from-environment")
  }

  @Test func `an unusable variable is named`() throws {
    let daemon = try DaemonProcess(
      starting: DaemonProcess.configuration(simulator),
      environment: ["HALLEY_LIMITS_DRAIN": "soon"])
    let end = try daemon.wait()
    #expect(end.status == 78)
    #expect(end.error.contains("HALLEY_LIMITS_DRAIN"))
  }

  @Test func `models are routed to the upstream of the most specific glob`() throws {
    let local = try Simulator()
    let daemon = try DaemonProcess(
      DaemonProcess.configuration(simulator) + """
        [upstreams.local]
        base_url = "\(local.baseURL)"
        models = ["local/*"]
        strip_prefix = true
        """)
    let client = try daemon.connect()
    let answer = try client.create(1, model: "local/gemma")
    #expect(answer.result?["halley"]?["upstream"]?.string == "local")
    #expect(try local.bodies().last?["model"]?.string == "gemma")
    #expect(
      try client.create(2, model: "other").result?["halley"]?["upstream"]?.string == "simulator")
  }

  @Test func `a profile fills in what the request leaves out`() throws {
    let daemon = try DaemonProcess(
      simulator,
      rest: """
        [profiles.brief]
        model = "gpt-5.4-mini"
        instructions = "Be brief."
        temperature = 0.5
        """)
    let answer = try daemon.connect().call(
      1, "responses.create",
      #"{"input":"Hi","temperature":1.5,"halley":{"profile":"brief"}}"#)
    #expect(answer.status == "completed")
    let body = try #require(try simulator.bodies().last)
    #expect(body["model"]?.string == "gpt-5.4-mini")
    #expect(body["instructions"]?.string == "Be brief.")
    #expect(body["temperature"]?.text == "1.5")
  }

  @Test func `own headers go upstream`() throws {
    let daemon = try DaemonProcess(
      simulator, upstream: "headers = { \"X-Title\" = \"halley\" }")
    #expect(try daemon.connect().create(1).status == "completed")
    let headers = try simulator.requests().last?["headers"]?.elements ?? []
    #expect(headers.contains { $0.elements.map(\.string) == ["X-Title", "halley"] })
  }
}
