import JSON
import TestSupport
import Testing

@Suite struct StateIdempotencyTests {
  private let stage: StateStage

  init() throws {
    stage = try StateStage()
  }

  private static let slow = #""metadata":{"words":"60","rate":"200"}"#

  private func params(_ input: String = "hello", _ members: String = slow) -> String {
    #"{"input":"\#(input)","stream":true,"halley":{"idempotency_key":"key-1"}\#(members.isEmpty ? "" : ",")\#(members)}"#
  }

  @Test func `the same create joins the one that runs`() throws {
    let first = try stage.daemon.connect()
    let second = try stage.daemon.connect()
    try first.request(1, "responses.create", params())
    try first.awaitText(1)
    try second.request(2, "responses.create", params())
    let answers = (try first.answer(1), try second.answer(2))
    #expect(answers.0.status == "completed")
    #expect(answers.0.stored == answers.1.stored)
    #expect(answers.0.events == answers.1.events)
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `one that joined goes on when the first client leaves`() throws {
    let first = try stage.daemon.connect()
    try first.request(1, "responses.create", params())
    try first.awaitText(1)
    try stage.client.request(2, "responses.create", params())
    try stage.client.awaitText(2)
    first.close()
    #expect(try stage.client.answer(2).status == "completed")
  }

  @Test func `the same create replays the one that has ended`() throws {
    let first = try stage.client.call(1, "responses.create", params())
    let second = try stage.client.call(1, "responses.create", params())
    #expect(first.stored == second.stored)
    #expect(first.events == second.events)
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `the same create replays after a crash`() throws {
    let first = try stage.client.call(1, "responses.create", params())
    try stage.daemon.kill()
    let client = try stage.restarted().connect()
    let second = try client.call(1, "responses.create", params())
    #expect(first.stored == second.stored)
    #expect(first.events == second.events)
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `one that a crash cut off is not asked for again`() throws {
    let cut = params(
      "tell me a unicorn story", #""metadata":{"endless":"deltas","event_delay_ms":"2"}"#)
    try stage.client.request(1, "responses.create", cut)
    try stage.client.awaitText(1)
    try Wait.until("text to be on disk") { try stage.filesContain("comet") }
    try stage.daemon.kill()
    let again = try stage.restarted().connect().call(1, "responses.create", cut)
    #expect(again.status == "incomplete")
    #expect(again.text.contains("comet"))
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test(arguments: [true, false])
  func `whether the answer is streamed does not make it another request`(
    _ streamsFirst: Bool
  ) throws {
    func asked(_ streams: Bool) -> String {
      let stream = streams ? #""stream":true,"stream_options":{"include_obfuscation":false},"# : ""
      return #"{\#(stream)"input":"hello","halley":{"idempotency_key":"k"},\#(Self.slow)}"#
    }
    let first = try stage.daemon.connect()
    try first.request(1, "responses.create", asked(streamsFirst))
    let joined = try stage.client.call(2, "responses.create", asked(!streamsFirst))
    let answer = try first.answer(1)
    #expect(answer.status == "completed")
    #expect(joined.stored == answer.stored, "\(joined.message.text)")
    let replayed = try stage.client.call(3, "responses.create", asked(!streamsFirst))
    #expect(replayed.stored == answer.stored, "\(replayed.message.text)")
    #expect(replayed.events.isEmpty == streamsFirst)
    let other = #"{ "halley":{"idempotency_key":"k"},"stream":false,\#(Self.slow),"input":"hello"}"#
    #expect(try stage.client.call(4, "responses.create", other).stored == answer.stored)
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `a background create that is repeated with a stream is the same response`() throws {
    func asked(_ stream: Bool) -> String {
      #"{"input":"x","background":true,"stream":\#(stream),"halley":{"idempotency_key":"b"}}"#
    }
    let first = try stage.client.call(1, "responses.create", asked(false))
    let second = try stage.client.call(2, "responses.create", asked(true))
    #expect(second.status == "completed", "\(second.message.text)")
    #expect(first.id == second.id)
    #expect(try stage.client.call(3, "responses.create", asked(false)).id == first.id)
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `a key is forgotten when the configuration says`() throws {
    let stage = try StateStage(rest: "[store]\nidempotency = \"1s\"\n")
    let first = try stage.client.call(1, "responses.create", params("hello", ""))
    try Wait.until("the key to be forgotten") {
      try stage.client.call(1, "responses.create", params("goodbye", "")).status == "completed"
    }
    #expect(try stage.client.retrieve(first.id).stored == first.stored)
  }

  @Test func `another body under the same key is a conflict`() throws {
    _ = try stage.client.call(1, "responses.create", params())
    for other in [params("goodbye"), params("hello", #""metadata":{"words":"60"}"#)] {
      let answer = try stage.client.call(1, "responses.create", other)
      #expect(answer.errorCode == "conflict")
      #expect(answer.errorNumber == -32002)
    }
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `another body under the key of a running response is a conflict`() throws {
    let first = try stage.daemon.connect()
    try first.request(1, "responses.create", params())
    try first.awaitText(1)
    #expect(
      try stage.client.call(1, "responses.create", params("goodbye")).errorCode == "conflict")
    #expect(try first.answer(1).status == "completed")
  }

  @Test func `a repeated create in a conversation is said once`() throws {
    let said = params("hello", #""conversation":"once",\#(Self.slow)"#)
    let first = try stage.daemon.connect()
    try first.request(1, "responses.create", said)
    try first.awaitText(1)
    let second = try stage.client.call(2, "responses.create", said)
    #expect(try first.answer(1).stored == second.stored)
    #expect(try stage.client.items(of: "once").count == 2)
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `a repeated create joins although its conversation is busy with it`() throws {
    let said = #"""
      {"input":"hello","stream":true,"conversation":"once",\#(Self.slow),\#
      "halley":{"idempotency_key":"key-1","on_busy":"reject"}}
      """#
    let first = try stage.daemon.connect()
    try first.request(1, "responses.create", said)
    try first.awaitText(1)
    let second = try stage.client.call(2, "responses.create", said)
    #expect(second.status == "completed")
    #expect(try first.answer(1).stored == second.stored)
  }

  @Test func `a repeated background create is the same response`() throws {
    let asked = #"{"input":"x","background":true,"halley":{"idempotency_key":"b"}}"#
    let first = try stage.client.call(1, "responses.create", asked)
    let second = try stage.client.call(1, "responses.create", asked)
    #expect(first.id == second.id)
    #expect(!first.id.isEmpty)
    try Wait.until("the response to end") {
      try stage.client.retrieve(first.id).status == "completed"
    }
    #expect(try stage.client.call(1, "responses.create", asked).id == first.id)
    #expect(try stage.simulator.count("creates") == 1)
  }

  /// Creates that leave nothing on disk.
  private static let unstored = [
    #""store":false"#, #""store":false,"stream":true"#, #""store":false,"background":true"#,
  ]

  private static func unstored(_ members: String, _ input: String = "x") -> String {
    #"{"input":"\#(input)",\#(members),"halley":{"idempotency_key":"n"}}"#
  }

  @Test(arguments: unstored) func `what was not stored is answered again all the same`(
    _ members: String
  ) throws {
    let asked = Self.unstored(members)
    let first = try stage.client.call(1, "responses.create", asked)
    try Wait.until("the response to end") {
      try stage.daemon.status()["responses"]?.elements.isEmpty == true
    }
    let second = try stage.client.call(2, "responses.create", asked)
    #expect(second.status == "completed", "\(second.message.text)")
    #expect(first.id == second.id && first.events == second.events)
    for other in [Self.unstored(members, "y"), Self.unstored(#""store":true"#)] {
      #expect(try stage.client.call(3, "responses.create", other).errorCode == "conflict")
    }
    #expect(try stage.daemon.connect().call(4, "responses.create", asked).id == first.id)
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `the key of a stored answer is none for another`() throws {
    _ = try stage.client.call(1, "responses.create", params())
    let other = params("hello", #""store":false,\#(Self.slow)"#)
    #expect(try stage.client.call(2, "responses.create", other).errorCode == "conflict")
  }

  @Test func `what gave no answer, and was not stored, is asked again`() throws {
    let failing =
      #"{"input":"x","store":false,"halley":{"idempotency_key":"n"},"#
      + #""metadata":{"status":"400"}}"#
    for id in 1...2 {
      #expect(try stage.client.call(id, "responses.create", failing).errorCode == "upstream_http")
    }
    #expect(try stage.simulator.count("creates") == 2)
  }

  @Test func `what was not stored is forgotten when the configuration says`() throws {
    let stage = try StateStage(rest: "[store]\nidempotency = \"1s\"\n")
    let first = try stage.client.call(1, "responses.create", Self.unstored(#""store":false"#))
    #expect(first.status == "completed")
    let other = Self.unstored(#""store":false"#, "y")
    try Wait.until("the key to be forgotten") {
      try stage.client.call(1, "responses.create", other).status == "completed"
    }
  }
}
