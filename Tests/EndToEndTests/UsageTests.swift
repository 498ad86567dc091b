import JSON
import TestSupport
import Testing

/// What requests use, what they cost, and what may be spent.
@Suite struct UsageTests {
  /// A dollar a million tokens either way: what a token costs is easily added up.
  private static let prices = """
    [prices."gpt-5.4"]
    input = 1000.0
    cached_input = 100.0
    output = 1000.0

    """

  private func row(_ client: SocketClient, _ params: String = "{}") throws -> RawJSON? {
    try client.call(9, "usage.summary", params).result?["data"]?.elements.first
  }

  private func awaitRow(_ client: SocketClient, _ requests: Int) throws -> RawJSON {
    try Wait.until("the usage of \(requests) requests") {
      try row(client)?["requests"]?.integer == Int64(requests)
    }
    return try #require(try row(client))
  }

  @Test func `a day that a zone passed over may be asked about, as the schema says`() throws {
    let simulator = try Simulator()
    let daemon = try DaemonProcess(simulator, environment: ["TZ": "Pacific/Apia"])
    let params = #"{"since":"2011-12-30","until":"2011-12-30"}"#
    let answer = try daemon.connect().call(1, "usage.summary", params)
    #expect(answer.result?["data"]?.elements.isEmpty == true, "\(answer.message.text)")
  }

  @Test func `a compaction is paid for, a count is not`() throws {
    let stage = try StateStage(rest: Self.prices)
    let first = try stage.client.say("hello")
    let params = #"{"model":"gpt-5.4","previous_response_id":"\#(first.id)"}"#
    let count = try stage.client.call(2, "responses.input_tokens.count", params)
    #expect(count.result?["input_tokens"]?.integer ?? 0 > 0)
    let compact = try stage.client.call(3, "responses.compact", params)
    let usage = try #require(compact.result?["usage"], "\(compact.message.text)")
    let row = try awaitRow(stage.client, 2)
    let firstInput = first.result?["usage"]?["input_tokens"]?.integer ?? 0
    #expect(row["input_tokens"]?.integer == firstInput + (usage["input_tokens"]?.integer ?? -1))
    #expect(row["estimated"]?.integer == 0)
    let refused = try stage.client.call(
      4, "responses.compact", #"{"model":"gpt-5.4","input":"x","halley":{"max_cost_usd":0.0001}}"#)
    #expect(refused.errorCode == "budget_exceeded")
  }

  @Test func `tokens and cost are the upstream's words and the configuration's prices`() throws {
    let stage = try StateStage(rest: Self.prices)
    let answer = try stage.client.say("hello")
    let usage = try #require(answer.result?["usage"])
    let input = try #require(usage["input_tokens"]?.integer)
    let output = try #require(usage["output_tokens"]?.integer)
    let cost = try #require(answer.halley?["cost_usd"]?.double)
    #expect(abs(cost - Double(input + output) / 1000) < 1e-9)
    let row = try awaitRow(stage.client, 1)
    #expect(row["input_tokens"]?.integer == input)
    #expect(row["output_tokens"]?.integer == output)
    #expect(row["estimated"]?.integer == 0)
    #expect(row["cost_usd"]?.double == cost)
  }

  @Test func `an unknown price is no price of zero`() throws {
    let stage = try StateStage()
    let answer = try stage.client.say("hello")
    #expect(answer.halley?["cost_usd"]?.isNull == true)
    #expect(try awaitRow(stage.client, 1)["cost_usd"]?.isNull == true)
  }

  @Test(arguments: [
    #""stream":true,"metadata":{"close":"after_events:6"}"#,
    #""stream":true,"metadata":{"failed":"1"}"#,
    #""metadata":{"status":"500"}"#,
    #""store":false"#,
  ])
  func `every end leaves a settled row`(_ members: String) throws {
    let stage = try StateStage(upstream: "max_retries = 0", rest: Self.prices)
    _ = try stage.client.say("hello", members)
    let row = try awaitRow(stage.client, 1)
    #expect(row["cost_usd"]?.isNull == false)
  }

  @Test func `a stream that was cancelled is estimated and says so`() throws {
    let stage = try StateStage(rest: Self.prices)
    try stage.client.startSaying(
      5, "hello", #""stream":true,"metadata":{"endless":"deltas","event_delay_ms":"5"}"#)
    try stage.client.awaitText(5)
    try stage.client.send(#"{"method":"$/cancelRequest","params":{"id":5}}"#)
    let answer = try stage.client.answer(5)
    #expect(answer.halley?["cost_usd"]?.double ?? 0 > 0)
    let row = try awaitRow(stage.client, 1)
    #expect(row["estimated"]?.integer == 1)
    #expect(row["output_tokens"]?.integer ?? 0 > 0)
  }

  @Test func `a crash leaves an estimate`() throws {
    let stage = try StateStage(rest: Self.prices)
    try stage.client.startSaying(
      5, "hello", #""stream":true,"metadata":{"endless":"deltas","event_delay_ms":"5"}"#)
    try stage.client.awaitText(5)
    try stage.daemon.kill()
    let client = try stage.restarted(rest: Self.prices).connect()
    let row = try awaitRow(client, 1)
    #expect(row["estimated"]?.integer == 1)
    #expect(row["input_tokens"]?.integer ?? 0 > 0)
  }

  // MARK: Budgets

  /// A request of `hello` with 16 tokens of output is reserved with some 0.03 USD.
  private func body(_ number: Int) -> String {
    #""max_output_tokens":16,"metadata":{"first_event_delay_ms":"300","words":"4"},"top_p":0.\#(number + 1)"#
  }

  @Test func `concurrent requests can't overrun a budget together`() throws {
    // The price of about ten requests: each reserves less than 0.05 and more than 0.01 USD.
    let stage = try StateStage(rest: Self.prices + "[budgets]\ndaily_usd = 0.2\n")
    let clients = try (0..<64).map { _ in try stage.daemon.connect() }
    for (number, client) in clients.enumerated() {
      try client.startSaying(5, "hello", body(number))
    }
    let answers = try clients.map { try $0.answer(5) }
    let refused = answers.filter { $0.errorCode == "budget_exceeded" }
    let done = answers.filter { $0.status == "completed" }
    #expect(refused.count + done.count == 64)
    #expect(1...20 ~= done.count)
    #expect(try stage.simulator.count("creates") == done.count)
    let error = try #require(refused.first)
    #expect(error.errorNumber == -32020)
    #expect(error.errorData?["budget"]?.string == "daily_usd")
    #expect(error.errorData?["limit_usd"]?.double == 0.2)
    #expect(error.errorData?["spent_usd"]?.double ?? 0 > 0)
  }

  @Test func `what was spent is known after a restart`() throws {
    let rest = Self.prices + "[budgets]\ndaily_usd = 0.1\nwarn_percent = 50\n"
    let stage = try StateStage(rest: rest)
    let small = #""max_output_tokens":16"#
    var last = try stage.client.say("0", small)
    for number in 1..<20 where last.error == nil { last = try stage.client.say("\(number)", small) }
    #expect(last.errorCode == "budget_exceeded")
    try stage.daemon.kill()
    let client = try stage.restarted(rest: rest).connect()
    #expect(try client.say("again", small).errorCode == "budget_exceeded")
    #expect(stage.daemon.log.contains("Of budget daily_usd"))
  }

  @Test func `a request may say what it may cost at most`() throws {
    let stage = try StateStage(rest: Self.prices)
    let refused = try stage.client.say("hello", #""halley":{"max_cost_usd":0.001}"#)
    #expect(refused.errorCode == "budget_exceeded")
    #expect(refused.errorData?["budget"]?.string == "max_cost_usd")
    #expect(try stage.simulator.count("creates") == 0)
    let granted = try stage.client.say(
      "hello", #""max_output_tokens":16,"halley":{"max_cost_usd":1}"#)
    #expect(granted.status == "completed")
  }

  @Test func `a budget of a client binds that client`() throws {
    let stage = try StateStage(rest: Self.prices + "[budgets]\nper_client = { nvim = 0.000001 }\n")
    let nvim = try stage.daemon.connect()
    _ = try nvim.call(1, "initialize", #"{"client":{"name":"nvim","version":"1"}}"#)
    let refused = try nvim.say("hello")
    #expect(refused.errorCode == "budget_exceeded")
    #expect(refused.errorData?["budget"]?.string == "per_client.nvim.daily_usd")
    #expect(try stage.client.say("hello").status == "completed")
  }
}
