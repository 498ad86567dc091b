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

  @Test(arguments: [
    [:], ["chunk_bytes": "7"], ["drip": "1", "drip_delay_us": "20"], ["failed": "1"],
    ["close_raw": "after_events:9"], ["json_always": "1"],
  ])
  func `an answer that repeats the key has it in no event, no result and no file`(
    _ controls: [String: String]
  ) throws {
    let daemon = try daemonWithKeyFile("max_retries = 0")
    var controls = controls
    controls["text"] = "Your key is \(Self.canary) , I think, and that is all that there is."
    controls["error_message"] = "No, \(Self.canary)!"
    let client = try daemon.connect()
    for stream in [true, false] {
      let answer = try client.create(1, controls, stream: stream)
      if stream { #expect(answer.message.text.contains("[key]")) }
      #expect(!answer.message.text.contains(Self.canary))
      for event in answer.events { #expect(!event.text.contains(Self.canary)) }
    }
    _ = try daemon.stop()
    let found = try run(["grep", "-rlaF", "--", Self.canary, "\(daemon.scratch.path)/state"])
    #expect(found.status == 1, "\(found.output)")
    #expect(!daemon.log.contains(Self.canary))
  }

  @Test(arguments: ["output_text", "function_call_arguments", "reasoning_summary_text", "odd"])
  func `a key that several deltas bring parts of reaches no client and no file`(_ type: String)
    throws
  {
    let parts = [
      "It is ", "s", String(Self.canary.dropFirst().dropLast(9)), "\(Self.canary.suffix(9))",
      " indeed",
    ]
    let deltas = parts.map {
      #"{"type":"response.\#(type).delta","item_id":"i","output_index":0,"delta":"\#($0)"}"#
    }
    let created = #"{"type":"response.created","response":{"id":"resp_split","object":"response"}}"#
    let script = ([created] + deltas).map { "data: \($0)\n\n" }.joined()
    try simulator.writeScript("split", Array(script.utf8))
    let daemon = try daemonWithKeyFile("max_retries = 0")
    let client = try daemon.connect()
    let answer = try client.create(1, ["script": "split"])
    let told = answer.events.compactMap { $0["delta"]?.string }.joined()
    #expect(told == "It is [key] indeed")
    #expect(!answer.message.text.contains(Self.canary))
    try daemon.kill()
    let found = try run([
      "grep", "-rlaF", "--", "\(Self.canary.suffix(9))", "\(daemon.scratch.path)/state",
    ])
    #expect(found.status == 1, "\(found.output)")
  }

  @Test func `what a configured header logs in with is no text for clients`() throws {
    let daemon = try daemonWithKeyFile("headers = { X-Gateway-Token = \"Bearer gate-canary-77\" }")
    let answer = try daemon.connect().create(
      1, ["status": "400", "error_message": "no gate-canary-77"])
    #expect(answer.errorData?["error"]?["message"]?.string == "no [key]")
  }

  @Test func `what a compaction repeats of the key is taken out`() throws {
    let answer = try daemonWithKeyFile().connect().call(
      1, "responses.compact", #"{"model":"gpt-5.4","input":"I use \#(Self.canary)"}"#)
    #expect(answer.error == nil)
    #expect(answer.message.text.contains("[key]"))
    #expect(!answer.message.text.contains(Self.canary))
  }

  @Test(arguments: ["x", "test", "EMPTY"])
  func `a key that is a word leaves errors and answers readable`(_ key: String) throws {
    let file = try scratch.write("word", key)
    let simulator = try Simulator(arguments: ["--key", key])
    let daemon = try DaemonProcess(
      simulator, upstream: "api_key = { file = \"\(file)\" }\nmax_retries = 0")
    let client = try daemon.connect()
    let message = "max_tokens of the latest text is EMPTY-ish"
    let error = try client.create(1, ["status": "400", "error_message": message])
    #expect(error.errorData?["error"]?["message"]?.string == message)
    let told = try client.create(2, ["status": "401", "error_message": "No key '\(key)'."])
    #expect(told.errorData?["error"]?["message"]?.string == "No key '[key]'.")
    let text = "Say \(key) = 1; a test of EMPTY x."
    let answer = try client.create(3, ["text": text])
    #expect(answer.streamedText == text)
    #expect(answer.text == text)
  }

  /// An MCP tool with what logs in to its server.
  private static let tool =
    #"{"type":"mcp","server_label":"s","server_url":"https://mcp.invalid","#
    + #""authorization":"oauth-canary-1","headers":{"X-Key":"header-canary-2"}}"#

  @Test(arguments: [
    #""stream":true"#, #""stream":false"#, #""background":true"#,
    #""stream":true,"metadata":{"script":"echo"}"#,
  ])
  func `what a tool logs in with is sent, and kept nowhere`(_ members: String) throws {
    // Some upstreams repeat the tools as they were given.
    let response =
      #"{"id":"resp_echo","object":"response","status":"completed","output":[],"#
      + #""model":"m","tools":[\#(Self.tool)]}"#
    let events = ["created", "completed"].map {
      #"data: {"type":"response.\#($0)","response":\#(response)}"# + "\n\n"
    }
    try simulator.writeScript("echo", Array(events.joined().utf8))
    let daemon = try daemonWithKeyFile()
    let answer = try daemon.connect().call(
      1, "responses.create", #"{"input":"Hi","tools":[\#(Self.tool)],\#(members)}"#)
    #expect(answer.error == nil)
    #expect(answer.result?["tools"]?.elements.first?["server_label"]?.string == "s")
    #expect(!answer.message.text.contains("-canary-"))
    for event in answer.events { #expect(!event.text.contains("-canary-")) }
    try Wait.until("the request to be sent") { try !simulator.bodies().isEmpty }
    #expect(try simulator.bodies().last?["tools"]?.text == "[\(Self.tool)]")
    _ = try daemon.stop()
    let state = "\(daemon.scratch.path)/state"
    let found = try run(["grep", "-rlaE", "--", "(oauth|header)-canary-", state])
    #expect(found.status == 1, "\(found.output)")
  }

  @Test func `what an upstream says can't forge a line of the log or turn its writing`() throws {
    let daemon = try daemonWithKeyFile("max_retries = 0")
    let odd = "a\u{9B}31m\u{202E}b\u{2028}c\u{85}"
    _ = try daemon.connect().create(1, ["status": "503", "error_message": odd])
    try Wait.until("the entry") { daemon.log.contains("does not answer") }
    #expect(daemon.log.contains(#"a\u{9B}31m\u{202E}b\u{2028}c\u{85}"#))
    let scalars = daemon.log.unicodeScalars.map(\.value)
    #expect(!scalars.contains { [0x85, 0x9B, 0x2028, 0x202E].contains($0) })
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
