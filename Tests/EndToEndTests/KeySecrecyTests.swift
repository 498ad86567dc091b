import JSON
import TestSupport
import Testing

@Suite struct KeySecrecyTests {
  private static let canary = "sk-canary-41b9e7c2d05f"

  private let simulator: Simulator
  private let scratch: Scratch

  init() throws {
    simulator = try Simulator(arguments: ["--key", Self.canary])
    scratch = try Scratch()
  }

  private func contains(_ bytes: [UInt8]) -> Bool {
    String(decoding: bytes, as: UTF8.self).contains(Self.canary)
  }

  private func daemonWithKeyFile(_ upstream: String = "") throws -> DaemonProcess {
    let file = try scratch.write("key", Self.canary + "\n")
    return try DaemonProcess(
      simulator, upstream: "api_key = { file = \"\(file)\" }\n\(upstream)")
  }

  @Test func `a key from a file reaches the upstream and no place of the process`() throws {
    let daemon = try daemonWithKeyFile()
    #expect(try daemon.connect().create(1).status == "completed")
    let request = try #require(try simulator.requests().last)
    #expect(request["authorized"]?.boolean == true)
    #expect(!contains(try daemon.figures.environment))
    #expect(!contains(try daemon.figures.arguments))
    #expect(!daemon.log.contains(Self.canary))
    #expect(try !daemon.status().text.contains(Self.canary))
  }

  @Test func `an upstream that repeats the key does not give it away`() throws {
    let daemon = try daemonWithKeyFile("max_retries = 0")
    let answer = try daemon.connect().create(
      1, ["status": "401", "error_message": "Incorrect API key: \(Self.canary)."])
    #expect(answer.errorCode == "upstream_http")
    #expect(answer.errorData?["error"]?["message"]?.string == "Incorrect API key: [key].")
    #expect(!answer.message.text.contains(Self.canary))
    #expect(!daemon.log.contains(Self.canary))
  }

  @Test func `a key in the environment is no part of what is shown`() throws {
    let daemon = try DaemonProcess(
      simulator, upstream: "api_key = { env = \"CANARY_KEY\" }",
      environment: ["CANARY_KEY": Self.canary])
    #expect(try daemon.connect().create(1).status == "completed")
    let shown = try run(
      [try Binaries.path(of: "halleyd"), "--config", daemon.configurationPath, "--show-config"],
      environment: ["CANARY_KEY": Self.canary])
    #expect(shown.status == 0)
    #expect(shown.output.contains("CANARY_KEY"))
    #expect(!shown.output.contains(Self.canary))
    #expect(!shown.error.contains(Self.canary))
    #expect(!daemon.log.contains(Self.canary))
  }

  @Test func `a key command gives the key and sees none itself`() throws {
    let seen = "\(scratch.path)/environment"
    let program = try scratch.write(
      "command", "#!/bin/sh\n/usr/bin/env > \(seen)\necho \(Self.canary)\n", mode: 0o700)
    let daemon = try DaemonProcess(
      simulator, upstream: "api_key = { command = [\"\(program)\"] }",
      environment: ["COMETAPI_KEY": "sk-other-key", "HALLEY_DEFAULT_MODEL": "gpt-5.4"])
    #expect(try daemon.connect().create(1).status == "completed")
    #expect(try simulator.requests().last?["authorized"]?.boolean == true)
    let environment = try TextFile.text(seen)
    #expect(environment.contains("PATH="))
    #expect(!environment.contains("sk-other-key"))
    #expect(!environment.contains("HALLEY_"))
  }

  @Test func `a key command that fails is a configuration error`() throws {
    let program = try scratch.write(
      "command", "#!/bin/sh\necho \(Self.canary)\nexit 3\n", mode: 0o700)
    let daemon = try DaemonProcess(
      simulator, upstream: "api_key = { command = [\"\(program)\"] }")
    let answer = try daemon.connect().create(1)
    #expect(answer.errorNumber == -32030)
    #expect(answer.errorData?["hint"]?.string?.isEmpty == false)
    #expect(!answer.message.text.contains(Self.canary))
    #expect(try simulator.count("creates") == 0)
  }

  @Test func `a key file that others may read is refused`() throws {
    let file = try scratch.write("key", Self.canary, mode: 0o640)
    let daemon = try DaemonProcess(
      simulator, upstream: "api_key = { file = \"\(file)\" }")
    let answer = try daemon.connect().create(1)
    #expect(answer.errorNumber == -32030)
    #expect(answer.errorData?["hint"]?.string?.contains("chmod 600 \(file)") == true)
    #expect(!answer.message.text.contains(Self.canary))
    #expect(try simulator.count("creates") == 0)
  }

  @Test func `a key written into the configuration is refused without being repeated`() throws {
    let daemon = try DaemonProcess(
      starting: DaemonProcess.configuration(
        simulator, upstream: "api_key = \"\(Self.canary)\""))
    let end = try daemon.wait()
    #expect(end.status == 78)
    #expect(!end.error.contains(Self.canary))
  }

  @Test func `an upstream without a key is a configuration error with a hint`() throws {
    let daemon = try DaemonProcess(
      """
      default_upstream = "far"
      [upstreams.far]
      base_url = "https://far.invalid/v1"
      """)
    let answer = try daemon.connect().create(1)
    #expect(answer.errorNumber == -32030)
    #expect(answer.errorCode == "config")
    #expect(answer.errorData?["hint"]?.string?.contains("far") == true)
  }

  @Test func `the key goes to its own upstream only`() throws {
    let other = try Simulator()
    let file = try scratch.write("key", Self.canary)
    let daemon = try DaemonProcess(
      """
      default_upstream = "first"
      [upstreams.first]
      base_url = "\(simulator.baseURL)"
      models = ["*"]
      api_key = { file = "\(file)" }
      max_retries = 0
      fallback = ["second"]
      [upstreams.second]
      base_url = "\(other.baseURL)"
      api_key = { none = true }
      """)
    #expect(try daemon.connect().create(1, ["status": "503"]).error != nil)
    let request = try #require(try other.requests().last)
    let names = request["headers"]?.elements.compactMap { $0.elements.first?.string?.lowercased() }
    #expect(names?.contains("authorization") == false)
  }

  @Test func `prompts and answers stay out of the log`() throws {
    let daemon = try daemonWithKeyFile()
    var params = CreateParameters(["text": "answer-canary-93"])
    params.input = "prompt-canary-17"
    #expect(
      try daemon.connect().call(1, "responses.create", params.text).status == "completed")
    try Wait.until("the entry of the response") { daemon.log.contains("Response resp_") }
    #expect(!daemon.log.contains("prompt-canary-17"))
    #expect(!daemon.log.contains("answer-canary-93"))
  }
}
