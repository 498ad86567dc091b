import JSON
import TestSupport
import Testing

@Suite struct StateBackgroundTests {
  private static let story = #""input":"tell me a unicorn story""#
  private static let endless =
    #"{\#(story),"background":true,"metadata":{"endless":"deltas","event_delay_ms":"2"}}"#

  private func start(_ client: SocketClient, _ params: String = endless) throws -> Answer {
    try client.call(1, "responses.create", params)
  }

  private func awaitStatus(_ wanted: String, of id: String, _ client: SocketClient) throws {
    try Wait.until("response \(id) to be \(wanted)") {
      try client.retrieve(id).status == wanted
    }
  }

  @Test func `a background response is answered as queued before the upstream answers`() throws {
    let stage = try StateStage()
    let answer = try start(
      stage.client,
      #"{\#(Self.story),"background":true,"metadata":{"stall_before_headers":"1"},"top_p":0.5}"#)
    let result = try #require(answer.result)
    #expect(answer.status == "queued")
    #expect(result["object"]?.string == "response")
    #expect(result["background"]?.boolean == true)
    #expect(result["output"]?.elements.isEmpty == true)
    #expect(result["top_p"]?.double == 0.5)
    #expect(try stage.client.retrieve(answer.id).status == "queued")
  }

  @Test func `it runs on without its client and is there for another`() throws {
    let stage = try StateStage()
    let first = try stage.daemon.connect()
    let answer = try start(
      first, #"{\#(Self.story),"background":true,"metadata":{"words":"40","rate":"200"}}"#)
    first.close()
    try awaitStatus("in_progress", of: answer.id, stage.client)
    try awaitStatus("completed", of: answer.id, stage.client)
    let result = try #require(try stage.client.retrieve(answer.id).result)
    #expect(result["id"]?.string == answer.id)
    #expect(result["background"]?.boolean == true)
    #expect(Answer.text(of: result).contains("unicorn"))
  }

  @Test func `a streamed one is left by its client and followed by another from any event`() throws
  {
    let stage = try StateStage()
    let first = try stage.daemon.connect()
    try first.request(
      1, "responses.create",
      #"{\#(Self.story),"background":true,"stream":true,"metadata":{"words":"80","rate":"200"}}"#)
    let created = try first.event(1) { $0["type"]?.string == "response.created" }
    try first.awaitText(1)
    first.close()
    let id = try #require(created["response"]?["id"]?.string)
    let rest = try stage.client.replay(id, after: 3)
    #expect(rest.status == "completed")
    #expect(rest.events.first?["sequence_number"]?.integer == 4)
    #expect(try stage.client.replay(id).events.suffix(rest.events.count) == rest.events[...])
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `a cancelled one stays cancelled`() throws {
    let stage = try StateStage()
    let answer = try start(stage.client)
    try awaitStatus("in_progress", of: answer.id, stage.client)
    let params = #"{"response_id":"\#(answer.id)"}"#
    let cancelled = try stage.client.call(1, "responses.cancel", params)
    #expect(cancelled.status == "cancelled")
    try Wait.until("the upstream's connection to close") {
      try stage.simulator.count("cancelled_streams") == 1
    }
    #expect(try stage.client.call(1, "responses.cancel", params).stored == cancelled.stored)
    #expect(try stage.client.retrieve(answer.id).stored == cancelled.stored)
    try stage.daemon.kill()
    let client = try stage.restarted().connect()
    #expect(try client.retrieve(answer.id).stored == cancelled.stored)
    #expect(try client.replay(answer.id).eventTypes.last == "response.incomplete")
  }

  @Test func `one that is cancelled before its upstream answers is cancelled`() throws {
    let stage = try StateStage()
    let answer = try start(
      stage.client, #"{"input":"x","background":true,"metadata":{"stall_before_headers":"1"}}"#)
    let params = #"{"response_id":"\#(answer.id)"}"#
    #expect(try stage.client.call(1, "responses.cancel", params).status == "cancelled")
    #expect(try stage.client.retrieve(answer.id).status == "cancelled")
  }

  @Test func `a completed one can't be cancelled any more`() throws {
    let stage = try StateStage()
    let answer = try start(stage.client, #"{"input":"x","background":true}"#)
    try awaitStatus("completed", of: answer.id, stage.client)
    let end = try stage.client.call(1, "responses.cancel", #"{"response_id":"\#(answer.id)"}"#)
    #expect(end.status == "completed")
  }

  @Test func `after a crash it is incomplete with the text that was there`() throws {
    let stage = try StateStage()
    let answer = try start(stage.client)
    try Wait.until("text to be on disk") { try stage.filesContain("comet") }
    try stage.daemon.kill()
    let client = try stage.restarted().connect()
    let result = try #require(try client.retrieve(answer.id).result)
    #expect(result["status"]?.string == "incomplete")
    #expect(result["incomplete_details"]?["reason"]?.string == "interrupted")
    #expect(result["background"]?.boolean == true)
    #expect(Answer.text(of: result).contains("comet"))
    let replay = try client.replay(answer.id)
    #expect(replay.stored == result)
    #expect(replay.streamedText == Answer.text(of: result))
    #expect(replay.eventTypes.last == "response.incomplete")
    let numbers = replay.events.compactMap { $0["sequence_number"]?.integer }
    #expect(numbers == (0..<Int64(replay.events.count)).map { $0 })
  }

  @Test func `one of which nothing had come is incomplete and empty after a crash`() throws {
    let stage = try StateStage()
    let answer = try start(
      stage.client, #"{"input":"x","background":true,"metadata":{"stall_before_headers":"1"}}"#)
    try stage.daemon.kill()
    let result = try #require(try stage.restarted().connect().retrieve(answer.id).result)
    #expect(result["status"]?.string == "incomplete")
    #expect(result["output"]?.elements.isEmpty == true)
    #expect(result["id"]?.string == answer.id)
    #expect(result["background"]?.boolean == true)
  }

  @Test func `an upstream that runs it by itself is asked for the rest after a crash`() throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    let answer = try start(
      stage.client, #"{\#(Self.story),"background":true,"metadata":{"words":"120","rate":"60"}}"#)
    try awaitStatus("in_progress", of: answer.id, stage.client)
    try Wait.until("text to be on disk") { try stage.filesContain("comet") }
    try stage.daemon.kill()
    let daemon = try DaemonProcess(
      stage.simulator, upstream: #"state = "upstream""#, scratch: stage.daemon.scratch)
    let client = try daemon.connect()
    try awaitStatus("completed", of: answer.id, client)
    let replay = try client.replay(answer.id)
    #expect(replay.streamedText == Answer.text(of: try #require(replay.result)))
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test(arguments: [true, false])
  func `one that may be cheaper later is asked for without a stream, also after a crash`(
    _ isCutOff: Bool
  ) throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    let answer = try start(
      stage.client,
      #"{\#(Self.story),"background":true,"background_options":{"completion_window":"2h"},"metadata":{"words":"120","rate":"30"}}"#
    )
    try Wait.until("the end to be asked for") {
      try stage.simulator.stats()["requests"]?["GET /responses/{id}"] != nil
    }
    let sent = try #require(stage.simulator.bodies().first)
    #expect(sent["stream"]?.boolean != true && sent["background"]?.boolean == true)
    #expect(sent["background_options"]?["completion_window"]?.string == "2h")
    var client = stage.client
    var second: DaemonProcess?
    if isCutOff {
      try stage.daemon.kill()
      second = try DaemonProcess(
        stage.simulator, upstream: #"state = "upstream""#, scratch: stage.daemon.scratch)
      client = try #require(second).connect()
    }
    try awaitStatus("completed", of: answer.id, client)
    #expect(Answer.text(of: try #require(client.retrieve(answer.id).result)).contains("unicorn"))
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `a foreground response that was to finish is there after its client left`() throws {
    let stage = try StateStage()
    let first = try stage.daemon.connect()
    try first.startCreate(
      1, ["words": "40", "rate": "200"], halley: #"{"on_disconnect":"finish"}"#)
    let created = try first.event(1) { $0["type"]?.string == "response.created" }
    first.close()
    let id = try #require(created["response"]?["id"]?.string)
    try awaitStatus("completed", of: id, stage.client)
  }
}
