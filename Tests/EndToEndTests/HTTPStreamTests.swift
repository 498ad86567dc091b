import JSON
import Testing
import TestSupport

/// Server-sent events, their head and their end.
@Suite struct HTTPStreamTests {
  private let stage: HTTPStage

  init() throws { stage = try HTTPStage() }

  @Test func `every write is whole events, and nothing follows the last one`() throws {
    let client = try stage.connect()
    let head = try client.stream(["words": "30", "rate": "300", "done": "1"])
    #expect(head.status == 200)
    #expect(head["content-type"] == "text/event-stream; charset=utf-8")
    #expect(head["cache-control"] == "no-store")
    #expect(head["x-request-id"]?.hasPrefix("req_") == true)
    #expect(head["x-halley-upstream"] == "simulator")
    #expect(head["x-upstream-request-id"]?.hasPrefix("req") == true)
    #expect(head["x-upstream-request-id"] != head["x-request-id"])
    var text = ""
    while let frame = try client.frame() {
      #expect(frame.hasSuffix("\n\n"), "half an event: \(frame)")
      text += frame
    }
    #expect(!text.contains("[DONE]"))
    let events = try text.events()
    #expect(events.allSatisfy { $0.name == $0.type })
    #expect(
      events.map { $0.data["sequence_number"]?.integer } == (0..<Int64(events.count)).map { $0 })
    #expect(events.first?.type == "response.created")
    #expect(events.last?.type == "response.completed")
    let said = events.compactMap { $0.data["delta"]?.string }.joined()
    #expect(said.split(separator: " ").count == 30)
    #expect(events.last?.data["response"].map(Answer.text) == said)
    #expect(events.allSatisfy { $0.data["halley"] == nil })
  }

  @Test func `an event of many lines is one line of data`() throws {
    let body = HTTPStage.body(["raw_events": "event: x\ndata: {\"type\":\ndata: \"odd\"}\n\n"])
    let client = try stage.connect()
    try client.request("POST", "/v1/responses", body: body.dropLast() + ",\"stream\":true}")
    #expect(try client.head()?.status == 200)
    // What a stream begins with is filled in before it.
    for type in ["response.created", "response.in_progress"] {
      #expect(try client.frame()?.hasPrefix("event: \(type)\n") == true)
    }
    let odd = try #require(try client.frame())
    #expect(odd == "event: odd\ndata: {\"type\": \"odd\",\"sequence_number\":2}\n\n", "\(odd)")
  }

  @Test func `the head waits for the first event, so that an early failure has its status`() throws
  {
    let client = try stage.connect()
    #expect(try client.stream(["status": "429", "error_code": "slow_down"]).status == 429)
    #expect(try client.socket.read(1) == Array("{".utf8))
    let other = try stage.connect()
    try other.request(
      "POST", "/v1/responses",
      body: HTTPStage.body(["first_event_delay_ms": "300", "text": "Late."], #","stream":true"#))
    let head = try #require(try other.head())
    #expect(head.status == 200)
    #expect(head["x-halley-upstream"] == "simulator")
    #expect(try other.events().last?.type == "response.completed")
  }

  @Test func `an error that comes after the head says so in the stream`() throws {
    let late = ["header_delay_ms": "10500", "status": "500", "error_code": "late"]
    let response = try stage.connect()
    try response.request(
      "POST", "/v1/responses", body: HTTPStage.body(late, #","stream":true"#))
    let chat = try stage.connect()
    let metadata = RawJSON.object { for (key, value) in late { $0.member(key, value) } }
    try chat.request(
      "POST", "/v1/chat/completions",
      body: #"{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true,"#
        + #""metadata":\#(metadata.text)}"#)
    for client in [response, chat] { #expect(try client.head()?.status == 200) }
    let events = try response.events()
    #expect(events.suffix(2).map(\.name) == ["error", "response.failed"])
    #expect(events.last?.data["response"]?["error"]?["code"]?.string == "late")
    var text = ""
    while let frame = try chat.frame() { text += frame }
    #expect(text.contains(#""code":"late""#))
    #expect(text.hasSuffix("data: [DONE]\n\n"))
  }

  @Test func `a stream that is cut off ends with an error and the failure of what came`() throws {
    let client = try stage.connect()
    #expect(try client.stream(["reset": "after_events:6", "words": "20"]).status == 200)
    let events = try client.events()
    #expect(events.suffix(2).map(\.name) == ["error", "response.failed"])
    #expect(
      events.map { $0.data["sequence_number"]?.integer } == (0..<Int64(events.count)).map { $0 })
    let error = events[events.count - 2].data
    for told in [error, error["error"] ?? .null] {
      #expect(told["code"]?.string == "upstream_truncated")
      #expect(told["message"]?.string?.isEmpty == false)
      #expect(told["param"]?.isNull == true)
    }
    let response = try #require(events.last?.data["response"])
    #expect(response["id"] == events.first?.data["response"]?["id"])
    #expect(response["status"]?.string == "failed")
    #expect(response["error"]?["code"]?.string == "upstream_truncated")
    #expect(Answer.text(of: response) == events.compactMap { $0.data["delta"]?.string }.joined())
    // The connection is as good as before.
    #expect(try client.ask("GET", "/healthz").status == 200)
  }

  @Test func `a response that failed or is incomplete ends its stream so`() throws {
    let client = try stage.connect()
    _ = try client.stream(["failed": "1", "error_code": "server_error"])
    #expect(try client.events().map(\.name).suffix(2).contains("response.failed"))
    try client.request(
      "POST", "/v1/responses",
      body: HTTPStage.body(["words": "100"], #","stream":true,"max_output_tokens":16"#))
    #expect(try client.head()?.status == 200)
    #expect(try client.events().last?.name == "response.incomplete")
  }

  @Test func `a stream is read again from any number on`() throws {
    let client = try stage.connect()
    _ = try client.stream(["words": "10"])
    let events = try client.events()
    let id = try #require(events.first?.data["response"]?["id"]?.string)
    for after in [-1, 0, 4, events.count - 2, events.count + 10] {
      let query = after < 0 ? "" : "&starting_after=\(after)"
      let again = try client.ask("GET", "/v1/responses/\(id)?stream=true\(query)")
      #expect(again.status == 200)
      #expect(again.head["content-type"] == "text/event-stream; charset=utf-8")
      #expect(try again.text.events().map(\.data) == events.dropFirst(after + 1).map(\.data))
    }
    let whole = try client.ask("GET", "/v1/responses/\(id)?stream=false")
    #expect(try whole.json() == events.last?.data["response"])
  }

  @Test func `a stream that runs is joined where one asks for it`() throws {
    let first = try stage.connect()
    try first.request(
      "POST", "/v1/responses",
      body: HTTPStage.body(["words": "40", "rate": "100"], #","stream":true,"background":true"#))
    _ = try first.head()
    let created = try #require(try first.frame()?.events().first)
    let id = try #require(created.data["response"]?["id"]?.string)
    let second = try stage.connect()
    try second.request("GET", "/v1/responses/\(id)?stream=true&starting_after=0")
    #expect(try second.head()?.status == 200)
    #expect(try second.events().map(\.data) == first.events().map(\.data))
  }

  @Test func `HEAD has the fields of GET and no body`() throws {
    let client = try stage.connect()
    let got = try client.ask("GET", "/v1/models")
    let told = try client.ask("HEAD", "/v1/models")
    #expect(told.status == 200)
    #expect(told.head["content-length"] == got.head["content-length"])
    #expect(told.head["content-type"] == "application/json")
    let created = try client.ask("POST", "/v1/responses", body: HTTPStage.body())
    let id = try #require(try created.json()["id"]?.string)
    #expect(try client.ask("HEAD", "/v1/responses/\(id)?stream=true").status == 200)
    #expect(try client.ask("HEAD", "/v1/responses/resp_none").status == 404)
    #expect(try client.ask("GET", "/healthz").text == #"{"status":"ok"}"#)
  }

  // MARK: What the daemon adds

  @Test func `what the daemon says of a response are fields, and a member where it is asked for`()
    throws
  {
    let stage = try HTTPStage(
      rest: "[cache]\nenabled = true\n[prices.\"gpt-5.4\"]\ninput = 2.0\noutput = 10.0")
    let missed = try stage.create()
    #expect(missed.head["x-halley-cache"] == "miss")
    #expect(missed.head["x-halley-upstream"] == "simulator")
    #expect(missed.head["x-upstream-request-id"]?.hasPrefix("req") == true)
    let cost = try #require(missed.head["x-halley-cost-usd"].flatMap { Double($0) })
    #expect(cost > 0 && cost < 0.01)
    #expect(try missed.json()["halley"] == nil)
    let hit = try stage.create([:], ["x-halley: full"])
    #expect(hit.head["x-halley-cache"] == "hit")
    #expect(hit.head["x-halley-cost-usd"] == "0")
    #expect(hit.head["x-upstream-request-id"] == nil)
    #expect(try hit.json()["halley"]?["cache"]?.string == "hit")
    #expect(try stage.create([:], ["x-halley-cache: off"]).head["x-halley-cache"] == "miss")
    #expect(try stage.create([:], ["x-halley-cache: refresh"]).head["x-halley-cache"] == "miss")
    #expect(try stage.create([:], ["x-halley-cache: only"]).head["x-halley-cache"] == "hit")
    #expect(try stage.create([:], ["x-halley-cache: often"]).status == 400)
    let client = try stage.connect()
    _ = try client.stream([:], ["x-halley: full", "x-halley-cache: off"])
    let last = try client.events().last?.data["response"]
    #expect(last?["halley"]?["upstream"]?.string == "simulator")
  }

  @Test func `requests that are equal while one is answered are told so`() throws {
    let stage = try HTTPStage(rest: "[cache]\nenabled = true")
    let first = try stage.connect()
    try first.request(
      "POST", "/v1/responses", body: HTTPStage.body(["words": "40", "rate": "100"]))
    try Wait.until("the upstream to be asked") { try stage.simulator.count("creates") == 1 }
    let second = try stage.create(["words": "40", "rate": "100"])
    #expect(second.head["x-halley-cache"] == "joined")
    #expect(second.head["x-halley-cost-usd"] == "0")
    let answer = try first.answer()
    #expect(answer.head["x-halley-cache"] == "miss")
    #expect(try answer.json()["output"] == second.json()["output"])
  }

  @Test func `a request that names no model gets the one that is set`() throws {
    let body = #"{"input":"Hi"}"#
    #expect(try stage.ask("POST", "/v1/responses", body: body).status == 400)
    let other = try HTTPStage(http: "default_model = \"gpt-5.4-mini\"")
    let answer = try other.ask("POST", "/v1/responses", body: body)
    #expect(try answer.json()["model"]?.string == "gpt-5.4-mini")
  }

  // MARK: Sparse upstreams

  @Test(arguments: [false, true])
  func `a response is read as its create told it, whatever the upstream left out`(
    isStream: Bool
  ) throws {
    let asked =
      #","instructions":"Be kind.","temperature":0.5,"max_output_tokens":99,"truncation":"auto","#
      + #""parallel_tool_calls":false,"tool_choice":"none","reasoning":{"effort":"low"},"#
      + #""tools":[{"type":"function","name":"f","parameters":{"type":"object"}}],"#
      + #""stream":\#(isStream)"#
    let client = try stage.connect()
    try client.request(
      "POST", "/v1/responses", body: HTTPStage.body(["sparse": "1", "words": "3"], asked))
    let told: RawJSON
    if isStream {
      #expect(try client.head()?.status == 200)
      told = try #require(try client.events().last?.data["response"])
    } else {
      told = try client.answer().json()
    }
    #expect(told["metadata"]?["sparse"]?.string == "1")
    let id = try #require(told["id"]?.string)
    let read = try stage.ask("GET", "/v1/responses/\(id)").json()
    for name in [
      "object", "created_at", "metadata", "instructions", "temperature", "max_output_tokens",
      "truncation", "parallel_tool_calls", "tool_choice", "reasoning", "tools", "output",
    ] {
      #expect(read[name] == told[name], "\(name)")
    }
  }

  @Test func `an item that the daemon gave an id is found under it`() throws {
    let events = [
      #"{"type":"response.output_text.delta","delta":"Hel"}"#,
      #"{"type":"response.output_text.delta","delta":"lo"}"#,
      #"{"type":"response.completed","response":{"id":"resp_x","status":"completed","output":[{"type":"reasoning","id":"rs_x","summary":[]},{"type":"message","id":"msg_x","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}]}}"#,
    ].map { "data: \($0)\n\n" }.joined()
    let client = try stage.connect()
    _ = try client.stream(["raw_events": events])
    let told = try client.events()
    #expect(told.compactMap { $0.data["delta"]?.string }.joined() == "Hello")
    let ids = told.filter { $0.name == "response.output_item.added" }
      .compactMap { $0.data["item"]?["id"]?.string }
    let response = try #require(told.last?.data["response"])
    #expect(response["output"]?.elements.compactMap { $0["id"]?.string } == ids)
    let read = try stage.ask("GET", "/v1/responses/\(response["id"]?.string ?? "")").json()
    #expect(read["output"]?.elements.compactMap { $0["id"]?.string } == ids)
    let next = try stage.ask(
      "POST", "/v1/responses",
      body:
        #"{"model":"m","input":[{"type":"item_reference","id":"\#(ids.first ?? "")"},{"role":"user","content":"Go on."}]}"#
    )
    #expect(next.status == 200)
  }

  @Test func `the stream of a background response that failed tells the failure`() throws {
    let created = try stage.create(
      ["header_delay_ms": "1000", "status": "400", "error_code": "odd"],
      members: #","background":true"#
    ).json()
    let id = try #require(created["id"]?.string)
    let client = try stage.connect()
    try client.request("GET", "/v1/responses/\(id)?stream=true")
    #expect(try client.head()?.status == 200)
    let events = try client.events()
    #expect(events.last?.name == "response.failed")
    for event in events where event.data["response"] != nil {
      #expect(event.data["response"]?["id"]?.string == id)
    }
    let read = try stage.ask("GET", "/v1/responses/\(id)").json()
    #expect(events.last?.data["response"]?["error"] == read["error"])
  }
}
