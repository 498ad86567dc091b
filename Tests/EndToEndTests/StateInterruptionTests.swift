import JSON
import TestSupport
import Testing

/// Turns that did not come to their end.
@Suite struct StateInterruptionTests {
  private let stage: StateStage
  private var client: SocketClient { stage.client }

  init() throws {
    stage = try StateStage()
  }

  /// What ends an answer in its middle, as metadata and further members of the request.
  private static let interruptions: [(metadata: String, members: String)] = [
    (#""close":"after_events:8""#, ""), (#""close_raw":"after_events:8""#, ""),
    (#""reset":"after_events:8""#, ""), (#""no_terminal":"1""#, ""),
    (#""malformed":"after_events:8""#, ""), (#""stream_error":"nested:8""#, ""),
    (#""stream_error":"flat:8","stream_error_alone":"1""#, ""),
    (#""stall":"after_events:8""#, #","halley":{"timeout_s":0.4}"#),
  ]

  private func startEndless(_ id: Int, _ client: SocketClient, _ members: String = "") throws {
    try client.request(
      id, "responses.create",
      #"{"input":"quincunx","stream":true,"conversation":"c","metadata":{"endless":"deltas","event_delay_ms":"2"}\#(members)}"#
    )
    try client.awaitText(id)
  }

  /// Expects a half turn to be the conversation's last, and to be gone on from.
  ///
  /// - Parameter status: of its item, which may have come to its own end before the answer's.
  private func expectKept(
    _ client: SocketClient, _ note: Comment, status: String = "incomplete"
  ) throws {
    try Wait.until("the turn to end") {
      try client.call(2, "daemon.status").result?["responses"]?.elements.isEmpty == true
    }
    let items = try client.items(of: "c")
    #expect(items.map { $0["role"]?.string } == ["user", "assistant"], note)
    #expect(items.last?["status"]?.string == status, note)
    let said = try client.texts(of: "c")
    try #require(said.count == 2, note)
    #expect(!said[1].isEmpty, note)
    let found = try client.call(
      3, "conversations.search", #"{"query":"quincunx","conversation":"c"}"#)
    #expect(found.result?["data"]?.elements.count { $0["role"]?.string == "user" } == 1, note)
    #expect(try client.say("go on", #""conversation":"c""#).status == "completed", note)
    #expect(try stage.lastInput() == said + ["go on"], note)
  }

  @Test(arguments: interruptions.indices)
  func `what ends in mid-answer stays in its conversation`(index: Int) throws {
    let (metadata, members) = Self.interruptions[index]
    let cut = try client.call(
      1, "responses.create",
      #"{"input":"quincunx","stream":true,"conversation":"c","metadata":{"words":"40",\#(metadata)}\#(members)}"#
    )
    #expect(cut.status != "completed")
    try expectKept(
      client, "\(metadata)",
      status: metadata.contains("no_terminal") ? "completed" : "incomplete")
  }

  @Test func `what is cancelled in mid-answer stays in its conversation`() throws {
    try startEndless(5, client)
    _ = try client.call(6, "$/cancelRequest", #"{"id":5}"#)
    let cut = try client.answer(5)
    #expect(cut.status == "cancelled")
    #expect(try client.texts(of: "c") == ["quincunx", cut.text])
    #expect(
      try client.items(of: "c").last?["id"] == cut.result?["output"]?.elements.last?["id"])
    try expectKept(client, "cancelled")
  }

  @Test func `what its client left stays in its conversation`() throws {
    let first = try stage.daemon.connect()
    try startEndless(5, first)
    first.close()
    try expectKept(client, "left")
  }

  @Test func `what a crash cut off stays in its conversation`() throws {
    try startEndless(5, client, #","halley":{"scope":"tty1"}"#)
    try Wait.until("text to be on disk") { try stage.filesContain("comet") }
    try stage.daemon.kill()
    let client = try stage.restarted().connect()
    try expectKept(client, "crash")
    _ = try client.say("more", #""halley":{"continue":true,"scope":"tty1"}"#)
    #expect(try stage.lastInput().first == "quincunx")
  }

  @Test(arguments: [
    #""status":"400""#, #""stall_before_headers":"1""#, #""stall":"after_headers""#,
    #""close":"after_events:2","words":"40""#, #""empty_body":"1","status":"500""#,
  ])
  func `what failed before any text is no part of its conversation`(metadata: String) throws {
    try client.request(
      5, "responses.create",
      #"{"input":"nothing","stream":true,"conversation":"c","metadata":{\#(metadata)},"halley":{"timeout_s":0.4,"scope":"t"}}"#
    )
    #expect(try client.answer(5).error != nil)
    try client.settle()
    #expect(try client.texts(of: "c").isEmpty)
    let found = try client.call(3, "conversations.search", #"{"query":"nothing"}"#)
    #expect(found.result?["data"]?.elements.isEmpty == true)
    _ = try client.say("on", #""conversation":"c","halley":{"scope":"t"}"#)
    #expect(try stage.lastInput() == ["on"])
  }

  @Test func `who watches sees a half turn as items of the ids that its events had`() throws {
    let watcher = try stage.daemon.connect()
    _ = try client.say("one", #""conversation":"c""#)
    try watcher.request(9, "conversations.watch", #"{"conversation":"c"}"#)
    try watcher.settle()
    try startEndless(5, client)
    _ = try client.call(6, "$/cancelRequest", #"{"id":5}"#)
    let cut = try client.answer(5)
    let added = try watcher.event(9) {
      $0["type"]?.string == "conversation.items.added"
        && $0["items"]?.elements.contains { $0["role"]?.string == "assistant" } == true
    }
    #expect(
      added["items"]?.elements.last?["id"] == cut.result?["output"]?.elements.last?["id"])
  }

  // MARK: What is stored nowhere

  @Test func `a background response that is not stored can be read after its end`() throws {
    let params = #"{"input":"x","background":true,"store":false,"metadata":{"text":"Here."}}"#
    let started = try client.call(1, "responses.create", params)
    func retrieve(_ client: SocketClient) throws -> Answer { try client.retrieve(started.id) }
    try Wait.until("the end") { try retrieve(client).status == "completed" }
    #expect(try retrieve(client).text == "Here.")
    let replay = try client.replay(started.id)
    #expect(replay.streamedText == "Here.")
    #expect(replay.stored == (try retrieve(client).result))
    let cancelled = try client.call(1, "responses.cancel", #"{"response_id":"\#(started.id)"}"#)
    #expect(cancelled.status == "completed")
    #expect(try !stage.filesContain("Here."))
    let next = try client.say("on", #""previous_response_id":"\#(started.id)""#)
    #expect(next.errorCode == "not_found")
    let deleted = try client.call(1, "responses.delete", #"{"response_id":"\#(started.id)"}"#)
    #expect(deleted.result?["deleted"]?.boolean == true)
    #expect(try retrieve(client).errorCode == "not_found")
  }

  @Test func `a background response that is not stored tells its failure after its end`() throws {
    let params = #"{"input":"x","background":true,"store":false,"metadata":{"status":"400"}}"#
    let started = try client.call(1, "responses.create", params)
    try Wait.until("the end") { try client.retrieve(started.id).status == "failed" }
    let ended = try client.retrieve(started.id)
    #expect(ended.result?["error"]?["code"]?.string == "upstream_http")
    let replay = try client.replay(started.id)
    #expect(replay.stored == ended.result)
    #expect(replay.events.last?["type"]?.string == "response.failed")
  }

  // MARK: Templates

  @Test func `a prompt template keeps its model unless the request names one`() throws {
    let prompt = #""prompt":{"id":"pmpt_1","version":"2"}"#
    _ = try client.call(1, "responses.create", #"{"input":"x",\#(prompt)}"#)
    #expect(try stage.lastBody()["model"] == nil)
    _ = try client.call(1, "responses.create", #"{"input":"x","model":"gpt-4.1",\#(prompt)}"#)
    #expect(try stage.lastBody()["model"]?.string == "gpt-4.1")
    let stage = try StateStage(rest: "[profiles.p]\nmodel = \"gpt-5.4-mini\"\n")
    _ = try stage.client.call(
      1, "responses.create", #"{"input":"x",\#(prompt),"halley":{"profile":"p"}}"#)
    #expect(try stage.lastBody()["model"]?.string == "gpt-5.4-mini")
  }
}
