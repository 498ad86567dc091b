import Glibc
import JSON
import Testing
import TestSupport

/// `[sockets.NAME]`: whoever comes in there may create responses and look at them, and nothing else.
@Suite struct RestrictedSocketTests {
  private static let prices = """
    [prices."gpt-5.4"]
    input = 1000.0
    output = 1000.0

    """

  private let simulator: Simulator
  private let scratch: Scratch

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
  }

  private var path: String { "\(scratch.path)/box.sock" }

  private func configuration(_ limits: String, prices: String = "") -> String {
    DaemonProcess.configuration(
      simulator, rest: prices + "[sockets.box]\npath = \"\(path)\"\n\(limits)\n")
  }

  /// Starts a daemon that has come to listening at its sockets.
  private func start(_ limits: String = "", prices: String = "") throws -> DaemonProcess {
    let daemon = try DaemonProcess(configuration(limits, prices: prices), scratch: scratch)
    _ = try daemon.connect().call(1, "daemon.ping")
    return daemon
  }

  private func connect(_ daemon: DaemonProcess) throws -> SocketClient {
    try SocketClient(path, of: daemon)
  }

  @Test func `only a few methods are open`() throws {
    let daemon = try start()
    let client = try connect(daemon)
    let greeting = try client.call(1, "initialize")
    let methods = greeting.result?["capabilities"]?["methods"]?.elements.compactMap(\.string) ?? []
    #expect(methods.count > 30)
    let open = [
      "initialize", "$/cancelRequest", "daemon.ping", "models.list", "responses.create",
      "responses.retrieve", "responses.cancel", "responses.delete", "responses.input_items.list",
    ]
    for (id, method) in methods.enumerated() {
      let answer = try client.call(100 + id, method, #"{"no_member":[]}"#)
      let isForbidden = answer.errorCode == "permission"
      #expect(isForbidden != open.contains(method), "\(method): \(answer.message.text)")
      #expect(!isForbidden || answer.error?["message"]?.string?.contains("\"box\"") == true)
    }
  }

  @Test func `what is made there belongs to the socket`() throws {
    let daemon = try start()
    let (client, user) = (try connect(daemon), try daemon.connect())
    _ = try client.call(1, "initialize", #"{"client":{"name":"nvim","version":"1"}}"#)
    let made = try client.say("from the box")
    #expect(made.status == "completed")
    #expect(try client.retrieve(made.id).status == "completed")
    #expect(try user.retrieve(made.id).errorCode == "not_found")
    let own = try user.say("from the user", #""conversation":"mine""#)
    #expect(try client.retrieve(own.id).errorCode == "not_found")
    let next = try client.say("x", #""previous_response_id":"\#(own.id)""#)
    #expect(next.errorCode == "not_found")
    let other = try connect(daemon)
    #expect(try other.retrieve(made.id).status == "completed")
    let named = try client.say("x", #""conversation":"mine""#)
    #expect(named.status == "completed")
    #expect(try user.texts(of: "mine").filter { $0 == "x" }.isEmpty)
    let deleted = try other.call(2, "responses.delete", #"{"response_id":"\#(made.id)"}"#)
    #expect(deleted.error == nil)
    let usage = try user.call(3, "usage.summary", #"{"by":"client"}"#)
    let clients = usage.result?["data"]?.elements.compactMap { $0["client"]?.string } ?? []
    #expect(clients.contains("box") && !clients.contains("nvim"), "\(clients)")
  }

  @Test func `only its models may be asked, and are listed`() throws {
    let daemon = try start(#"models = ["gpt-5.4-m*"]"#)
    let client = try connect(daemon)
    #expect(try client.create(1, model: "gpt-5.4-mini").status == "completed")
    let refused = try client.create(2, model: "gpt-5.4")
    #expect(refused.errorCode == "permission")
    #expect(refused.param == "model")
    let prompt = try client.call(3, "responses.create", #"{"prompt":{"id":"pmpt_1"}}"#)
    #expect(prompt.errorCode == "permission")
    let models = try client.call(4, "models.list").result?["data"]?.elements ?? []
    #expect(!models.isEmpty)
    #expect(models.allSatisfy { $0["id"]?.string?.hasPrefix("gpt-5.4-m") == true })
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `it has no tool that it is not given`() throws {
    let daemon = try start()
    let client = try connect(daemon)
    let refused = try client.create(1, halley: #"{"tools":["git.*"]}"#)
    #expect(refused.errorCode == "permission")
    #expect(refused.param == "halley.tools[0]")
    let own = try client.say(
      "x", #""tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]"#)
    #expect(own.error == nil)
    for tool in [
      #"{"type":"web_search"}"#, #"{"type":"mcp","server_label":"x","server_url":"https://x"}"#,
      #"{"type":"local_shell"}"#, #"{"type":"namespace","name":"n","tools":[]}"#,
    ] {
      let other = try client.say(
        "x", #""tools":[{"type":"custom","name":"c"},\#(tool)]"#)
      #expect(other.errorCode == "permission", "\(tool)")
      #expect(other.param == "tools[1]")
    }
    #expect(try daemon.connect().say("x", #""tools":[{"type":"web_search"}]"#).error == nil)
  }

  @Test func `tools of the upstream's are allowed by their type`() throws {
    let daemon = try start(#"tools = ["web_search*"]"#)
    let client = try connect(daemon)
    #expect(try client.say("x", #""tools":[{"type":"web_search"}]"#).error == nil)
    let refused = try client.say("x", #""tools":[{"type":"code_interpreter"}]"#)
    #expect(refused.errorCode == "permission")
    #expect(refused.param == "tools[0]")
  }

  @Test func `it is not told where keys are`() throws {
    let place = "\(scratch.path)/none.key"
    let daemon = try DaemonProcess(
      configuration("").replacing(
        "api_key = { none = true }", with: "api_key = { file = \"\(place)\" }"),
      scratch: scratch)
    #expect(try daemon.connect().say("x").message.text.contains(place))
    let refused = try connect(daemon).say("x")
    #expect(refused.errorCode == "config")
    #expect(!refused.message.text.contains("/"), "\(refused.message.text)")
  }

  @Test func `it spends a day what it may, also after a restart`() throws {
    let daemon = try start("budget_usd = 0.2", prices: Self.prices)
    let client = try connect(daemon)
    let first = try client.say("hello", #""max_output_tokens":64"#)
    #expect(first.halley?["cost_usd"]?.double ?? 0 > 0)
    func spend(_ client: SocketClient) throws -> Answer {
      try client.say("hello again", #""max_output_tokens":190"#)
    }
    let refused = try spend(client)
    #expect(refused.errorCode == "budget_exceeded")
    #expect(refused.errorData?["budget"]?.string == "sockets.box.budget_usd")
    #expect(try daemon.connect().say("hello", #""max_output_tokens":190"#).status != nil)
    client.close()
    #expect(try daemon.stop().status == 0)
    let restarted = try start("budget_usd = 0.2", prices: Self.prices)
    let again = try spend(try connect(restarted))
    #expect(again.errorCode == "budget_exceeded")
    #expect(again.errorData?["spent_usd"]?.double ?? 0 > 0)
  }

  @Test func `a reload changes what is allowed at once, and where it is`() throws {
    let daemon = try start(#"models = ["gpt-5.4-mini"]"#)
    let (client, user) = (try connect(daemon), try daemon.connect())
    #expect(try client.create(1).errorCode == "permission")
    try daemon.writeConfiguration(configuration(#"models = ["gpt-5.4"]"#))
    #expect(try user.call(1, "daemon.reload").error == nil)
    #expect(try client.create(2).status == "completed")
    #expect(try client.create(3, model: "gpt-5.4-mini").errorCode == "permission")
    try daemon.writeConfiguration(DaemonProcess.configuration(simulator))
    #expect(try user.call(2, "daemon.reload").error == nil)
    #expect(try client.isClosedByDaemon())
    #expect(unsafe access(path, F_OK) != 0)
  }

  @Test func `its file has the mode that is configured`() throws {
    let daemon = try start(#"mode = "0660""#)
    var status = stat()
    try #require(unsafe stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o660)
    #expect(try daemon.stop().status == 0)
    #expect(unsafe access(path, F_OK) != 0)
  }

  @Test func `one that speaks HTTP allows the same, without a token`() throws {
    let daemon = try start("protocol = \"http\"\nmodels = [\"gpt-5.4\"]")
    func status(_ arguments: String...) throws -> String {
      try run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", path] + arguments
      ).output
    }
    func post(_ path: String, _ body: String) throws -> String {
      try status(
        "-H", "Content-Type: application/json", "-d", body, "http://localhost/v1/\(path)")
    }
    #expect(try post("responses", #"{"model":"gpt-5.4","input":"x"}"#) == "200")
    #expect(try post("responses", #"{"model":"gpt-5.4-mini","input":"x"}"#) == "403")
    #expect(try post("conversations", "{}") == "403")
    #expect(try status("http://localhost/v1/models") == "200")
    #expect(try status("http://localhost/v1/models/gpt-5.4") == "403")
    #expect(try status("http://localhost/halley/overview") == "403")
    let usage = try daemon.connect().call(3, "usage.summary", #"{"by":"client"}"#)
    let clients = usage.result?["data"]?.elements.compactMap { $0["client"]?.string } ?? []
    #expect(clients == ["box"], "\(clients)")
  }

  @Test func `a place that can't be had keeps nobody else from being served`() throws {
    try scratch.write("box.sock", "no socket")
    let daemon = try start()
    #expect(try daemon.connect().call(1, "daemon.ping").error == nil)
    try Wait.until("the entry in the log") {
      daemon.log.contains("The socket \"box\" serves nobody")
    }
  }
}
