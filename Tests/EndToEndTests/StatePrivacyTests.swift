import JSON
import TestSupport
import Testing

/// Text that must not be on disk, or no longer.
@Suite struct StatePrivacyTests {
  private static let secret = "xylophonquartett"

  private func say(_ stage: StateStage, _ members: String = "") throws -> Answer {
    try stage.client.say("\(Self.secret) in", answer: "\(Self.secret) out", members)
  }

  @Test func `stored text is on disk`() throws {
    let stage = try StateStage()
    _ = try say(stage)
    #expect(try stage.filesContain("\(Self.secret) in"))
    #expect(try stage.filesContain("\(Self.secret) out"))
  }

  @Test func `store false leaves no text on disk`() throws {
    let stage = try StateStage()
    let answer = try say(
      stage, #""store":false,"instructions":"\#(Self.secret)","user":"\#(Self.secret)""#)
    #expect(answer.status == "completed")
    #expect(answer.result?["store"]?.boolean == false)
    #expect(try !stage.filesContain(Self.secret))
    _ = try stage.daemon.stop()
    #expect(try !stage.filesContain(Self.secret))
  }

  @Test func `store false in a streamed, keyed or background response leaves no text`() throws {
    let stage = try StateStage()
    for members in [
      #""stream":true"#, #""halley":{"idempotency_key":"k"}"#,
      #""halley":{"scope":"here","on_disconnect":"finish"}"#,
    ] {
      let answer = try say(stage, "\(members),\"store\":false")
      #expect(answer.status == "completed", "\(members)")
      #expect(try !stage.filesContain(Self.secret), "\(members)")
    }
  }

  @Test func `a response that was not stored can't be had again`() throws {
    let stage = try StateStage()
    let answer = try say(stage, #""store":false"#)
    #expect(try stage.client.retrieve(answer.id).errorCode == "not_found")
    let items = try stage.client.call(
      1, "responses.input_items.list", #"{"response_id":"\#(answer.id)"}"#)
    #expect(items.errorCode == "not_found")
    let deleted = try stage.client.call(1, "responses.delete", #"{"response_id":"\#(answer.id)"}"#)
    #expect(deleted.errorCode == "not_found")
    let next = try stage.client.say("more", #""previous_response_id":"\#(answer.id)""#)
    #expect(next.errorCode == "not_found")
  }

  @Test func `the database is for its owner alone`() throws {
    let stage = try StateStage()
    _ = try say(stage)
    let state = "\(stage.daemon.scratch.path)/state"
    let modes = try run(["find", state, "-printf", "%m %y\n"]).output.split(separator: "\n")
    #expect(Set(modes) == ["700 d", "600 f"])
  }

  // MARK: Deletion

  @Test func `a deleted response's text is gone from the files`() throws {
    let stage = try StateStage()
    let answer = try say(stage, #""stream":true"#)
    let end = try stage.client.call(1, "responses.delete", #"{"response_id":"\#(answer.id)"}"#)
    #expect(end.result?["object"]?.string == "response.deleted")
    #expect(end.result?["deleted"]?.boolean == true)
    #expect(try !stage.filesContain(Self.secret))
    #expect(try stage.client.retrieve(answer.id).errorCode == "not_found")
    #expect(try stage.client.replay(answer.id).errorCode == "not_found")
  }

  @Test func `a deleted conversation's text is gone, and from the search index`() throws {
    let stage = try StateStage()
    _ = try say(stage, #""conversation":"gone""#)
    _ = try stage.client.say("kept words", #""conversation":"kept""#)
    #expect(try hits(stage) == 2)
    let end = try stage.client.call(1, "conversations.delete", #"{"conversation":"gone"}"#)
    #expect(end.result?["object"]?.string == "conversation.deleted")
    #expect(try hits(stage) == 0)
    #expect(try !stage.filesContain(Self.secret))
    #expect(try stage.client.texts(of: "kept").first == "kept words")
  }

  @Test func `a deleted item's text is gone, and from the response that made it`() throws {
    let stage = try StateStage()
    // The simulator's answer repeats what was said.
    let answer = try stage.client.say(Self.secret, #""conversation":"c""#)
    #expect(answer.text.contains(Self.secret))
    for item in try stage.client.items(of: "c") {
      let end = try stage.client.call(
        1, "conversations.items.delete",
        #"{"conversation":"c","item_id":"\#(item["id"]?.string ?? "")"}"#)
      #expect(end.result?["object"]?.string == "conversation")
    }
    #expect(try stage.client.texts(of: "c").isEmpty)
    #expect(try stage.client.retrieve(answer.id).result?["output"]?.elements.isEmpty == true)
    #expect(try !stage.filesContain(Self.secret))
  }

  @Test func `what a fork shares stays when the original is deleted`() throws {
    let stage = try StateStage()
    _ = try say(stage, #""conversation":"a""#)
    _ = try stage.client.call(
      1, "conversations.fork", #"{"conversation":"a","name":"b"}"#)
    _ = try stage.client.call(1, "conversations.delete", #"{"conversation":"a"}"#)
    #expect(try stage.client.texts(of: "b") == ["\(Self.secret) in", "\(Self.secret) out"])
    _ = try stage.client.call(1, "conversations.delete", #"{"conversation":"b"}"#)
    #expect(try !stage.filesContain(Self.secret))
  }

  private func hits(_ stage: StateStage) throws -> Int {
    try stage.client.call(1, "conversations.search", #"{"query":"\#(Self.secret)"}"#)
      .result?["data"]?.elements.count ?? -1
  }

  // MARK: Retention

  @Test func `events that have expired are replaced by a legal sequence`() throws {
    let stage = try StateStage(rest: "[store]\nevents = \"1s\"")
    let answer = try stage.client.say("one", answer: "Three words here.", #""stream":true"#)
    _ = try stage.daemon.stop()
    let daemon = try awaitExpiry(of: answer, stage)
    let replay = try daemon.connect().replay(answer.id)
    #expect(replay.stored == answer.stored)
    #expect(replay.streamedText == "Three words here.")
    let numbers = replay.events.compactMap { $0["sequence_number"]?.integer }
    #expect(numbers == (0..<Int64(replay.events.count)).map { $0 })
    #expect(
      replay.eventTypes == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.content_part.added", "response.output_text.delta", "response.output_text.done",
        "response.content_part.done", "response.output_item.done", "response.completed",
      ])
  }

  /// Starts the daemon anew until it has dropped the events, which it does when it starts.
  private func awaitExpiry(of answer: Answer, _ stage: StateStage) throws -> DaemonProcess {
    var daemon = try stage.restarted(rest: "[store]\nevents = \"1s\"")
    try Wait.until("the events to expire") {
      let replay = try daemon.connect().replay(answer.id)
      if replay.events.count < answer.events.count { return true }
      _ = try daemon.stop()
      daemon = try stage.restarted(rest: "[store]\nevents = \"1s\"")
      return false
    }
    return daemon
  }

  @Test func `the oldest go when there is more than the configured size`() throws {
    let stage = try StateStage()
    let first = try say(stage)
    let words = String(repeating: "many words ", count: 20_000)
    var last = first
    for _ in 0..<8 { last = try stage.client.say(words) }
    _ = try stage.daemon.stop()
    let daemon = try stage.restarted(rest: "[store]\nmax_size = \"1MiB\"")
    let client = try daemon.connect()
    try Wait.until("the oldest response to be deleted") {
      try client.retrieve(first.id).errorCode == "not_found"
    }
    #expect(try client.retrieve(last.id).status == "completed")
    try Wait.until("its text to be erased") { try !stage.filesContain(Self.secret) }
  }
}
