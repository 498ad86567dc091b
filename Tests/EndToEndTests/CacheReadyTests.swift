import JSON
import TestSupport
import Testing

/// Requests that come again byte by byte: from the third on they are answered without being worked
/// out.
@Suite struct CacheReadyTests {
  private let stage: StateStage

  init() throws {
    stage = try StateStage(rest: "[cache]\nenabled = true\n")
  }

  private func origin(_ answer: Answer) -> String? { answer.halley?["cache"]?.string }

  private var creates: Int { get throws { try stage.simulator.count("creates") } }

  /// Asks until the request is one that is held.
  private func makeReady(_ members: String = "") throws {
    #expect(origin(try stage.client.say("hello", answer: "the answer", members)) == "miss")
    #expect(origin(try ask(members)) == "hit")
  }

  private func ask(_ members: String = "") throws -> Answer {
    try stage.client.say("hello", answer: "the answer", members)
  }

  @Test func `each is a response of its own, alike in all but ids and times`() throws {
    try makeReady()
    let answers = try (0..<3).map { _ in try ask() }
    #expect(try creates == 1)
    #expect(Set(answers.map(\.id)).count == 3)
    #expect(Set(answers.map { $0.result?["output"]?.elements[0]["id"]?.string }).count == 3)
    for answer in answers {
      #expect(origin(answer) == "hit")
      #expect(answer.text == "the answer")
      #expect(answer.result?.members.map(\.key) == answers[0].result?.members.map(\.key))
      #expect(answer.halley?.members.map(\.key) == answers[0].halley?.members.map(\.key))
      #expect(try stage.client.retrieve(answer.id).stored == answer.stored)
      let items = try stage.client.call(
        2, "responses.input_items.list", #"{"response_id":"\#(answer.id)"}"#)
      #expect(items.result?["data"]?.elements.map(RawJSON.said) == ["hello"])
    }
  }

  @Test func `it is streamed as a legal sequence of events, which can be read again`() throws {
    try makeReady(#""stream":true"#)
    let hit = try ask(#""stream":true"#)
    #expect(origin(hit) == "hit")
    #expect(
      hit.events.compactMap { $0["sequence_number"]?.integer }
        == Array(0..<Int64(hit.events.count)))
    #expect(hit.eventTypes.first == "response.created")
    #expect(hit.eventTypes.last == "response.completed")
    #expect(hit.streamedText == "the answer")
    #expect(hit.events.last?["response"] == hit.stored)
    #expect(try stage.client.replay(hit.id).events.map(\.text) == hit.events.map(\.text))
  }

  @Test func `it can be gone on from, by its id and by its scope, also after a crash`() throws {
    let scope = #""halley":{"scope":"tty"}"#
    try makeReady(scope)
    let hit = try ask(scope)
    #expect(origin(hit) == "hit")
    _ = try stage.client.say("by id", #""previous_response_id":"\#(hit.id)""#)
    #expect(try stage.lastInput() == ["hello", "the answer", "by id"])
    _ = try stage.client.say("by scope", #""halley":{"scope":"tty","continue":true}"#)
    #expect(try stage.lastInput() == ["hello", "the answer", "by scope"])
    try stage.daemon.kill()
    let client = try stage.restarted().connect()
    #expect(try client.retrieve(hit.id).stored == hit.stored)
  }

  @Test func `without a store it leaves no text, and what it used is counted`() throws {
    try makeReady(#""store":false"#)
    let hits = try (0..<20).map { _ in try ask(#""store":false"#) }
    #expect(hits.allSatisfy { origin($0) == "hit" })
    #expect(try stage.client.retrieve(hits[0].id).errorCode == "not_found")
    let summary = try stage.client.call(2, "usage.summary")
    let day = try #require(summary.result?["data"]?.elements.last)
    #expect(day["requests"]?.integer == 22)
    #expect(day["cache_hits"]?.integer == 21)
    #expect(day["unfinished"]?.integer == 0)
  }

  @Test func `a new configuration holds at once`() throws {
    try makeReady()
    #expect(origin(try ask()) == "hit")
    try stage.daemon.writeConfiguration(DaemonProcess.configuration(stage.simulator))
    #expect(try stage.client.call(2, "daemon.reload").error == nil)
    #expect(origin(try ask()) == "miss")
    #expect(try creates == 2)
  }

  @Test func `what is no longer cached is asked again`() throws {
    try makeReady()
    #expect(origin(try ask()) == "hit")
    _ = try stage.client.call(2, "cache.clear")
    #expect(origin(try ask()) == "miss")
    #expect(origin(try ask()) == "hit")
    #expect(origin(try ask(#""halley":{"cache":"off"}"#)) == "miss")
    let cached = try ask(#""halley":{"cache":"refresh"}"#)
    #expect(origin(try ask()) == "hit")
    _ = try stage.client.call(2, "responses.delete", #"{"response_id":"\#(cached.id)"}"#)
    #expect(origin(try ask()) == "miss")
  }

  @Test func `what depends on more than its bytes is worked out each time`() throws {
    let previous = try stage.client.say("before", answer: "earlier")
    let scoped = #""halley":{"scope":"a","continue":true}"#
    #expect(origin(try ask(scoped)) == "miss")
    #expect(try stage.lastBody()["input"]?.string == "hello")
    #expect(origin(try ask(scoped)) == "miss")
    #expect(try stage.lastInput() == ["hello", "the answer", "hello"])
    let chained = #""previous_response_id":"\#(previous.id)""#
    try makeReady(chained)
    let hit = try ask(chained)
    #expect(origin(hit) == "hit")
    _ = try stage.client.say("on", #""previous_response_id":"\#(hit.id)""#)
    #expect(try stage.lastInput() == ["before", "earlier", "hello", "the answer", "on"])
  }
}
