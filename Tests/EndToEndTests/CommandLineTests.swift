import Glibc
import JSON
import TestSupport
import Testing

/// The real `halley` against the real daemon; its own suite plays the daemon.
@Suite struct CommandLineTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator, rest: "[cache]\nttl = \"24h\"\n")
  }

  private func halley(_ arguments: String..., input: String? = nil) throws -> ChildProcess.Ended {
    try run(
      [try Binaries.path(of: "halley")] + arguments, input: input,
      environment: ["HALLEY_SOCKET": daemon.socketPath])
  }

  @Test func `a prompt is answered on stdout`() throws {
    let end = try halley("ask", "Hello", "--param", #"metadata={"text":"Good evening."}"#)
    #expect(end.status == 0, "\(end.error)")
    #expect(end.output == "Good evening.\n")
    #expect(end.error.isEmpty)
  }

  @Test func `stdin comes before the prompt`() throws {
    let end = try halley("What is this?", input: "some text")
    #expect(end.status == 0, "\(end.error)")
    #expect(try simulator.bodies().last?.text.contains(#"some text\n\nWhat is this?"#) == true)
  }

  @Test func `rpc prints the result`() throws {
    let end = try halley("rpc", "daemon.ping")
    #expect(end.status == 0)
    #expect(end.output == "{}\n")
  }

  @Test func `what rpc is told may stand on many lines`() throws {
    let end = try halley("rpc", "conversations.create", input: "{\n\"name\":\r\n\"x\"\n}\n")
    #expect(end.status == 0, "\(end.error)")
    #expect(try RawJSON(parsing: end.output)["name"]?.string == "x")
  }

  @Test(arguments: [
    ["rpc", "daemon.ping"], ["cache", "stats", "--json"], ["list", "--json"],
  ])
  func `the socket may be named before the command`(_ words: [String]) throws {
    let program = try Binaries.path(of: "halley")
    for option in [["--socket", daemon.socketPath], ["--socket=\(daemon.socketPath)"]] {
      let end = try run([program] + option + words)
      #expect(end.status == 0, "\(end.error)")
      #expect(end.output.hasPrefix("{") || end.output.isEmpty)
    }
    let asked = try run([program, "--socket", daemon.socketPath, "--", "list"])
    #expect(asked.status == 0, "\(asked.error)")
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `models and status are shown`() throws {
    let models = try halley("models")
    #expect(models.status == 0)
    #expect(models.output.contains("gpt-5.4-mini"))
    let status = try halley("status")
    #expect(status.status == 0)
    #expect(status.output.contains("simulator"))
  }

  @Test func `an interrupt cancels upstream and exits 130`() throws {
    let process = try ChildProcess(
      [
        try Binaries.path(of: "halley"), "ask", "Hello", "--param",
        #"metadata={"endless":"deltas","event_delay_ms":"5"}"#,
      ], environment: ["HALLEY_SOCKET": daemon.socketPath])
    try Wait.until("some text") { !process.outputText.isEmpty }
    process.signal(SIGINT)
    #expect(try process.wait().status == 130)
    try Wait.until("the upstream's connection to close") {
      try simulator.count("cancelled_streams") == 1
    }
  }

  @Test(arguments: [("401", 77), ("400", 1), ("503", 75)] as [(String, Int32)])
  func `an error of the upstream has its exit status`(_ status: String, _ exit: Int32) throws {
    let end = try halley(
      "ask", "Hello", "--param", #"metadata={"status":"\#(status)","retry_after_ms":"1"}"#)
    #expect(end.status == exit, "\(end.error)")
    #expect(end.output.isEmpty)
    #expect(!end.error.isEmpty)
  }

  @Test func `an answer that is cut is printed and ends with 3`() throws {
    let end = try halley(
      "ask", "Hello", "--max-tokens", "16", "--param", #"metadata={"words":"60"}"#)
    #expect(end.status == 3, "\(end.error)")
    #expect(!end.output.isEmpty)
    #expect(end.error.contains("--max-tokens"))
  }

  @Test func `what the configuration does not have ends with 78`() throws {
    let end = try halley("ask", "--upstream", "nope", "Hello")
    #expect(end.status == 78)
    #expect(end.error.contains("known are: simulator"))
  }

  @Test func `the nearest model is named where the upstream does not know one`() throws {
    let end = try halley(
      "ask", "-m", "gpt-5.4-mni", "Hello", "--param",
      #"metadata={"status":"404","error_code":"model_not_found"}"#)
    #expect(end.status == 1)
    #expect(end.error.hasSuffix("\n  did you mean: -m gpt-5.4-mini\n"), "\(end.error)")
    let other = try halley("ask", "-m", "missing-model", "Hello")
    #expect(other.error.hasSuffix("\n  see which there are: halley models\n"), "\(other.error)")
  }

  @Test func `only the cache answers where that is asked for`() throws {
    let miss = try halley("--cached", "Hello")
    #expect(miss.status == 1)
    #expect(miss.error.contains("ask without --cached"))
    let first = try halley("Hello").output
    #expect(try halley("--cached", "Hello").output == first)
    #expect(try simulator.bodies().count == 1)
    #expect(try halley("--fresh", "Hello").output == first)
    #expect(try halley("--no-cache", "Hello").output == first)
    #expect(try simulator.bodies().count == 3)
  }

  @Test func `a background answer is attached to, and cancelled`() throws {
    let start = try halley("--background", "Hello", "--param", #"metadata={"text":"Evening."}"#)
    #expect(start.status == 0, "\(start.error)")
    let id = start.output.filter { $0 != "\n" }
    let attached = try halley("attach", id)
    #expect(attached.status == 0, "\(attached.error)")
    #expect(attached.output == "Evening.\n")
    let endless = try halley(
      "--background", "Hello", "--param", #"metadata={"endless":"deltas","event_delay_ms":"5"}"#)
    let other = endless.output.filter { $0 != "\n" }
    let cancelled = try halley("cancel", other)
    #expect(cancelled.output == "cancelled\n")
    #expect(try halley("attach", other).status == 3)
  }

  @Test func `usage and cache are told`() throws {
    #expect(try halley("Hello").status == 0)
    #expect(try halley("Hello").status == 0)
    let usage = try halley("usage", "--by", "model", "--csv")
    let lines = usage.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix("model,requests,") == true, "\(usage.error)")
    #expect(lines.last?.hasPrefix("gpt-5.4,2,") == true)
    #expect(try halley("usage").output.contains("HITS"))
    let cache = try halley("cache")
    #expect(cache.output.contains("hits            1\n"), "\(cache.output)")
    #expect(try halley("cache", "explain", "Hello").output.contains("hit     yes\n"))
    #expect(try halley("cache", "clear").output == "removed  1\n")
    #expect(try halley("cache", "explain", "Hello").output.contains("hit     no\n"))
  }

  @Test func `a key is taken where the daemon reads it, and nowhere else`() throws {
    let configuration = """
      default_upstream = "own"
      [upstreams.own]
      base_url = "\(simulator.baseURL)"
      [upstreams.named]
      base_url = "https://localhost"
      api_key = { env = "NAMED" }
      [upstreams.open]
      base_url = "\(simulator.baseURL)"
      api_key = { none = true }
      """
    let daemon = try DaemonProcess(configuration)
    let home = daemon.scratch.path
    func set(_ name: String, in directory: String) throws -> ChildProcess.Ended {
      try run(
        [try Binaries.path(of: "halley"), "keys", "set", name], input: "secret\n",
        environment: ["HALLEY_SOCKET": daemon.socketPath, "XDG_CONFIG_HOME": directory])
    }
    for (name, status, words) in [
      ("nosuch", 64, "has no upstream \"nosuch\""), ("named", 78, "environment variable NAMED"),
      ("open", 78, "without a key"), ("own", 78, "\(home)/keys/own"),
    ] as [(String, Int32, String)] {
      let end = try set(name, in: "\(home)/elsewhere")
      #expect(end.status == status)
      #expect(end.error.contains(words), "\(end.error)")
    }
    #expect(unsafe access("\(home)/elsewhere", F_OK) != 0)
    #expect(unsafe symlink(home, "\(home)/halley") == 0)
    let end = try set("own", in: home)
    #expect(end.status == 0, "\(end.error)")
    #expect(try TextFile.text("\(home)/keys/own") == "secret\n")
  }
}
