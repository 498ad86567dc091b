import JSON
import Testing
import TestSupport

/// The models that a client of HTTP may name, whichever of the upstreams answer.
@Suite struct HTTPModelTests {
  private func ids(_ stage: HTTPStage) throws -> [String] {
    let answer = try stage.ask("GET", "/v1/models")
    #expect(answer.status == 200, "\(answer.text)")
    let list = try answer.json()
    #expect(list["object"]?.string == "list")
    for model in list["data"]?.elements ?? [] {
      #expect(model["object"]?.string == "model")
      #expect(model["created"]?.integer != nil)
      #expect(model["owned_by"]?.string != nil)
      #expect(model["halley"] == nil)
    }
    return list["data"]?.elements.compactMap { $0["id"]?.string } ?? []
  }

  @Test func `models are listed by the names that lead to them`() throws {
    let other = try Simulator()
    let stage = try HTTPStage(
      rest: """
        [upstreams.other]
        base_url = "\(other.baseURL)"
        models = ["other/*", "kept"]
        strip_prefix = true
        api_key = { none = true }
        """)
    let ids = try ids(stage)
    #expect(Set(ids).count == ids.count)
    #expect(ids.contains("gpt-5.4"))
    #expect(ids.contains("other/gpt-5.4"))
    #expect(ids.contains("kept"))
    let answer = try stage.ask(
      "POST", "/v1/responses", body: #"{"model":"other/gpt-5.4","input":"Hi"}"#)
    #expect(answer.head["x-halley-upstream"] == "other")
    let full = try stage.ask("GET", "/v1/models/other%2Fgpt-5.4", ["x-halley: full"]).json()
    #expect(full["halley"]?["upstream"]?.string == "other")
  }

  @Test(arguments: [true, false])
  func `what the configuration names is listed although its upstream does not answer`(
    _ listens: Bool
  ) throws {
    let port = try DeafPort(listens: listens)
    let stage = try HTTPStage(
      http: "default_model = \"quiet-default\"",
      rest: """
        [upstreams.quiet]
        base_url = "http://127.0.0.1:\(port.port)/v1"
        models = ["quiet", "quiet-*"]
        api_key = { none = true }
        [prices."quiet-priced"]
        input = 1.0
        output = 2.0
        """)
    let begun = ContinuousClock.now
    let ids = try ids(stage)
    #expect(ContinuousClock.now - begun < .seconds(10))
    #expect(Set(["gpt-5.4", "quiet", "quiet-default", "quiet-priced"]).isSubset(of: ids), "\(ids)")
    // It is left alone for a while.
    let again = ContinuousClock.now
    #expect(try stage.ask("GET", "/v1/models/quiet-priced").status == 200)
    #expect(try stage.ask("GET", "/v1/models/quiet-none").status == 404)
    #expect(ContinuousClock.now - again < .seconds(2))
  }

  @Test func `a token sees the models that it may ask for`() throws {
    let stage = try HTTPStage()
    let client = try stage.daemon.connect()
    let made = try client.call(1, "tokens.create", #"{"name":"t","models":["gpt-5.4*"]}"#).result
    let token = try #require(made?["token"]?.string)
    let info = try client.call(2, "http.info").result
    let address = try #require(info?["listening"]?.elements.first?["address"]?.string)
    let answer = try LoopbackConnection(address).exchange(
      "GET /v1/models HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n"
        + "Authorization: Bearer \(token)\r\n\r\n")
    #expect(answer.contains(#""id":"gpt-5.4-mini""#), "\(answer)")
    #expect(!answer.contains("o4-sim"))
  }
}
