import JSON
import TestSupport
import Testing

/// What responses cost in memory while they come in and are kept for their readers.
@Suite(.serialized) struct ResponseMemoryTests {
  private static let limitKiB = 64 << 10
  private static let delta = 1 << 20

  /// A stream of large deltas, and its terminal event.
  private static func stream(_ deltas: Int) -> [UInt8] {
    let head = """
      data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_large",\
      "object":"response","created_at":1,"status":"in_progress","model":"m","output":[]}}

      data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,\
      "item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant",\
      "content":[]}}


      """
    let text = String(repeating: "a", count: delta)
    var bytes = Array(head.utf8)
    for number in 0..<deltas {
      let event = """
        data: {"type":"response.output_text.delta","sequence_number":\(number + 2),\
        "item_id":"msg_1","output_index":0,"content_index":0,"delta":"\(text)"}


        """
      bytes += Array(event.utf8)
    }
    let end = """
      data: {"type":"response.completed","sequence_number":\(deltas + 2),"response":\
      {"id":"resp_large","object":"response","created_at":1,"status":"completed","model":"m",\
      "output":[{"id":"msg_1","type":"message","status":"completed","role":"assistant",\
      "content":[{"type":"output_text","text":"a","annotations":[]}]}]}}


      """
    return bytes + Array(end.utf8)
  }

  private func awaitEnd(_ daemon: DaemonProcess) throws {
    try Wait.until("the response to have ended") {
      let status = try daemon.status()
      return status["responses"]?.elements.isEmpty == true
        && (status["upstreams"]?.elements.first?["running"]?.integer ?? 1) == 0
    }
  }

  /// Expects that from now on no more was resident than twice the limit of one response.
  private func expectBounded(
    _ daemon: DaemonProcess, since before: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let growth = try daemon.figures.peakKiB - before
    #expect(growth <= 2 * Self.limitKiB, "\(growth) KiB", sourceLocation: sourceLocation)
  }

  @Test(arguments: [(62, "completed"), (70, nil)] as [(Int, String?)])
  func `large events up to the limit cost twice the limit at most`(
    _ deltas: Int, _ status: String?
  ) throws {
    let stage = try StateStage()
    try stage.simulator.writeScript("large", Self.stream(deltas))
    #expect(try stage.client.create(1).status == "completed")
    let before = try stage.daemon.figures.residentKiB
    try stage.daemon.figures.forgetPeak()
    try stage.client.startCreate(2, ["script": "large"])
    var events = 0
    while let message = try stage.client.message() {
      guard message["id"] == nil else {
        #expect(message["result"]?["status"]?.string == status)
        if status == nil {
          #expect(message["error"]?["data"]?["code"]?.string == "upstream_protocol")
          #expect(message["error"]?["data"]?["response"] != nil)
        }
        break
      }
      events += 1
    }
    #expect(events > 60)
    // The end of a failed response is written behind its answer.
    try Wait.until("the end to be on disk") {
      try stage.client.retrieve("resp_large").status == status ?? "incomplete"
    }
    try expectBounded(stage.daemon, since: before)
    let replayed = try stage.client.replay("resp_large", after: 40)
    #expect(replayed.events.first?["sequence_number"]?.integer == 41)
  }

  @Test func `a large stream that nobody reads is held once`() throws {
    let stage = try StateStage()
    try stage.simulator.writeScript("large", Self.stream(50))
    #expect(try stage.client.create(1).status == "completed")
    let before = try stage.daemon.figures.residentKiB
    try stage.daemon.figures.forgetPeak()
    let reader = try stage.daemon.connect()
    try reader.startCreate(2, ["script": "large"])
    try Wait.until("the stream") { try stage.simulator.count("creates") == 2 }
    try awaitEnd(stage.daemon)
    try stage.client.settle()
    try expectBounded(stage.daemon, since: before)
    let answer = try reader.answer(2)
    #expect(answer.streamedText.utf8.count == 50 * Self.delta)
  }

  @Test func `a response that is cut off keeps the beginning of a very long text`() throws {
    let stage = try StateStage()
    try stage.simulator.writeScript("large", Array(Self.stream(12).dropLast(700)))
    let answer = try stage.client.create(1, ["script": "large"])
    let partial = try #require(answer.errorData?["response"])
    #expect(Answer.text(of: partial).utf8.count == 7 * Self.delta)
    #expect(answer.streamedText.utf8.count >= 11 * Self.delta)
  }

  @Test func `new responses wait while the events of all take too much`() throws {
    let stage = try StateStage(rest: "[limits]\nresponses = \"1MiB\"")
    let kept = try stage.client.say("Hello", answer: "Kept.")
    let reader = try stage.daemon.connect()
    try reader.startCreate(1, ["burst": "20000", "stall": "after_events:20005"])
    try Wait.until("the events") {
      let events = try stage.daemon.status()["responses"]?.elements.first?["events"]?.integer ?? 0
      return events > 20_000
    }
    for refused in [try stage.client.create(1), try stage.client.replay(kept.id)] {
      #expect(refused.errorCode == "overloaded", "\(refused.message.text)")
      #expect(refused.errorData?["retryable"]?.boolean == true)
      #expect(refused.errorData?["retry_after_ms"]?.integer != nil)
    }
    #expect(try stage.client.retrieve(kept.id).text == "Kept.")
    reader.close()
    try Wait.until("room for responses") {
      try stage.client.create(1, stream: false).status == "completed"
    }
    #expect(try stage.client.replay(kept.id).text == "Kept.")
  }
}
