import JSON
import TestSupport
import Testing

/// What upstreams keep, take and refuse.
@Suite struct StateUpstreamTests {
  // MARK: Reasoning

  private static let reasoning = #""model":"o3","reasoning":{"effort":"low"}"#

  private func included(_ body: RawJSON) -> [String] {
    body["include"]?.elements.compactMap(\.string) ?? []
  }

  @Test func `encrypted reasoning is asked for and sent again to the model that made it`() throws {
    let stage = try StateStage()
    let first = try stage.client.say("one", Self.reasoning)
    #expect(included(try stage.lastBody()) == ["reasoning.encrypted_content"])
    let made = try #require(
      first.result?["output"]?.elements.first { $0["type"]?.string == "reasoning" })
    let secret = try #require(made["encrypted_content"]?.string)
    let chained = #""previous_response_id":"\#(first.id)""#
    _ = try stage.client.say("two", "\(Self.reasoning),\(chained)")
    let sent = try #require(try stage.lastBody()["input"]?.elements)
    #expect(sent.map { $0["type"]?.string } == ["message", "reasoning", "message", "message"])
    #expect(sent[1]["encrypted_content"]?.string == secret)
    _ = try stage.client.say("three", #""model":"gpt-4.1",\#(chained)"#)
    #expect(try stage.lastBody().text.contains(secret) == false)
    #expect(
      try stage.lastBody()["input"]?.elements.map { $0["type"]?.string }
        == ["message", "message", "message"])
  }

  @Test func `a model that refuses encrypted reasoning is asked once`() throws {
    let stage = try StateStage()
    let members = #""model":"gpt-4o-sim","reasoning":{"effort":"low"}"#
    let first = try stage.client.say("one", members)
    #expect(first.status == "completed")
    #expect(try stage.simulator.count("creates") == 2)
    #expect(included(try stage.lastBody()).isEmpty)
    #expect(try stage.client.say("two", members).status == "completed")
    #expect(try stage.simulator.count("creates") == 3)
  }

  // MARK: state = "upstream"

  private func say(_ stage: StateStage, _ input: String, after id: String) throws -> Answer {
    try stage.client.say(input, answer: "A \(input)", #""previous_response_id":"\#(id)""#)
  }

  @Test func `an upstream that keeps state is given the id alone`() throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    let first = try stage.client.say("one", answer: "ONE")
    #expect(try stage.lastBody()["store"]?.boolean != false)
    let second = try say(stage, "two", after: first.id)
    #expect(second.status == "completed")
    #expect(try stage.lastBody()["previous_response_id"]?.string == first.id)
    #expect(try stage.lastBody()["input"]?.string == "two")
    #expect(second.result?["previous_response_id"]?.string == first.id)
  }

  @Test func `an upstream that lost its state is sent everything, once and unseen`() throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    let first = try stage.client.say("one", answer: "ONE")
    let second = try say(stage, "two", after: first.id)
    try stage.simulator.reset()
    let third = try say(stage, "three", after: second.id)
    #expect(third.status == "completed")
    #expect(try stage.simulator.count("creates") == 2)
    #expect(try stage.lastInput() == ["one", "ONE", "two", "A two", "three"])
    #expect(try stage.lastBody()["previous_response_id"] == nil)
    #expect(third.result?["previous_response_id"]?.string == second.id)
    _ = try say(stage, "four", after: third.id)
    #expect(try stage.simulator.count("creates") == 3)
    #expect(try stage.lastBody()["previous_response_id"]?.string == third.id)
  }

  @Test(arguments: [
    (404, "nothing here"), (404, "The model 'x' does not exist."),
    (400, "No response found with id 'ID'."), (400, "Some other trouble."),
  ])
  func `whatever an upstream says of an id that it was given, it is sent everything`(
    _ status: Int, _ message: String
  ) throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    let first = try stage.client.say("one", answer: "ONE")
    let text = message.split(separator: "ID", omittingEmptySubsequences: false)
      .joined(separator: first.id)
    let refusal =
      #""metadata":{"status":"\#(status)","status_times":"1","key":"k","error_message":\#(RawJSON.string(text).text)}"#
    let second = try stage.client.say(
      "two", #""previous_response_id":"\#(first.id)",\#(refusal)"#)
    let isAbout = status == 404 || message.contains("'ID'")
    #expect((second.status == "completed") == isAbout, "\(second.message.text)")
    #expect(try stage.simulator.count("creates") == (isAbout ? 3 : 2))
    guard isAbout else { return }
    #expect(try stage.lastInput() == ["one", "ONE", "two"])
  }

  @Test func `an upstream that finds nothing at all is asked twice`() throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    let first = try stage.client.say("one", answer: "ONE")
    let second = try stage.client.say(
      "two", #""previous_response_id":"\#(first.id)","metadata":{"status":"404"}"#)
    #expect(second.errorCode == "upstream_http")
    #expect(try stage.simulator.count("creates") == 3)
  }

  @Test func `half a call is not what an upstream goes on from`() throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    let tool = #""tools":[{"type":"function","name":"weather","parameters":{}}]"#
    let call = try stage.client.say("call weather {}", tool)
    let next = try stage.client.say("never mind", #""previous_response_id":"\#(call.id)""#)
    #expect(next.status == "completed", "\(next.message.text)")
    #expect(try stage.lastBody()["previous_response_id"] == nil)
    #expect(try stage.lastInput() == ["call weather {}", "never mind"])
  }

  @Test(arguments: [true, false])
  func `an answer that still runs is waited for where the upstream keeps it`(
    _ isStreaming: Bool
  ) throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    let whole = try stage.client.say(
      "one", #""metadata":{"text":"At last.","duplicate_id":"resp_slow"},"halley":{"cache":"off"}"#)
    #expect(whole.id == "resp_slow")
    let body = RawJSON.string(
      #"{"id":"resp_slow","object":"response","status":"queued","output":[]}"#)
    let controls = #""raw_events":\#(body.text),"content_type":"application/json""#
    let answer = try stage.client.say(
      "two", #""stream":\#(isStreaming),"metadata":{\#(controls)}"#)
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(answer.text == "At last.")
    #expect(isStreaming ? answer.streamedText == "At last." : answer.events.isEmpty)
    #expect(try stage.simulator.count("creates") == 2)
  }

  @Test func `a conversation is chained at an upstream that keeps state`() throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    let first = try stage.client.say("one", answer: "ONE", #""conversation":"kept""#)
    let second = try stage.client.say("two", answer: "TWO", #""conversation":"kept""#)
    #expect(try stage.lastBody()["previous_response_id"]?.string == first.id)
    // The client sent none.
    #expect(second.result?["previous_response_id"]?.isNull == true)
    #expect(try stage.client.retrieve(second.id).stored == second.stored)
    #expect(try stage.lastBody()["conversation"] == nil)
    #expect(try stage.client.texts(of: "kept") == ["one", "ONE", "two", "TWO"])
  }

  @Test func `another upstream is never told the id of this one's`() throws {
    let other = try Simulator()
    let stage = try StateStage(
      upstream: #"state = "upstream""#,
      rest: """
        [upstreams.other]
        base_url = "\(other.baseURL)"
        state = "upstream"
        """)
    let first = try stage.client.say("one", answer: "ONE")
    _ = try stage.client.say(
      "two", answer: "TWO",
      #""previous_response_id":"\#(first.id)","halley":{"upstream":"other"}"#)
    let body = try #require(try other.bodies().last)
    #expect(body["previous_response_id"] == nil)
    #expect(body["input"]?.elements.map(RawJSON.said) == ["one", "ONE", "two"])
  }

  @Test func `items added since are not lost on an upstream that keeps state`() throws {
    let stage = try StateStage(upstream: #"state = "upstream""#)
    _ = try stage.client.say("one", answer: "ONE", #""conversation":"notes""#)
    _ = try stage.client.call(
      1, "conversations.items.create",
      #"{"conversation":"notes","items":[{"role":"user","content":"a note"}]}"#)
    _ = try stage.client.say("two", #""conversation":"notes""#)
    #expect(try stage.lastBody().text.contains("a note"))
  }
}
