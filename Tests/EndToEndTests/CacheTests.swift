import JSON
import TestSupport
import Testing

/// Answers that are given again, over the socket.
@Suite struct CacheTests {
  private static let cache = "[cache]\nttl = \"24h\"\n"

  private let stage: StateStage

  init() throws {
    stage = try StateStage(rest: Self.cache)
  }

  private var creates: Int { get throws { try stage.simulator.count("creates") } }

  private func origin(_ answer: Answer) -> String? { answer.halley?["cache"]?.string }

  // MARK: Hits

  @Test func `an equal request is answered without the upstream, as a response of its own`() throws
  {
    let first = try stage.client.say("hello")
    let second = try stage.client.say("hello")
    #expect(try creates == 1)
    #expect(origin(first) == "miss")
    #expect(origin(second) == "hit")
    #expect(second.text == first.text)
    #expect(second.id != first.id)
    #expect(second.halley?["cost_usd"]?.double == 0)
    #expect(second.halley?["attempts"]?.integer == 0)
    #expect(second.halley?["cached_at"]?.integer ?? 0 > 1_700_000_000)
    #expect(try stage.client.retrieve(second.id).stored == second.stored)
  }

  @Test func `a hit is streamed as a legal sequence of events, which can be read again`() throws {
    _ = try stage.client.say("hello")
    let hit = try stage.client.say("hello", #""stream":true"#)
    #expect(origin(hit) == "hit")
    let numbers = hit.events.compactMap { $0["sequence_number"]?.integer }
    #expect(numbers == Array(0..<Int64(hit.events.count)))
    #expect(hit.eventTypes.first == "response.created")
    #expect(hit.eventTypes.last == "response.completed")
    #expect(hit.streamedText == hit.text)
    #expect(hit.events.last?["response"] == hit.result?.removing("halley"))
    let again = try stage.client.replay(hit.id)
    #expect(again.events.map(\.text) == hit.events.map(\.text))
  }

  @Test func `a hit can be gone on from at once, and after a crash`() throws {
    _ = try stage.client.say("hello", answer: "the answer")
    let hit = try stage.client.say("hello")
    #expect(origin(hit) == "hit")
    let next = try stage.client.say("and then?", #""previous_response_id":"\#(hit.id)""#)
    #expect(next.status == "completed")
    #expect(try stage.lastInput() == ["hello", "the answer", "and then?"])
    try stage.daemon.kill()
    let client = try stage.restarted(rest: Self.cache).connect()
    #expect(try client.retrieve(hit.id).stored == hit.stored)
    #expect(origin(try client.say("hello")) == "hit")
  }

  @Test func `member order and white space make no other request, the order of items does`() throws
  {
    try stage.client.request(
      1, "responses.create", #"{"input":"hello","model":"m","top_p":0.5,"instructions":"be short"}"#
    )
    _ = try stage.client.answer(1)
    try stage.client.request(
      1, "responses.create",
      #"{ "instructions" : "be short", "model":"m",  "top_p": 0.50, "input":"hello"}"#)
    #expect(origin(try stage.client.answer(1)) == "hit")
    let other = try stage.client.say("hello", #""model":"m","top_p":0.5"#)
    #expect(origin(other) == "miss")
  }

  @Test func `what a response says of its request is this request's`() throws {
    _ = try stage.client.say("hello", answer: "x")
    let hit = try stage.client.say("hello", #""metadata":{"who":"me"},"store":false"#)
    #expect(origin(hit) == "hit")
    #expect(hit.result?["metadata"]?.text == #"{"who":"me"}"#)
    #expect(hit.result?["store"]?.boolean == false)
    #expect(try stage.client.retrieve(hit.id).errorCode == "not_found")
  }

  @Test func `a conversation goes on with a hit`() throws {
    let first = try stage.client.say("hello", answer: "the answer", #""conversation":"a""#)
    let second = try stage.client.say("hello", #""conversation":"b""#)
    #expect(origin(first) == "miss")
    #expect(origin(second) == "hit")
    #expect(try stage.client.texts(of: "b") == ["hello", "the answer"])
    #expect(second.halley?["conversation"]?["name"]?.string == "b")
  }

  // MARK: What is asked for

  @Test func `refresh asks again and replaces, only never asks, off leaves the cache alone`() throws
  {
    func say(_ input: String, _ answer: String, _ mode: String) throws -> Answer {
      try stage.client.say(input, answer: answer, #""halley":{"cache":"\#(mode)"}"#)
    }
    #expect(try say("hello", "one", "only").errorCode == "cache_miss")
    #expect(try say("hello", "one", "off").text == "one")
    #expect(try say("hello", "two", "default").text == "two")
    #expect(try say("hello", "three", "default").text == "two")
    #expect(try say("hello", "four", "refresh").text == "four")
    #expect(try say("hello", "five", "only").text == "four")
    #expect(try creates == 3)
  }

  @Test func `a temperature above zero asks for another answer each time`() throws {
    for _ in 0..<2 {
      #expect(origin(try stage.client.say("hello", #""temperature":0.7"#)) == "miss")
    }
    let wanted = try stage.client.say("hello", #""temperature":0.7,"halley":{"cache":"only"}"#)
    #expect(origin(wanted) == "hit")
  }

  @Test(arguments: [
    #""metadata":{"failed":"1"}"#, #""max_output_tokens":16,"metadata":{"words":"60"}"#,
    #""metadata":{"close":"after_events:5"},"stream":true"#, #""background":true"#,
    #""tools":[{"type":"web_search"}]"#,
  ])
  func `what is no whole answer, or no answer to the words alone, is not kept`(
    _ members: String
  ) throws {
    _ = try stage.client.say("hello", members)
    try Wait.until("the response to end") {
      try stage.client.call(2, "daemon.status").result?["responses"]?.elements.isEmpty == true
    }
    let stats = try stage.client.call(3, "cache.stats").result
    #expect(stats?["entries"]?.integer == 0)
    #expect(stats?["memory_entries"]?.integer == 0)
  }

  @Test func `a request that warms the upstream's cache neither fills nor reads this one`() throws {
    let warm = #""prompt_cache_options":{"prewarm":true}"#
    #expect(origin(try stage.client.say("hello", answer: "", warm)) == "miss")
    #expect(origin(try stage.client.say("hello", answer: "Hi.")) == "miss")
    #expect(origin(try stage.client.say("hello", answer: "", warm)) == "miss")
    let compared = #""prompt_cache_options":{"comparison_response_id":"resp_1"}"#
    #expect(origin(try stage.client.say("hello", answer: "Ho.", compared)) == "miss")
    #expect(try creates == 4)
    #expect(try stage.client.say("hello").text == "Hi.")
    #expect(try creates == 4)
  }

  @Test func `an empty answer is not given again`() throws {
    for _ in 0..<2 { #expect(origin(try stage.client.say("hello", answer: "")) == "miss") }
    #expect(try creates == 2)
  }

  @Test func `spellings of one request share an answer, also when they come twice`() throws {
    let spellings = [
      #"{"input":"hello"}"#, #"{"input":[{"role":"user","content":"hello"}]}"#,
      #"{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hello"}]}],"tools":[],"tool_choice":"auto","stream":true}"#,
    ]
    for (number, spelling) in (spellings + spellings).enumerated() {
      let answer = try stage.client.call(1, "responses.create", spelling)
      #expect(origin(answer) == (number == 0 ? "miss" : "hit"), "\(spelling)")
    }
    #expect(try creates == 1)
  }

  // MARK: Looking and clearing

  @Test func `looking says what off and refresh would do`() throws {
    _ = try stage.client.say("hello")
    for mode in ["off", "refresh"] {
      let found = try stage.client.call(
        2, "cache.explain", #"{"input":"hello","halley":{"cache":"\#(mode)"}}"#)
      #expect(found.result?["hit"]?.boolean == false)
      #expect(found.result?["reason"]?.string?.contains(mode) == true)
    }
    for mode in ["default", "only"] {
      let found = try stage.client.call(
        2, "cache.explain", #"{"input":"hello","halley":{"cache":"\#(mode)"}}"#)
      #expect(found.result?["hit"]?.boolean == true)
    }
  }

  @Test func `the nearest entry tells what differs`() throws {
    _ = try stage.client.say("hello", #""instructions":"be short""#)
    func explain(_ body: String) throws -> RawJSON {
      try #require(try stage.client.call(2, "cache.explain", body).result)
    }
    let hit = try explain(#"{"input":"hello","instructions":"be short"}"#)
    #expect(hit["hit"]?.boolean == true)
    #expect(hit["key"]?.string?.utf8.count == 64)
    // The entry is read beside the writer, which may still commit it.
    try Wait.until("the entry to be found") {
      let miss = try explain(#"{"input":"hello","instructions":"be long"}"#)
      #expect(miss["hit"]?.boolean == false)
      return miss["reason"]?.string?.contains("instructions") == true
    }
    #expect(try creates == 1)
  }

  @Test func `a cleared cache answers nothing`() throws {
    _ = try stage.client.say("hello")
    #expect(try stage.client.call(2, "cache.clear").result?["removed"]?.integer == 1)
    #expect(origin(try stage.client.say("hello")) == "miss")
    #expect(
      try stage.client.call(2, "cache.clear", #"{"older_than":"1h"}"#).result?["removed"]?.integer
        == 0)
    #expect(
      try stage.client.call(2, "cache.clear", #"{"older_than":[]}"#).errorCode == "invalid_params")
  }

  @Test func `the answer of a deleted response is not given again`() throws {
    let first = try stage.client.say("hello")
    _ = try stage.client.call(2, "responses.delete", #"{"response_id":"\#(first.id)"}"#)
    #expect(origin(try stage.client.say("hello")) == "miss")
  }
}
