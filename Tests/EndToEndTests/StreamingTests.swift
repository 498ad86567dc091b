import JSON
import TestSupport
import Testing

@Suite struct StreamingTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
  }

  @Test func `the nine events of a text answer come in their order`() throws {
    let answer = try daemon.connect().create(1, ["text": "A unicorn sleeps."])
    var types = answer.eventTypes
    types.removeAll { $0 == "response.output_text.delta" }
    #expect(
      types == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.content_part.added", "response.output_text.done", "response.content_part.done",
        "response.output_item.done", "response.completed",
      ])
    #expect(answer.streamedText == "A unicorn sleeps.")
  }

  @Test func `deltas come between the part's beginning and its end`() throws {
    let types = try daemon.connect().create(1, ["words": "20"]).eventTypes
    let deltas = types.indices.filter { types[$0] == "response.output_text.delta" }
    #expect(deltas.count == 20)
    #expect(deltas.first == 4)
    #expect(deltas.last == types.firstIndex(of: "response.output_text.done").map { $0 - 1 })
  }

  @Test func `sequence numbers count from zero without a gap`() throws {
    let answer = try daemon.connect().create(1, ["words": "50"])
    let numbers = answer.events.compactMap { $0["sequence_number"]?.integer }
    #expect(numbers == (0..<Int64(answer.events.count)).map { $0 })
    #expect(numbers.count > 50)
  }

  @Test func `one terminal event precedes the result`() throws {
    let answer = try daemon.connect().create(1)
    let terminal = Set(["response.completed", "response.incomplete", "response.failed"])
    #expect(answer.eventTypes.filter(terminal.contains) == ["response.completed"])
    #expect(answer.eventTypes.last == "response.completed")
  }

  @Test func `the result is the terminal response and the member halley`() throws {
    let answer = try daemon.connect().create(1)
    let result = try #require(answer.result)
    #expect(result.removing("halley") == answer.events.last?["response"])
    let halley = try #require(result["halley"])
    #expect(halley["upstream"]?.string == "simulator")
    #expect(halley["cache"]?.string == "miss")
    #expect(halley["attempts"]?.integer == 1)
    #expect(halley["tool_calls"]?.integer == 0)
    #expect(halley["cost_usd"]?.isNull == true)
    for key in ["queue", "connect", "first_event", "total"] {
      let time = halley["timing_ms"]?[key]?.double
      #expect(time.map { $0 >= 0 } == true, "timing_ms.\(key) is \(halley.text)")
    }
  }

  @Test func `every line says that it is JSON-RPC`() throws {
    let client = try daemon.connect()
    try client.startCreate(1)
    while let message = try client.message() {
      #expect(message["jsonrpc"]?.string == "2.0")
      if message["result"] != nil { break }
    }
  }

  @Test func `without stream only the result comes`() throws {
    let answer = try daemon.connect().create(1, ["text": "Short."], stream: false)
    #expect(answer.events.isEmpty)
    #expect(answer.status == "completed")
    #expect(answer.text == "Short.")
    #expect(answer.result?["halley"]?["upstream"]?.string == "simulator")
  }

  @Test func `usage comes with the result`() throws {
    let usage = try daemon.connect().create(1).result?["usage"]
    let input = try #require(usage?["input_tokens"]?.integer)
    let output = try #require(usage?["output_tokens"]?.integer)
    #expect(usage?["total_tokens"]?.integer == input + output)
  }

  @Test func `requests on one connection run at the same time`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, ["stall": "after_events:5"])
    try client.awaitText(1)
    #expect(try client.create(2, ["text": "Second."]).text == "Second.")
    client.close()
  }

  @Test func `events carry the id of their request`() throws {
    let client = try daemon.connect()
    for id in 1...8 { try client.startCreate(id, ["text": "Answer \(id)"]) }
    for id in (1...8).reversed() {
      let answer = try client.answer(id)
      #expect(answer.text == "Answer \(id)")
      #expect(answer.streamedText == "Answer \(id)")
    }
  }

  @Test func `string ids are echoed as they are spelled`() throws {
    let client = try daemon.connect()
    try client.send(#"{"id":"a\u0062\/ü","method":"daemon.ping"}"#)
    let message = try #require(try client.message())
    #expect(message["id"]?.text == #""a\u0062\/ü""#)
  }

  @Test func `a function call comes as its events`() throws {
    let tool = #"{"type":"function","name":"weather","parameters":{"type":"object"}}"#
    let answer = try daemon.connect().call(
      1, "responses.create",
      #"{"model":"gpt-5.4","input":"call weather {\"city\":\"Rom\"}","stream":true,"tools":[\#(tool)]}"#
    )
    #expect(answer.eventTypes.contains("response.function_call_arguments.delta"))
    #expect(answer.eventTypes.contains("response.function_call_arguments.done"))
    let call = try #require(
      answer.result?["output"]?.elements.first { $0["type"]?.string == "function_call" })
    #expect(call["name"]?.string == "weather")
    #expect(call["arguments"]?.string == #"{"city":"Rom"}"#)
  }

  @Test func `a schema is answered in its shape`() throws {
    let schema = """
      {"type":"json_schema","name":"n","strict":true,"schema":{"type":"object","properties":\
      {"age":{"type":"integer"}},"required":["age"],"additionalProperties":false}}
      """
    let answer = try daemon.connect().call(
      1, "responses.create",
      #"{"model":"gpt-5.4","input":"x","stream":true,"text":{"format":\#(schema)}}"#)
    let value = try RawJSON(parsing: answer.text)
    #expect(value["age"]?.integer != nil)
  }

  @Test func `a model that a create does not name is the default model`() throws {
    let answer = try daemon.connect().call(1, "responses.create", #"{"input":"x"}"#)
    #expect(answer.status == "completed")
    #expect(try simulator.bodies().last?["model"]?.string == "gpt-5.4")
  }
}
