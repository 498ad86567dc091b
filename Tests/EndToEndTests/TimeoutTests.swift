import JSON
import TestSupport
import Testing

@Suite struct TimeoutTests {
  private let simulator: Simulator

  init() throws { simulator = try Simulator() }

  private func failure(
    _ setting: String, _ controls: [String: String], stream: Bool = true, halley: String? = nil
  ) throws -> Answer {
    let daemon = try DaemonProcess(simulator, upstream: "max_retries = 0\n\(setting)")
    let answer = try daemon.connect().create(1, controls, stream: stream, halley: halley)
    #expect(answer.errorNumber == -32012, "\(answer.message.text)")
    #expect(answer.errorCode == "upstream_timeout")
    try Wait.until("the upstream's connection to close") {
      try simulator.count("active_streams") == 0
    }
    return answer
  }

  private func phase(_ answer: Answer) -> String? { answer.errorData?["phase"]?.string }

  @Test(arguments: [
    ["stall_before_headers": "1"], ["stall": "after_headers"],
    ["first_event_delay_ms": "600000"],
  ])
  func `an answer that does not begin ends in phase first_event`(_ controls: [String: String])
    throws
  {
    let answer = try failure("first_event_timeout = \"200ms\"", controls)
    #expect(phase(answer) == "first_event")
    #expect(answer.events.isEmpty)
  }

  @Test func `a create without a stream waits for its first byte as long`() throws {
    let answer = try failure(
      "first_event_timeout = \"200ms\"", ["stall_before_headers": "1"], stream: false)
    #expect(phase(answer) == "first_event")
  }

  @Test func `silence amid an answer ends in phase idle and keeps the text`() throws {
    let answer = try failure("idle_timeout = \"200ms\"", ["stall": "after_events:7"])
    #expect(phase(answer) == "idle")
    #expect(!answer.streamedText.isEmpty)
    #expect(answer.errorData?["response"].map(Answer.text) == answer.streamedText)
  }

  @Test func `comments keep an answer from being idle`() throws {
    let answer = try failure(
      "idle_timeout = \"400ms\"\ntotal_timeout = \"1500ms\"",
      ["endless": "comments", "event_delay_ms": "20"])
    #expect(phase(answer) == "total")
  }

  @Test func `an endless answer ends in phase total`() throws {
    let answer = try failure(
      "total_timeout = \"500ms\"", ["endless": "deltas", "event_delay_ms": "5"])
    #expect(phase(answer) == "total")
  }

  @Test func `timeout_s ends a request earlier`() throws {
    let answer = try failure(
      "", ["endless": "deltas", "event_delay_ms": "5"], halley: #"{"timeout_s":0.5}"#)
    #expect(phase(answer) == "total")
  }

  @Test func `timeout_s counts the waits between attempts too`() throws {
    let daemon = try DaemonProcess(simulator)
    let answer = try daemon.connect().create(
      1, ["status": "503", "retry_after": "60"], halley: #"{"timeout_s":0.5}"#)
    #expect(answer.errorCode == "upstream_timeout" || answer.errorCode == "upstream_http")
    #expect(try simulator.count("creates") == 1)
  }
}
