import JSON
import TestSupport
import Testing

/// Ends of which the event's type, the status and the error tell different things.
@Suite struct ResponseEndTests {
  private let simulator: Simulator
  private let client: SocketClient
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(
      simulator, upstream: "max_retries = 0", rest: "[cache]\nttl = \"24h\"\n")
    client = try daemon.connect()
  }

  /// - Parameter members: of the response, beside its output.
  private func answer(_ type: String?, _ members: String) throws -> Answer {
    let response =
      #"{"object":"response","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]}]\#(members)}"#
    let stream = "data: {\"type\":\"response.\(type ?? "")\",\"response\":\(response)}\n\n"
    try simulator.writeScript("end", Array((type == nil ? response : stream).utf8))
    return try ask(isPlain: type == nil)
  }

  private func ask(isPlain: Bool) throws -> Answer {
    let type = isPlain ? "application/json" : "text/event-stream"
    return try client.create(1, ["script": "end", "content_type": type])
  }

  private func expectEnd(
    _ answer: Answer, _ status: String, isPlain: Bool = false, isCached: Bool
  ) throws {
    #expect(answer.status == status, "\(answer.message.text)")
    let type = ["cancelled": "incomplete"][status] ?? status
    #expect(answer.eventTypes.last == "response.\(type)")
    #expect(answer.events.last?["response"]?["status"]?.string == status)
    #expect(try client.retrieve(answer.id).status == status)
    _ = try ask(isPlain: isPlain)
    #expect(try simulator.count("creates") == (isCached ? 1 : 2))
  }

  private static let error = #","error":{"code":"server_error","message":"Sorry."}"#

  @Test(arguments: [
    ("completed", #","status":"completed""#, "completed"),
    ("completed", #","status":"completed","error":{}"#, "completed"),
    ("completed", #","status":"completed","error":{"code":null,"message":null}"#, "completed"),
    ("completed", #","status":"queued""#, "completed"),
    ("completed", #","status":"in_progress""#, "completed"),
    ("completed", #","status":"unheard_of""#, "completed"),
    ("completed", #","status":null"#, "completed"), ("completed", #","status":5"#, "completed"),
    ("completed", "", "completed"), ("completed", #","status":"failed""#, "failed"),
    ("completed", #","status":"failed"\#(error)"#, "failed"),
    ("completed", #","status":"completed"\#(error)"#, "failed"),
    ("completed", #","status":"completed","error":"Sorry.""#, "failed"),
    ("completed", #","status":"incomplete""#, "incomplete"),
    ("completed", #","status":"cancelled""#, "cancelled"),
    ("incomplete", #","status":"completed""#, "incomplete"),
    ("incomplete", #","status":"cancelled""#, "cancelled"),
    ("incomplete", #","status":"failed""#, "failed"),
    ("failed", #","status":"completed""#, "failed"),
    ("failed", #","status":"incomplete""#, "failed"), ("failed", "", "failed"),
  ])
  func `the worst that is told of an end holds, and only a clean one is cached`(
    _ type: String, _ members: String, _ status: String
  ) throws {
    let isClean = status == "completed" && members.hasPrefix(#","status":"completed""#)
    try expectEnd(answer(type, members), status, isCached: isClean)
  }

  @Test(arguments: [
    (#","status":"completed""#, "completed"), ("", "completed"), (#","status":null"#, "completed"),
    (#","status":"completed"\#(error)"#, "failed"), (error, "failed"),
    (#","status":"incomplete"\#(error)"#, "failed"), (#","status":"cancelled""#, "cancelled"),
  ])
  func `an answer of one piece ends likewise`(_ members: String, _ status: String) throws {
    try expectEnd(
      answer(nil, members), status, isPlain: true, isCached: members == #","status":"completed""#)
  }

  @Test(arguments: [#""unheard_of""#, "5", "{}", #""""#, #""queued""#, #""in_progress""#])
  func `an answer of one piece with a status of no end is none`(_ status: String) throws {
    let answer = try answer(nil, #","status":\#(status)"#)
    #expect(answer.errorCode == "upstream_protocol", "\(answer.message.text)")
    #expect(answer.errorData?["detail"]?.string == "status")
  }
}
