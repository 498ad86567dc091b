import JSON
import TestSupport
import Testing

@Suite struct RetryTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
  }

  @Test(arguments: ["429", "500", "502", "503"])
  func `a busy upstream is asked again`(_ status: String) throws {
    let answer = try daemon.connect().create(
      1, ["status": status, "status_times": "1", "key": "a", "retry_after_ms": "10"])
    #expect(answer.status == "completed")
    #expect(answer.result?["halley"]?["attempts"]?.integer == 2)
    #expect(try simulator.count("creates") == 2)
    #expect(answer.eventTypes.filter { $0 == "response.created" }.count == 1)
  }

  @Test func `attempts send the same bytes`() throws {
    _ = try daemon.connect().create(
      1, ["status": "503", "status_times": "2", "key": "a", "retry_after_ms": "1"])
    let bodies = try simulator.bodies()
    #expect(bodies.count == 3)
    #expect(Set(bodies).count == 1)
  }

  @Test func `the wait that the upstream asks for is kept`() throws {
    let start = ContinuousClock.now
    let answer = try daemon.connect().create(
      1, ["status": "503", "status_times": "1", "key": "a", "retry_after": "1"])
    #expect(answer.status == "completed")
    #expect(ContinuousClock.now - start >= .seconds(1))
  }

  @Test func `after max_retries the last error is the answer`() throws {
    let answer = try daemon.connect().create(1, ["status": "503", "retry_after_ms": "1"])
    #expect(answer.errorCode == "upstream_http")
    #expect(answer.errorData?["attempts"]?.integer == 3)
    #expect(try simulator.count("creates") == 3)
  }

  @Test(arguments: [
    ["status": "400"], ["status": "401"], ["status": "404"],
    ["status": "429", "error_code": "insufficient_quota"],
    ["status": "429", "error_type": "insufficient_quota"],
    ["status": "503", "should_retry": "false"], ["status": "503", "retry_after": "100000"],
  ])
  func `what another attempt can't mend is answered at once`(_ controls: [String: String]) throws {
    let answer = try daemon.connect().create(1, controls)
    #expect(answer.errorCode == "upstream_http")
    #expect(answer.errorData?["attempts"]?.integer == 1)
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `an empty account is not worth another try`() throws {
    let answer = try daemon.connect().create(
      1, ["status": "429", "error_code": "insufficient_quota"])
    #expect(answer.errorData?["retryable"]?.boolean == false)
  }

  @Test func `x-should-retry makes an error worth another try`() throws {
    let answer = try daemon.connect().create(
      1,
      [
        "status": "400", "status_times": "1", "key": "a", "should_retry": "true",
        "retry_after_ms": "1",
      ])
    #expect(answer.status == "completed")
    #expect(answer.result?["halley"]?["attempts"]?.integer == 2)
  }

  @Test func `nothing is asked again once an event was handed on`() throws {
    let answer = try daemon.connect().create(1, ["reset": "after_events:3"])
    #expect(answer.errorCode == "upstream_truncated")
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `a request that may have run is repeated once at most`() throws {
    let answer = try daemon.connect().create(1, ["reset": "before_headers"])
    #expect(answer.errorCode == "upstream_truncated")
    #expect(try simulator.count("creates") == 2)
  }

  @Test func `a request with tools that act is not repeated when it may have run`() throws {
    let answer = try daemon.connect().call(
      1, "responses.create",
      #"{"input":"x","stream":true,"tools":[{"type":"mcp","server_label":"s","server_url":"https://example.org"}],"metadata":{"reset":"before_headers"}}"#
    )
    #expect(answer.errorCode == "upstream_truncated")
    #expect(try simulator.count("creates") == 1)
  }

  // MARK: Fallback

  private func daemonWithFallback(_ first: String) throws -> DaemonProcess {
    try DaemonProcess(
      """
      default_upstream = "first"
      [upstreams.first]
      base_url = "\(first)"
      models = ["*"]
      api_key = { none = true }
      max_retries = 0
      fallback = ["second"]
      [upstreams.second]
      base_url = "\(simulator.baseURL)"
      api_key = { none = true }
      """)
  }

  @Test func `the fallback answers when the upstream is away`() throws {
    let port = try DeafPort(listens: false)
    let daemon = try daemonWithFallback("http://127.0.0.1:\(port.port)/v1")
    let answer = try daemon.connect().create(1, ["text": "From the second."])
    #expect(answer.text == "From the second.")
    #expect(answer.result?["halley"]?["upstream"]?.string == "second")
    #expect(answer.result?["halley"]?["attempts"]?.integer == 2)
  }

  @Test func `the fallback answers when the upstream is overloaded`() throws {
    let busy = try Simulator()
    let daemon = try daemonWithFallback(busy.baseURL)
    // One count for both simulators would be wrong: the second refuses its first request too.
    let answer = try daemon.connect().create(1, ["status": "503"])
    #expect(answer.errorCode == "upstream_http")
    #expect(try busy.count("creates") == 1)
    #expect(try simulator.count("creates") >= 1)
  }

  @Test func `no fallback is asked for what the request did wrong`() throws {
    let first = try Simulator()
    let daemon = try daemonWithFallback(first.baseURL)
    let answer = try daemon.connect().create(1, ["status": "400"])
    #expect(answer.errorData?["http_status"]?.integer == 400)
    #expect(try simulator.count("creates") == 0)
  }

  @Test func `no fallback is asked once an event was handed on`() throws {
    let first = try Simulator()
    let daemon = try daemonWithFallback(first.baseURL)
    let answer = try daemon.connect().create(1, ["reset": "after_events:3"])
    #expect(answer.errorCode == "upstream_truncated")
    #expect(try simulator.count("creates") == 0)
  }
}
