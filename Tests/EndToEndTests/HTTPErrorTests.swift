import JSON
import Testing
import TestSupport

/// What goes wrong, as a client of HTTP is told it.
@Suite struct HTTPErrorTests {
  private static let deep = "[" + String(repeating: "[", count: 200)

  @Test(arguments: [
    ("{", "parse_error", nil), ("[]", "invalid_request", nil), ("\"Hi\"", "invalid_request", nil),
    ("{\"input\":\(deep)", "too_deep", nil),
    (#"{"input":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}"#, "too_complex", nil),
    (#"{"model":"m","input":"Hi","temperature":"hot"}"#, "invalid_params", "temperature"),
    (#"{"model":"m","input":[{"role":"user"}]}"#, "invalid_params", "input[0].content"),
    (#"{"input":"Hi"}"#, "invalid_params", "model"),
    (
      #"{"model":"m","input":"Hi","previous_response_id":"resp_none"}"#,
      "previous_response_not_found", "previous_response_id"
    ),
    (#"{"model":"m","input":"Hi","halley":{"upstream":"none"}}"#, "config", nil),
    (#"{"model":"m","input":"Hi","halley":{"profile":"none"}}"#, "config", nil),
  ])
  func `a request that is wrong is told where`(
    _ body: String, _ code: String, _ param: String?
  ) throws {
    let stage = try HTTPStage(rest: "[limits]\nnodes = 16\ndepth = 4")
    let answer = try stage.ask("POST", "/v1/responses", body: body)
    #expect(answer.status == 400, "\(answer.text)")
    let error = try #require(try answer.error)
    #expect(error["code"]?.string == code, "\(answer.text)")
    #expect(error["param"]?.string == param)
    #expect(error["type"]?.string == "invalid_request_error")
    #expect(error["message"]?.string?.isEmpty == false)
    #expect(answer.head["x-request-id"]?.hasPrefix("req_") == true)
    #expect(answer.head["content-type"] == "application/json")
    #expect(try stage.simulator.count("creates") == 0)
  }

  @Test(arguments: [
    ("GET", "/v1/responses/resp_none", "not_found"),
    ("DELETE", "/v1/responses/resp_none", "not_found"),
    ("POST", "/v1/responses/resp_none/cancel", "not_found"),
    ("GET", "/v1/responses/resp_none/input_items", "not_found"),
    ("GET", "/v1/conversations/conv_none", "not_found"),
    ("GET", "/v1/conversations/conv_none/items", "not_found"),
    ("GET", "/v1/conversations/conv_none/items/msg_none", "not_found"),
    ("GET", "/v1/models/none", "model_not_found"),
    ("GET", "/v1/nothing", "unknown_url"), ("GET", "/v2/models", "unknown_url"),
    ("POST", "/v1/responses/", "unknown_url"), ("GET", "/v1/responses//cancel", "unknown_url"),
    ("GET", "/v1/v1/models", "unknown_url"),
  ])
  func `what is not there is 404 in the shape of the API`(
    _ verb: String, _ path: String, _ code: String
  ) throws {
    let answer = try HTTPStage().ask(verb, path, body: verb == "POST" ? "{}" : nil)
    #expect(answer.status == 404, "\(answer.text)")
    #expect(try answer.errorCode == code)
    #expect(try answer.error?["type"]?.string == "invalid_request_error")
    #expect(try answer.error?["param"] != nil)
  }

  @Test func `a verb that a path does not know is told those that it knows`() throws {
    let stage = try HTTPStage()
    for (verb, path, allowed) in [
      ("PUT", "/v1/responses", "POST"), ("POST", "/v1/models", "GET"),
      ("PATCH", "/v1/responses/resp_1", "DELETE, GET"),
    ] {
      let answer = try stage.ask(verb, path)
      #expect(answer.status == 405)
      #expect(answer.head["allow"]?.contains(allowed) == true, "\(answer.head.fields)")
      #expect(try answer.errorCode == "method_not_allowed")
    }
  }

  @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
  func `a body of another type is refused before it is read`(_ type: String) throws {
    let client = try HTTPStage().connect()
    let field = type.isEmpty ? "" : "Content-Type: \(type)\r\n"
    try client.send(
      "POST /v1/responses HTTP/1.1\r\nHost: x\r\n\(field)Content-Length: 1000\r\n\r\n")
    let answer = try client.answer()
    #expect(answer.status == 415)
    #expect(answer.head.isLast)
    #expect(try client.isClosedByDaemon())
  }

  // MARK: Upstreams

  @Test(arguments: [400, 402, 404, 408, 413, 422, 429, 500, 502, 503, 529])
  func `an upstream's refusal has its status and its words`(_ status: Int) throws {
    let answer = try HTTPStage().create([
      "status": "\(status)", "error_code": "odd_code", "error_message": "Said so. 🦄",
      "error_type": "odd_type",
    ])
    #expect(answer.status == status)
    let error = try #require(try answer.error)
    #expect(error["code"]?.string == "odd_code")
    #expect(error["message"]?.string == "Said so. 🦄")
    #expect(error["type"]?.string == "odd_type")
    #expect(answer.head["x-upstream-request-id"]?.isEmpty == false)
    #expect(answer.head["x-request-id"] != answer.head["x-upstream-request-id"])
  }

  @Test(arguments: [
    ("flat", "rate_limit_exceeded", 429), ("nested", "rate_limit_exceeded", 429),
    ("flat", "server_error", 502), ("bare", "invalid_prompt", 400),
  ])
  func `an error event in place of a response has the status of its code`(
    _ kind: String, _ code: String, _ status: Int
  ) throws {
    let answer = try HTTPStage().create(
      [
        "stream_error": "\(kind):0", "stream_error_alone": "1", "error_code": code,
      ], members: #","stream":true"#)
    #expect(answer.status == status)
    #expect(try answer.errorCode == code)
    #expect(try answer.error?["type"]?.string != "error")
  }

  @Test(arguments: ["gzip", "zstd", "identity, gzip"])
  func `a body that is compressed is refused by its name`(_ coding: String) throws {
    let answer = try HTTPStage().create([:], ["Content-Encoding: \(coding)"])
    #expect(answer.status == 415)
    #expect(try answer.error?["message"]?.string?.contains(coding) == true)
  }

  @Test(arguments: ["responses/input_tokens", "responses/compact", "responses"])
  func `a request without a model asks that of the face, if it has one`(_ path: String) throws {
    let body = #"{"input":"Hi"}"#
    let refused = try HTTPStage().ask("POST", "/v1/\(path)", body: body)
    #expect(refused.status == 400)
    #expect(try refused.error?["param"]?.string == "model")
    let stage = try HTTPStage(http: #"default_model = "gpt-5.4-mini""#)
    #expect(try stage.ask("POST", "/v1/\(path)", body: body).status == 200)
    let sent = try #require(try stage.simulator.requests().last)
    #expect(sent.text.contains("gpt-5.4-mini"))
  }

  @Test(arguments: [401, 403])
  func `an upstream that refuses the daemon's key says nothing of the client's`(_ status: Int)
    throws
  {
    let answer = try HTTPStage().create(["status": "\(status)", "error_message": "Who?"])
    #expect(answer.status == 502)
    #expect(try answer.errorCode == "upstream_key_refused")
    #expect(answer.head["x-should-retry"] == "false")
  }

  @Test func `an upstream's Retry-After is handed on in whole seconds`() throws {
    let answer = try HTTPStage().create(["status": "429", "retry_after_ms": "1200"])
    #expect(answer.head["retry-after"] == "2")
  }

  @Test(arguments: [
    (["reset": "before_headers"], 502, "upstream_truncated"),
    (["close_raw": "after_events:4"], 502, "upstream_truncated"),
    (["content_type": "text/html"], 502, "upstream_protocol"),
    (["redirect": "302"], 502, "upstream_protocol"),
    (["stall_before_headers": "1"], 504, "upstream_timeout"),
  ])
  func `what an upstream does wrong is the gateway's to tell`(
    _ controls: [String: String], _ status: Int, _ code: String
  ) throws {
    let stage = try HTTPStage(upstream: "max_retries = 0\nfirst_event_timeout = \"200ms\"")
    let answer = try stage.create(controls)
    #expect(answer.status == status, "\(answer.text)")
    #expect(try answer.errorCode == code)
    #expect(try answer.error?["type"]?.string == "server_error")
  }

  @Test func `an upstream that is not there, or has no key, or is given a rest`() throws {
    let stage = try HTTPStage(
      rest: """
        [upstreams.away]
        base_url = "http://127.0.0.1:9/v1"
        models = ["away"]
        api_key = { none = true }
        max_retries = 0
        [upstreams.locked]
        base_url = "https://locked.example/v1"
        models = ["locked"]
        """)
    let locked = try stage.ask(
      "POST", "/v1/responses", body: #"{"model":"locked","input":"Hi"}"#)
    #expect(locked.status == 503)
    #expect(try locked.errorCode == "config")
    let away = #"{"model":"away","input":"Hi"}"#
    let first = try stage.ask("POST", "/v1/responses", body: away)
    #expect(first.status == 502)
    #expect(try first.errorCode == "upstream_unreachable")
    var last = first
    for _ in 0..<20 where last.status == 502 {
      last = try stage.ask("POST", "/v1/responses", body: away)
    }
    #expect(last.status == 503)
    #expect(try last.errorCode == "upstream_circuit_open")
    #expect(last.head["retry-after"].flatMap { Int($0) } ?? 0 >= 1)
  }

  // MARK: The daemon's own

  @Test func `what is spent is told as the API tells it`() throws {
    let stage = try HTTPStage(
      rest: "[budgets]\ndaily_usd = 0.0001\n[prices.\"gpt-5.4\"]\ninput = 1000.0\noutput = 1000.0")
    _ = try stage.create()
    let answer = try stage.create()
    #expect(answer.status == 429)
    #expect(try answer.errorCode == "insufficient_quota")
    #expect(try answer.error?["type"]?.string == "insufficient_quota")
    #expect(answer.head["x-should-retry"] == "false")
  }

  @Test func `what has no answer in the cache, or is in use, is not to be tried again`() throws {
    let stage = try HTTPStage(rest: "[cache]\nenabled = true")
    let missed = try stage.create([:], ["x-halley-cache: only"])
    #expect(missed.status == 504)
    #expect(try missed.errorCode == "cache_miss")
    #expect(missed.head["x-should-retry"] == "false")
    let id = try #require(
      try stage.ask("POST", "/v1/conversations", body: "{}").json()["id"]?.string)
    let running = try stage.connect()
    try running.request(
      "POST", "/v1/responses",
      body: HTTPStage.body(["words": "5000", "rate": "20"], ",\"conversation\":\"\(id)\""))
    try Wait.until("the first to run") { try stage.simulator.count("active_streams") == 1 }
    let busy = try stage.create(
      members: ",\"conversation\":\"\(id)\",\"halley\":{\"on_busy\":\"reject\"}")
    #expect(busy.status == 409)
    #expect(try busy.errorCode == "busy")
    #expect(busy.head["x-should-retry"] == "false")
    let first = try stage.create(["text": "One."], ["Idempotency-Key: k"])
    #expect(first.status == 200)
    let other = try stage.create(["text": "Two."], ["Idempotency-Key: k"])
    #expect(other.status == 409)
    #expect(try other.errorCode == "conflict")
  }

  @Test func `what a hook refuses is forbidden`() throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      "hook",
      """
      #!/usr/bin/env python3
      import json, sys
      for line in sys.stdin:
        m = json.loads(line)
        r = {"deny": "a forbidden word"} if m["method"] == "hooks/request" else {}
        if "id" in m: print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
      """, mode: 0o755)
    let stage = try HTTPStage(
      rest: "[plugins.strict]\ncommand = [\"\(path)\"]\nhooks = [\"request\"]")
    let answer = try stage.create()
    #expect(answer.status == 403)
    #expect(try answer.errorCode == "hook_denied")
    #expect(try answer.error?["type"]?.string == "permission_error")
  }

  @Test(arguments: [
    "/v1/responses/resp_1?stream=yes", "/v1/responses/resp_1?stream=true&starting_after=x",
    "/v1/responses/resp_1/input_items?limit=many", "/v1/responses/resp_1/input_items?order=up",
    "/v1/responses/resp_1?stream=true&starting_after=99999999999999999999",
  ])
  func `a query that makes no sense is refused with its name`(_ path: String) throws {
    let answer = try HTTPStage().ask("GET", path)
    #expect(answer.status == 400, "\(answer.text)")
    #expect(try answer.errorCode == "invalid_params")
    #expect(try answer.error?["param"]?.string.map { path.contains("\($0)=") } == true)
  }
}
