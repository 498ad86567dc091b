import JSON
import Service
import Testing
import Wire

@Suite struct WebSocketRequestTests {
  private func read(_ message: String) throws(WebSocketError) -> WebSocketRequest {
    try WebSocketRequest(Array(message.utf8), limits: .strict)
  }

  private func create(_ message: String) throws -> WebSocketRequest.Create {
    guard case .create(let create) = try read(message) else { throw Other() }
    return create
  }

  private struct Other: Error {}

  @Test func `what is the connection's own does not go into the params`() throws {
    let create = try create(
      """
      {"type":"response.create","stream_id":"a","generate":false,"background":false,\
      "client_metadata":{"turn":"1"},"model":"m","input":"Hi","stream":false,\
      "previous_response_id":"resp_1","store":false}
      """)
    #expect(
      create.params.text == #"""
        {"model":"m","input":"Hi","stream":true,"previous_response_id":"resp_1","store":false}
        """#)
    #expect(create.streamID == "a")
    #expect(!create.generates)
    #expect(!create.isStored)
    #expect(create.previousResponseID == "resp_1")
  }

  @Test func `what is not said is as over HTTP`() throws {
    let create = try create(
      #"{"type":"response.create","stream_id":null,"generate":null,"background":null}"#)
    #expect(create.streamID == nil)
    #expect(create.generates)
    #expect(create.isStored)
    #expect(create.params.text == #"{"stream":true}"#)
  }

  @Test(arguments: [
    (#"{"type":"response.cancel","stream_id":"a"}"#, "invalid_params", "a"),
    (#"{"type":"response.create","generate":"no","stream_id":"a"}"#, "invalid_params", "a"),
    (#"{"type":"response.create","stream_id":"ö"}"#, "invalid_stream_id", nil),
    (#"{"type":"session.update","stream_id":""}"#, "invalid_params", nil),
    ("[1]", "invalid_request", nil), ("", "parse_error", nil),
  ])
  func `a refusal names its lane where that is known`(
    message: String, code: String, lane: String?
  ) throws {
    let error = try #require(throws: WebSocketError.self) { try read(message) }
    #expect(error.json["error"]?["code"]?.string == code)
    #expect(error.json["stream_id"]?.string == lane)
    #expect(error.json["status"]?.integer == 400)
    #expect(error.json["type"]?.string == "error")
  }
}
