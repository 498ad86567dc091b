import JSON
import TestSupport
import Testing

@Suite struct UpstreamFaultTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(
      simulator, upstream: "max_retries = 0",
      rest: "[limits]\nevent = \"64KiB\"\nresponse = \"256KiB\"")
  }

  private func failure(
    _ controls: [String: String], stream: Bool = true, _ number: Int64, _ code: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Answer {
    let answer = try daemon.connect().create(1, controls, stream: stream)
    #expect(answer.errorNumber == number, sourceLocation: sourceLocation)
    #expect(answer.errorCode == code, "\(answer.message.text)", sourceLocation: sourceLocation)
    #expect(answer.errorData?["attempts"]?.integer ?? 1 == 1, sourceLocation: sourceLocation)
    return answer
  }

  // MARK: HTTP errors

  @Test(arguments: [
    (400, false), (401, false), (402, false), (403, false), (404, false), (408, true),
    (413, false), (422, false), (429, true), (500, true), (502, true), (503, true), (529, true),
  ])
  func `an HTTP error is answered with what the upstream said`(_ status: Int, _ retryable: Bool)
    throws
  {
    let answer = try failure(
      ["status": "\(status)", "error_code": "odd_code", "error_message": "Said so. 🦄"],
      -32010, "upstream_http")
    let data = try #require(answer.errorData)
    #expect(data["http_status"]?.integer == Int64(status))
    #expect(data["retryable"]?.boolean == retryable)
    #expect(data["error"]?["code"]?.string == "odd_code")
    #expect(data["error"]?["message"]?.string == "Said so. 🦄")
    #expect(data["request_id"]?.string?.isEmpty == false)
    #expect(data["attempts"]?.integer == 1)
    #expect(answer.error?["message"]?.string?.contains("Said so. 🦄") == true)
    #expect(answer.events.isEmpty)
  }

  @Test func `a create without a stream gets the same error`() throws {
    let answer = try failure(
      ["status": "404", "error_code": "model_not_found"], stream: false, -32010, "upstream_http")
    #expect(answer.errorData?["error"]?["code"]?.string == "model_not_found")
  }

  @Test func `Retry-After in seconds and in milliseconds becomes retry_after_ms`() throws {
    let seconds = try failure(["status": "429", "retry_after": "7"], -32010, "upstream_http")
    #expect(seconds.errorData?["retry_after_ms"]?.integer == 7000)
    let milliseconds = try failure(
      ["status": "503", "retry_after_ms": "1500", "retry_after": "7"], -32010, "upstream_http")
    #expect(milliseconds.errorData?["retry_after_ms"]?.integer == 1500)
  }

  @Test(arguments: [
    "0x10", "1e3", "inf", "nan", "+7", "-7", "7.5", "", "7 s", "now", "tomorrow",
    "Fri, 31 Dec 2099 23:59", "31 Dec 2099 23:59:59 GMT",
  ])
  func `a Retry-After that is neither digits nor a date says nothing`(_ value: String) throws {
    for control in ["retry_after", "retry_after_ms"] {
      let answer = try failure(["status": "429", control: value], -32010, "upstream_http")
      #expect(answer.errorData?["retry_after_ms"] == nil)
    }
  }

  @Test(arguments: [
    ("99999999999999999999999999", 86_400_000), ("1000000", 86_400_000),
    ("Thu, 31 Dec 2099 23:59:59 GMT", 86_400_000), ("Thursday, 31-Dec-49 23:59:59 GMT", 86_400_000),
    ("Thu Dec 31 23:59:59 2099", 86_400_000), ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("0", 0),
  ])
  func `a Retry-After is bounded`(_ value: String, _ milliseconds: Int64) throws {
    let answer = try failure(["status": "429", "retry_after": value], -32010, "upstream_http")
    #expect(answer.errorData?["retry_after_ms"]?.integer == milliseconds)
  }

  @Test func `a page of HTML as an error is handed on as a string`() throws {
    let answer = try failure(["status": "502", "error_html": "1"], -32010, "upstream_http")
    #expect(answer.errorData?["error"]?.string?.contains("<h1>502</h1>") == true)
  }

  @Test func `an error without a body is an error`() throws {
    let answer = try failure(["status": "500", "empty_body": "1"], -32010, "upstream_http")
    #expect(answer.errorData?["http_status"]?.integer == 500)
    #expect(answer.errorData?["error"] != nil)
  }

  @Test func `an unknown model is the upstream's to refuse`() throws {
    let answer = try daemon.connect().create(1, model: "missing-model")
    #expect(answer.errorCode == "upstream_http")
    #expect(answer.errorData?["http_status"]?.integer == 404)
  }

  // MARK: What breaks off

  @Test(arguments: [
    ["no_terminal": "1"], ["close": "after_events:8"], ["close_raw": "after_events:8"],
    ["reset": "after_events:8"], ["close_raw": "after_events:8", "no_chunks": "1"],
  ])
  func `an answer without an end is truncated and its text is kept`(_ controls: [String: String])
    throws
  {
    let answer = try failure(controls, -32013, "upstream_truncated")
    #expect(!answer.streamedText.isEmpty)
    let response = try #require(answer.errorData?["response"])
    #expect(Answer.text(of: response) == answer.streamedText)
    #expect(response["id"] == answer.events.first?["response"]?["id"])
    #expect(answer.eventTypes.filter { $0 == "response.completed" }.isEmpty)
  }

  @Test(arguments: [
    ["close_raw": "before_headers"], ["reset": "before_headers"], ["close": "after_headers"],
    ["close_raw": "after_headers"], ["reset": "after_headers"],
  ])
  func `an answer that ends before its first event is truncated`(_ controls: [String: String])
    throws
  {
    let answer = try failure(controls, -32013, "upstream_truncated")
    #expect(answer.errorData?["retryable"]?.boolean == true)
    #expect(answer.events.isEmpty)
  }

  @Test func `half an event is no event, and the answer truncated`() throws {
    let odd = try OddUpstream("half-event", upstream: "max_retries = 0")
    let answer = try odd.daemon.connect().create(1)
    #expect(answer.errorCode == "upstream_truncated", "\(answer.message.text)")
    #expect(answer.errorData?["response"].map(Answer.text) == "half")
  }

  @Test func `a header field that is too long is the upstream's fault`() throws {
    let odd = try OddUpstream("long-field", upstream: "max_retries = 0")
    let answer = try odd.daemon.connect().create(1)
    #expect(answer.errorCode == "upstream_protocol", "\(answer.message.text)")
    #expect(answer.errorData?["detail"]?.string == "http")
  }

  @Test(arguments: [["close_raw": "after_events:1"], ["reset": "after_events:1"]])
  func `half a response object is truncated`(_ controls: [String: String]) throws {
    _ = try failure(controls, stream: false, -32013, "upstream_truncated")
  }

  // MARK: What is no answer

  @Test(arguments: [301, 302, 303, 307, 308])
  func `a redirect is not followed`(_ status: Int) throws {
    let answer = try failure(["redirect": "\(status)"], -32014, "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "redirect")
    #expect(try simulator.requests().allSatisfy { $0["path"]?.string == "/v1/responses" })
  }

  @Test(arguments: ["text/html", "text/plain; charset=utf-8", "application/octet-stream"])
  func `another content type is refused`(_ type: String) throws {
    let answer = try failure(["content_type": type], -32014, "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "content_type")
  }

  @Test func `a compressed answer that nobody asked for is refused`() throws {
    let answer = try failure(["gzip": "1"], -32014, "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "content_encoding")
  }

  @Test func `an event that is not JSON ends the response`() throws {
    let answer = try failure(["malformed": "after_events:6"], -32014, "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "event")
    #expect(answer.events.count == 6)
  }

  @Test(arguments: ["data: []\n\n", "data: 1\n\n", "data: {\"type\":\n\n", "data: \u{FEFF}{}\n\n"])
  func `an event that is no object is refused`(_ event: String) throws {
    let answer = try failure(["raw_events": event], -32014, "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "event")
  }

  private static let noResponses = [
    #"{"code":500,"message":"Internal error"}"#, "{}", #"{"id":"x"}"#, #"{"object":"response"}"#,
    #"{"id":"c","object":"chat.completion","choices":[{"message":{"content":"Hi"}}]}"#,
    #"{"object":"list","data":[],"output":[]}"#, #"{"object":1,"output":[]}"#,
  ]

  @Test(arguments: noResponses, [true, false])
  func `a JSON object that is no response is no answer`(_ body: String, _ stream: Bool) throws {
    let answer = try failure(
      ["raw_events": body, "content_type": "application/json"], stream: stream, -32014,
      "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "body")
  }

  @Test func `an error of whatever kind of object is an error`() throws {
    let answer = try failure(
      [
        "raw_events": #"{"object":"error","error":{"message":"Broken."}}"#,
        "content_type": "application/json",
      ], -32010, "upstream_http")
    #expect(answer.errorData?["error"]?["message"]?.string == "Broken.")
  }

  @Test(arguments: ["queued", "in_progress"], [true, false])
  func `a response that still runs is no answer`(_ status: String, _ stream: Bool) throws {
    let body = #"{"id":"resp_1","object":"response","status":"\#(status)","output":[]}"#
    let answer = try failure(
      ["raw_events": body, "content_type": "application/json"], stream: stream, -32014,
      "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "status")
  }

  @Test func `an event beyond limits event is refused`() throws {
    let answer = try failure(["huge_event": "100000"], -32014, "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "limit")
  }

  @Test func `an endless line is refused`() throws {
    let answer = try failure(["endless": "line"], -32014, "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "limit")
  }

  @Test func `a response beyond limits response is refused`() throws {
    let answer = try failure(["burst": "5000"], -32014, "upstream_protocol")
    #expect(answer.errorData?["detail"]?.string == "limit")
  }

  @Test func `endless headers are refused`() throws {
    let answer = try daemon.connect().create(1, ["huge_headers": "2000000"])
    #expect(answer.error != nil)
    #expect(try daemon.connect().call(1, "daemon.ping").error == nil)
  }

  // MARK: What is odd, but an answer

  @Test func `a response that failed is a result`() throws {
    let answer = try daemon.connect().create(
      1, ["failed": "1", "error_code": "server_error", "error_message": "Sorry."])
    #expect(answer.error == nil)
    #expect(answer.status == "failed")
    #expect(answer.eventTypes.last == "response.failed")
    #expect(answer.result?["error"]?["message"]?.string == "Sorry.")
  }

  @Test func `an incomplete response is a result`() throws {
    let answer = try daemon.connect().call(
      1, "responses.create",
      #"{"input":"Hi","stream":true,"max_output_tokens":16,"metadata":{"words":"100"}}"#)
    #expect(answer.status == "incomplete")
    #expect(answer.eventTypes.last == "response.incomplete")
    #expect(
      answer.result?["incomplete_details"]?["reason"]?.string == "max_output_tokens")
  }

  @Test func `a stream that nobody asked for becomes the result`() throws {
    let answer = try daemon.connect().create(
      1, ["sse_always": "1", "text": "Whole."], stream: false)
    #expect(answer.text == "Whole.")
    #expect(answer.events.isEmpty)
  }

  @Test func `JSON instead of a stream still gives events`() throws {
    let answer = try daemon.connect().create(1, ["json_always": "1", "text": "Whole."])
    #expect(answer.text == "Whole.")
    #expect(answer.streamedText == "Whole.")
    #expect(answer.eventTypes.first == "response.created")
    #expect(answer.eventTypes.last == "response.completed")
    #expect(
      answer.events.compactMap { $0["sequence_number"]?.integer }
        == Array(0..<Int64(answer.events.count)))
  }

  @Test func `a sparse response is handed on as sparse`() throws {
    let answer = try daemon.connect().create(1, ["sparse": "1"])
    #expect(answer.status == "completed")
    #expect(answer.result?.removing("halley") == answer.events.last?["response"])
  }

  // MARK: Error events

  @Test(arguments: ["flat", "nested"])
  func `an error event before response failed is an event, and the failure the result`(
    _ shape: String
  ) throws {
    let answer = try daemon.connect().create(
      1, ["stream_error": "\(shape):5", "error_message": "Broken."])
    #expect(answer.status == "failed")
    #expect(answer.eventTypes.suffix(2) == ["error", "response.failed"])
  }

  @Test(arguments: ["flat", "nested", "bare"])
  func `an error event instead of a response is an error`(_ shape: String) throws {
    let answer = try daemon.connect().create(
      1,
      [
        "stream_error": "\(shape):0", "stream_error_alone": "1", "error_code": "odd_code",
        "error_message": "Broken.",
      ])
    #expect(answer.errorCode == "upstream_http", "\(answer.message.text)")
    #expect(answer.errorData?["error"]?["code"]?.string == "odd_code")
    #expect(answer.error?["message"]?.string?.contains("Broken.") == true)
  }

  @Test(arguments: ["flat", "nested", "bare"])
  func `an error event amid a response without an end keeps the text`(_ shape: String) throws {
    let answer = try daemon.connect().create(
      1, ["stream_error": "\(shape):7", "stream_error_alone": "1", "error_message": "Broken."])
    let response = answer.result ?? answer.errorData?["response"]
    #expect(answer.error != nil || answer.status == "failed", "\(answer.message.text)")
    #expect(response.map(Answer.text) == answer.streamedText)
    #expect(answer.message.text.contains("Broken."))
  }
}
