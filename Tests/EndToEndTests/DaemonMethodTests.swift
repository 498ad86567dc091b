import JSON
import TestSupport
import Testing

@Suite struct DaemonMethodTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess
  private let client: SocketClient

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
    client = try daemon.connect()
  }

  @Test func `initialize tells server, protocol, capabilities and limits`() throws {
    let result = try #require(
      try client.call(
        1, "initialize",
        #"{"client":{"name":"tests","version":"1"},"capabilities":{"approvals":true}}"#
      ).result)
    #expect(result["server"]?["name"]?.string?.isEmpty == false)
    #expect(result["server"]?["version"]?.string?.isEmpty == false)
    #expect(result["protocol"]?.integer == 1)
    #expect(result["capabilities"]?.kind == .object)
    #expect(result["limits"]?["line"]?.integer == 80 << 20)
    #expect(result["limits"]?["depth"]?.integer == 128)
    #expect(result["limits"]?["nodes"]?.integer == 250_000)
  }

  @Test func `initialize names the client`() throws {
    _ = try client.call(1, "initialize", #"{"client":{"name":"nvim-test"}}"#)
    let list = try daemon.status()["clients"]?["list"]?.elements ?? []
    #expect(list.contains { $0["name"]?.string == "nvim-test" })
  }

  @Test func `a client without initialize is named after its program`() throws {
    let end = try run(
      ["nc", "-N", "-U", daemon.socketPath], input: #"{"id":1,"method":"daemon.status"}"# + "\n")
    let list = try RawJSON(parsing: end.output)["result"]?["clients"]?["list"]?.elements ?? []
    #expect(list.contains { $0["name"]?.string?.hasPrefix("nc") == true }, "\(end.output)")
  }

  @Test(arguments: [
    (#"{"client":{"name":7}}"#, "client.name"), (#"{"client":[]}"#, "client"),
    (#"{"capabilities":{"approvals":1}}"#, "capabilities.approvals"),
    (#"{"client":{"version":1}}"#, "client.version"), (#"{"client":{"name":""}}"#, "client.name"),
    (#"{"client":{"name":"\#(String(repeating: "é", count: 65))"}}"#, "client.name"),
    (#"{"capabilities":[]}"#, "capabilities"), (#"{"protocol":0}"#, "protocol"),
    (#"{"protocol":"1"}"#, "protocol"), (#"{"protocol":1.5}"#, "protocol"),
    (#"{"protocol":-1}"#, "protocol"),
  ])
  func `initialize refuses what it can't take`(_ params: String, _ param: String) throws {
    let answer = try client.call(1, "initialize", params)
    #expect(answer.errorCode == "invalid_params")
    #expect(answer.param == param)
  }

  @Test(arguments: ["1", "2", "2.0", "9007199254740993", "null"])
  func `a client of any protocol is told the daemon's`(_ version: String) throws {
    let params =
      #"{"protocol":\#(version),"client":{"name":"\#(String(repeating: "é", count: 64))","os":1},"new":[]}"#
    let answer = try client.call(1, "initialize", params)
    #expect(answer.result?["protocol"]?.integer == 1, "\(answer.message.text)")
  }

  @Test func `one model is as it is in the list`() throws {
    let list = try #require(try client.call(1, "models.list").result?["data"]?.elements)
    for (id, model) in list.enumerated() {
      let name = try #require(model["id"]?.string)
      let answer = try client.call(id + 2, "models.retrieve", #"{"model":"\#(name)"}"#)
      #expect(answer.result == model)
      #expect(answer.result?["halley"]?["upstream"]?.string == "simulator")
    }
  }

  @Test func `a model that there is not is not found`() throws {
    let answer = try client.call(1, "models.retrieve", #"{"model":"gpt-5.4-minii"}"#)
    #expect(answer.errorCode == "not_found")
    #expect(answer.param == "model")
    #expect(answer.errorData?["did_you_mean"]?.string == "gpt-5.4-mini")
    for params in ["{}", #"{"model":1}"#, #"{"model":""}"#, #"{"model":"m","upstream":"u"}"#] {
      #expect(try client.call(2, "models.retrieve", params).errorCode == "invalid_params")
    }
  }

  @Test func `a model is not missing where an upstream can't be asked`() throws {
    try simulator.stop()
    let answer = try client.call(1, "models.retrieve", #"{"model":"gpt-5.4"}"#)
    #expect(["upstream_unreachable", "config"].contains(answer.errorCode))
  }

  @Test func `models are the upstream's, each with where it is`() throws {
    let result = try #require(try client.call(1, "models.list").result)
    #expect(result["object"]?.string == "list")
    let models = result["data"]?.elements.filter {
      $0["halley"]?["upstream"]?.string == "simulator"
    }
    #expect(
      models?.compactMap { $0["id"]?.string } == [
        "gpt-5.4", "gpt-5.4-mini", "gpt-4o-sim", "o4-sim", "o4-mini-sim",
      ])
    #expect(models?.allSatisfy { $0["object"]?.string == "model" } == true)
  }

  @Test func `models of one upstream are kept until somebody asks afresh`() throws {
    let asked = { try self.simulator.stats()["requests"]?["GET /models"]?.integer }
    for id in 1...3 {
      #expect(try client.call(id, "models.list", #"{"upstream":"simulator"}"#).error == nil)
    }
    #expect(try asked() == 1)
    let fresh = try client.call(4, "models.list", #"{"upstream":"simulator","refresh":true}"#)
    #expect(fresh.result?["data"]?.elements.count == 5)
    #expect(try asked() == 2)
  }

  @Test func `models of an unknown upstream are a configuration error`() throws {
    let answer = try client.call(1, "models.list", #"{"upstream":"nowhere"}"#)
    #expect(answer.errorCode == "config")
    #expect(answer.message.text.contains("simulator"))
  }

  @Test func `status shows what is going on`() throws {
    try client.startCreate(1, ["stall": "after_events:6"])
    try client.awaitText(1)
    let status = try daemon.status()
    #expect(status["version"]?.string?.isEmpty == false)
    #expect(status["uptime_s"]?.integer.map { $0 >= 0 } == true)
    #expect(status["clients"]?["connected"]?.integer == 2)
    #expect(status["pool"]?["transfers"]?.integer == 1)
    let upstream = try #require(
      status["upstreams"]?.elements.first { $0["name"]?.string == "simulator" })
    #expect(upstream["breaker"]?.string == "closed")
    #expect(upstream["running"]?.integer == 1)
    let run = try #require(status["responses"]?.elements.first)
    #expect(run["model"]?.string == "gpt-5.4")
    #expect(run["upstream"]?.string == "simulator")
    #expect(run["events"]?.integer == 6)
  }

  @Test func `connections are used again over plain HTTP`() throws {
    for id in 1...10 { #expect(try client.create(id).status == "completed") }
    #expect(try daemon.status()["pool"]?["connections_opened"]?.integer == 1)
  }
}
