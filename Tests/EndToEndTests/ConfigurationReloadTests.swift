import Glibc
import JSON
import Testing
import TestSupport

@Suite struct ConfigurationReloadTests {
  private let simulator: Simulator

  init() throws { simulator = try Simulator() }

  private func configuration(
    model: String, _ simulator: Simulator? = nil, upstream: String = ""
  ) -> String {
    "default_model = \"\(model)\"\n"
      + DaemonProcess.configuration(simulator ?? self.simulator, upstream: upstream)
  }

  /// The model that a create which names none is for.
  private func model(_ client: SocketClient) throws -> String? {
    _ = try client.call(77, "responses.create", #"{"input":"Hi"}"#)
    return try simulator.bodies().last?["model"]?.string
  }

  @Test func `daemon reload takes all of a new configuration`() throws {
    let daemon = try DaemonProcess(configuration(model: "gpt-5.4"))
    let client = try daemon.connect()
    #expect(try model(client) == "gpt-5.4")
    try daemon.writeConfiguration(configuration(model: "gpt-5.4-mini"))
    let answer = try client.call(1, "daemon.reload")
    #expect(answer.error == nil)
    #expect(answer.result?.text.contains(daemon.configurationPath) == true)
    #expect(try model(client) == "gpt-5.4-mini")
  }

  @Test func `of reloads at once the one of the newest configuration counts`() throws {
    let daemon = try DaemonProcess(configuration(model: "gpt-5.4"))
    let client = try daemon.connect()
    for number in 1...40 {
      try daemon.writeConfiguration(configuration(model: "gpt-5.4-\(number)"))
      try client.request(number, "daemon.reload", "{}")
    }
    for number in 1...40 { #expect(try client.answer(number).error == nil) }
    #expect(try model(client) == "gpt-5.4-40")
  }

  @Test func `SIGHUP takes a new configuration too`() throws {
    let daemon = try DaemonProcess(configuration(model: "gpt-5.4"))
    let client = try daemon.connect()
    try daemon.writeConfiguration(configuration(model: "gpt-5.4-mini"))
    daemon.signal(SIGHUP)
    try Wait.until("the new model") { try model(client) == "gpt-5.4-mini" }
    #expect(daemon.isRunning)
  }

  @Test func `a mistake keeps all of the old configuration and is named by its place`() throws {
    let daemon = try DaemonProcess(configuration(model: "gpt-5.4"))
    let client = try daemon.connect()
    try daemon.writeConfiguration(
      configuration(model: "gpt-5.4-mini", upstream: "max_retrys = 3"))
    let answer = try client.call(1, "daemon.reload")
    #expect(answer.errorNumber == -32030)
    #expect(answer.errorCode == "config")
    let message = try #require(answer.error?["message"]?.string)
    #expect(message.contains("\(daemon.configurationPath):7:1"), "\(message)")
    #expect(message.contains("max_retrys"))
    #expect(message.contains("did you mean \"max_retries\"?"))
    let errors = try daemon.status()["configuration"]?["errors"]?.elements
    #expect(errors?.compactMap(\.string) == [message])
    #expect(try model(client) == "gpt-5.4")
  }

  @Test func `SIGHUP with a mistake keeps the old configuration and logs its place`() throws {
    let daemon = try DaemonProcess(configuration(model: "gpt-5.4"))
    let client = try daemon.connect()
    try daemon.writeConfiguration("default_model = 7\n")
    daemon.signal(SIGHUP)
    try Wait.until("the mistake in the log") {
      daemon.log.contains("\(daemon.configurationPath):1:")
    }
    #expect(try model(client) == "gpt-5.4")
  }

  @Test func `a file that is gone keeps the old configuration`() throws {
    let daemon = try DaemonProcess(configuration(model: "gpt-5.4"))
    let client = try daemon.connect()
    #expect(unsafe unlink(daemon.configurationPath) == 0)
    #expect(try client.call(1, "daemon.reload").errorCode == "config")
    #expect(try model(client) == "gpt-5.4")
  }

  @Test func `a running response keeps the settings that it began with`() throws {
    let daemon = try DaemonProcess(configuration(model: "gpt-5.4"))
    let client = try daemon.connect()
    try client.startCreate(1, ["words": "60", "rate": "100"])
    try client.awaitText(1)
    let other = try Simulator()
    try daemon.writeConfiguration(
      configuration(
        model: "gpt-5.4", other, upstream: "total_timeout = \"1ms\"\nidle_timeout = \"1ms\""))
    #expect(try client.call(2, "daemon.reload").error == nil)
    #expect(try client.answer(1).status == "completed")
    _ = try client.create(3)
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `an upstream that is taken out is unknown afterwards`() throws {
    let two =
      configuration(model: "gpt-5.4") + """
        [upstreams.second]
        base_url = "\(simulator.baseURL)"
        api_key = { none = true }
        """
    let daemon = try DaemonProcess(two)
    let client = try daemon.connect()
    #expect(try client.create(1, halley: #"{"upstream":"second"}"#).status == "completed")
    try daemon.writeConfiguration(configuration(model: "gpt-5.4"))
    #expect(try client.call(2, "daemon.reload").error == nil)
    #expect(try client.create(3, halley: #"{"upstream":"second"}"#).errorCode == "config")
  }

  @Test func `new limits hold for new connections`() throws {
    let daemon = try DaemonProcess(configuration(model: "gpt-5.4"))
    let client = try daemon.connect()
    try daemon.writeConfiguration(
      configuration(model: "gpt-5.4") + "[limits]\nline = \"4KiB\"\n")
    #expect(try client.call(1, "daemon.reload").error == nil)
    let limits = try daemon.connect().call(1, "initialize").result?["limits"]
    #expect(limits?["line"]?.integer == 4096)
  }
}
