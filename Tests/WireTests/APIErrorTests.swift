import JSON
import Testing
import Wire

@Suite struct APIErrorTests {
  private func headers(_ error: APIError) -> [String: String] {
    Dictionary(error.headers.map { ($0.name, $0.value) }) { $1 }
  }

  @Test(arguments: [
    (RPCError.Code.parseError, 400, "parse_error"), (.invalidRequest, 400, "invalid_request"),
    (.invalidParams, 400, "invalid_params"), (.tooDeep, 400, "too_deep"),
    (.tooComplex, 400, "too_complex"), (.tooLarge, 413, "too_large"),
    (.methodNotFound, 404, "method_not_found"), (.notFound, 404, "not_found"),
    (.permission, 403, "permission"), (.hookDenied, 403, "hook_denied"),
    (.busy, 409, "busy"), (.conflict, 409, "conflict"), (.cancelled, 409, "cancelled"),
    (.cacheMiss, 504, "cache_miss"), (.budgetExceeded, 429, "insufficient_quota"),
    (.overloaded, 429, "overloaded"), (.upstreamCircuitOpen, 503, "upstream_circuit_open"),
    (.storage, 503, "storage"), (.storageFull, 507, "storage_full"),
    (.upstreamHTTP, 502, "upstream_http"), (.upstreamUnreachable, 502, "upstream_unreachable"),
    (.upstreamTruncated, 502, "upstream_truncated"), (.upstreamProtocol, 502, "upstream_protocol"),
    (.pluginFailed, 502, "plugin_failed"), (.toolFailed, 502, "tool_failed"),
    (.upstreamTimeout, 504, "upstream_timeout"), (.config, 503, "config"),
    (.internal, 500, "internal"),
  ])
  func `every code has a status`(code: RPCError.Code, status: Int, name: String) {
    let error = APIError(RPCError(code, "why"))
    #expect(error.status == status)
    #expect(error.code == name)
    #expect(error.message == "why")
  }

  @Test func `the body is the API's`() throws {
    let error = APIError(.invalidParams("input[0].content", "an array was expected"))
    #expect(
      try error.body.means(
        """
        {"error":{"message":"input[0].content: an array was expected",
         "type":"invalid_request_error","param":"input[0].content","code":"invalid_params"}}
        """))
    #expect(
      try APIError(503, code: nil, "later").body.means(
        #"{"error":{"message":"later","type":"server_error","param":null,"code":null}}"#))
  }

  @Test(arguments: [
    ("previous_response_id", 400, "previous_response_not_found"),
    ("model", 404, "model_not_found"), ("conversation", 404, "not_found"),
  ])
  func `an id that is not there is told by its member`(param: String, status: Int, code: String) {
    let error = APIError(RPCError(.notFound, "none", details: [("param", .string(param))]))
    #expect(error.status == status)
    #expect(error.code == code)
    #expect(error.param == param)
  }

  @Test func `a name that the request gave is its mistake`() {
    var error = RPCError(.config, "no upstream is named \"x\"")
    error.isOfRequest = true
    #expect(APIError(error).status == 400)
  }

  @Test(arguments: [RPCError.Code.busy, .conflict, .cacheMiss, .budgetExceeded, .cancelled])
  func `what would fail again is not to be tried again`(code: RPCError.Code) {
    #expect(headers(APIError(RPCError(code, "why"))) == ["x-should-retry": "false"])
  }

  @Test(arguments: [
    (0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (15_000, "15"), (-5, "1"),
    (Int64.max, "9223372036854776"),
  ])
  func `a wait is in whole seconds`(milliseconds: Int64, seconds: String) {
    let details = [(key: "retry_after_ms", value: RawJSON.integer(milliseconds))]
    for code in [RPCError.Code.overloaded, .upstreamCircuitOpen] {
      let error = APIError(RPCError(code, "why", isRetryable: true, details: details))
      #expect(headers(error) == ["retry-after": seconds])
    }
  }

  @Test func `who is overloaded says when to come again`() {
    #expect(headers(APIError(RPCError(.overloaded, "why"))) == ["retry-after": "1"])
    #expect(headers(APIError(RPCError(.upstreamCircuitOpen, "why"))) == ["retry-after": "1"])
  }

  @Test(arguments: [
    RPCError.Code.upstreamUnreachable, .internal, .storage, .invalidParams, .config,
  ])
  func `other errors say nothing of another try`(code: RPCError.Code) {
    #expect(headers(APIError(RPCError(code, "why"))).isEmpty)
  }

  // MARK: Upstreams

  private func upstream(
    _ status: Int, _ error: String, isRetryable: Bool = false,
    _ more: [(key: String, value: RawJSON)] = []
  ) -> APIError {
    APIError(
      RPCError(
        .upstreamHTTP, "the upstream answered \(status)", isRetryable: isRetryable,
        details: [("http_status", .integer(status)), ("error", RawJSON(error))] + more))
  }

  @Test func `an upstream's refusal is told in its own words`() {
    let error = upstream(
      400,
      #"{"message":"Too long.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}"#,
      [("request_id", .string("req_1"))])
    #expect(error.status == 400)
    #expect(error.message == "Too long.")
    #expect(error.type == "invalid_request_error")
    #expect(error.param == "input")
    #expect(error.code == "context_length_exceeded")
    #expect(headers(error) == ["x-upstream-request-id": "req_1"])
  }

  @Test(arguments: [401, 403])
  func `a key that is refused upstream is not the client's`(status: Int) {
    let error = upstream(status, #"{"message":"Incorrect API key","code":"invalid_api_key"}"#)
    #expect(error.status == 502)
    #expect(error.code == "upstream_key_refused")
    #expect(headers(error) == ["x-should-retry": "false"])
  }

  @Test(arguments: [200, 302, 600, 0])
  func `a status that is no refusal becomes a bad gateway`(status: Int) {
    #expect(upstream(status, #""<html>""#).status == 502)
  }

  @Test func `an upstream's wait is handed on, and an empty account is not waited for`() {
    let busy = upstream(
      429, #"{"code":"rate_limit_exceeded"}"#, isRetryable: true,
      [("retry_after_ms", .integer(2500))])
    #expect(headers(busy) == ["retry-after": "3"])
    let empty = upstream(429, #"{"type":"insufficient_quota","code":"insufficient_quota"}"#)
    #expect(empty.type == "insufficient_quota")
    #expect(headers(empty) == ["x-should-retry": "false"])
  }

  @Test func `what an upstream says can't split a head`() {
    let error = upstream(500, "{}", isRetryable: true, [("request_id", .string("a\r\nb: c"))])
    #expect(headers(error).isEmpty)
    #expect(upstream(500, #"{"code":17,"message":null}"#).code == "17")
  }

  // MARK: Responses

  @Test(arguments: [
    ("server_error", 502), ("rate_limit_exceeded", 429), ("invalid_prompt", 400),
    ("image_too_large", 400), ("bio_policy", 400), ("something_new", 502),
  ])
  func `a response that failed has a status`(code: String, status: Int) {
    let error = APIError(
      failed: RawJSON(#"{"status":"failed","error":{"code":"\#(code)","message":"why"}}"#))
    #expect(error.status == status)
    #expect(error.code == code)
    #expect(error.message == "why")
  }

  @Test(arguments: [
    #"{"type":"error","code":"server_error","message":"why","param":null,"sequence_number":3}"#,
    #"{"type":"error","error":{"type":"server_error","code":"server_error","message":"why"}}"#,
    #"{"error":{"code":"server_error","message":"why"}}"#,
  ])
  func `an error event has either shape`(event: String) {
    let error = APIError(event: RawJSON(event))
    #expect(error.status == 502)
    #expect(error.type == "server_error")
    #expect(error.code == "server_error")
    #expect(error.message == "why")
  }

  @Test(arguments: ["{}", #"{"error":null}"#, #"{"error":"odd"}"#, #"{"error":[]}"#, "7"])
  func `a failure that says nothing is one`(response: String) {
    #expect(APIError(failed: RawJSON(response)).status == 502)
  }
}
