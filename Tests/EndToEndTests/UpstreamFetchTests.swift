import JSON
import TestSupport
import Testing

/// What is asked of an upstream beside responses.
@Suite struct UpstreamFetchTests {
  private static let methods = [
    ("models.list", #"{"refresh":true}"#), ("models.retrieve", #"{"model":"m"}"#),
    ("responses.input_tokens.count", #"{"model":"m","input":"Hi"}"#),
    ("responses.compact", #"{"model":"m","input":"Hi"}"#),
  ]

  private static let never = [
    "5", "{}", "null", "[5]", #""Hi""#, #"{"data":5}"#, #"{"data":[{}]}"#, #"{"data":[{"id":5}]}"#,
    #"{"input_tokens":-1}"#, #"{"input_tokens":"5"}"#, #"{"input_tokens":1.5}"#, #"{"output":{}}"#,
    #"{"object":"chat.completion","output":[]}"#,
  ]

  @Test(arguments: never)
  func `an answer that is not what was asked is none`(_ body: String) throws {
    let upstream = try OddUpstream("says:\(body)")
    let client = try upstream.daemon.connect()
    for (id, (method, params)) in Self.methods.enumerated() {
      let answer = try client.call(id, method, params)
      #expect(answer.errorCode == "upstream_protocol", "\(method): \(answer.message.text)")
      #expect(answer.errorData?["detail"]?.string == "body")
      #expect(answer.error?["message"]?.string?.contains("was expected") == true)
    }
  }

  @Test func `an error with a good status is the upstream's`() throws {
    let upstream = try OddUpstream(#"says:{"error":{"message":"Broken."}}"#)
    let client = try upstream.daemon.connect()
    for (id, (method, params)) in Self.methods.enumerated() {
      let answer = try client.call(id, method, params)
      #expect(answer.errorCode == "upstream_http", "\(method): \(answer.message.text)")
      #expect(answer.errorData?["error"]?["message"]?.string == "Broken.")
    }
  }

  @Test(arguments: [#"{"data":[{},{"id":"m"},5]}"#, #"[{"id":"m"}]"#])
  func `what is no model is not among the models`(_ body: String) throws {
    let upstream = try OddUpstream("says:\(body)")
    let list = try upstream.daemon.connect().call(1, "models.list").result?["data"]?.elements
    #expect(list?.map { $0["id"]?.string } == ["m"])
  }

  /// A daemon whose upstream is not there.
  private func away(_ port: DeafPort, retries: Int) throws -> DaemonProcess {
    try DaemonProcess(
      """
      default_upstream = "away"
      [upstreams.away]
      base_url = "http://127.0.0.1:\(port.port)/v1"
      api_key = { none = true }
      max_retries = \(retries)
      """)
  }

  @Test func `an upstream that is left alone is asked for nothing`() throws {
    let port = try DeafPort(listens: false)
    let client = try away(port, retries: 0).connect()
    for id in 1...5 {
      let answer = try client.call(id, "models.list")
      #expect(answer.errorCode == "upstream_unreachable", "\(answer.message.text)")
    }
    for (id, (method, params)) in Self.methods.enumerated() {
      let answer = try client.call(10 + id, method, params)
      #expect(answer.errorCode == "upstream_circuit_open", "\(method): \(answer.message.text)")
    }
    #expect(try client.create(20).errorCode == "upstream_circuit_open")
  }

  @Test func `whatever is asked takes a place, and waits for one`() throws {
    let simulator = try Simulator()
    let daemon = try DaemonProcess(
      simulator, upstream: "max_concurrent = 1", rest: "[limits]\nqueue = 1")
    let client = try daemon.connect()
    try client.startCreate(1, ["stall": "after_events:6"])
    try client.awaitText(1)
    try client.request(2, "models.list")
    try client.settle()
    for (id, (method, params)) in Self.methods.dropFirst().enumerated() {
      #expect(try client.call(10 + id, method, params).errorCode == "overloaded")
    }
    #expect(try simulator.stats()["requests"]?["GET /models"] == nil)
    _ = try client.call(3, "$/cancelRequest", #"{"id":1}"#)
    #expect(try client.answer(2).error == nil)
  }

  @Test func `what fails is asked again, within limits`() throws {
    let upstream = try OddUpstream("505", upstream: "max_retries = 2")
    #expect(try upstream.daemon.connect().call(1, "models.list").errorCode == "upstream_http")
    let port = try DeafPort(listens: false)
    let client = try away(port, retries: 4).connect()
    #expect(try client.call(1, "models.list").errorCode == "upstream_unreachable")
    #expect(try client.call(2, "models.list").errorCode == "upstream_circuit_open")
  }
}
