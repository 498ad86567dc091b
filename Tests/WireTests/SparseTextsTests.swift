import JSON
import Testing
import Wire

/// Every text arrives once, whatever an upstream leaves out or counts otherwise.
@Suite struct SparseTextsTests {
  private static let created = #"{"type":"response.created","response":{"id":"resp_1"}}"#

  private static func message(_ text: String, id: String = "msg_u") -> String {
    #"{"type":"message","id":"\#(id)","role":"assistant","content":[{"type":"output_text","text":"\#(text)"}]}"#
  }

  private static func completed(_ items: String...) -> String {
    #"{"type":"response.completed","response":{"id":"resp_1","output":[\#(items.joined(separator: ","))]}}"#
  }

  private static func text(_ delta: String, _ members: String = "") -> String {
    #"{"type":"response.output_text.delta","delta":"\#(delta)"\#(members)}"#
  }

  private static func thought(_ delta: String, _ members: String = "") -> String {
    #"{"type":"response.reasoning_text.delta","delta":"\#(delta)"\#(members)}"#
  }

  private static let reasoning =
    #"{"type":"reasoning","id":"rs_u","summary":[],"content":[{"type":"reasoning_text","text":"Hm"}]}"#
  private static let call =
    #"{"type":"function_call","id":"fc_u","call_id":"c","name":"f","arguments":"{}"}"#

  /// The texts of the items as deltas brought them, in the order of the items.
  struct Stream: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let events: [String]
    let texts: [String: String]

    init(_ name: String, _ texts: [String: String], _ events: String...) {
      testDescription = name
      self.events = events
      self.texts = texts
    }
  }

  private static let streams = [
    Stream(
      "reasoning that only the end tells", ["0.0": "Hello", "1.0": "Hm"], created, text("Hel"),
      text("lo"), completed(reasoning, message("Hello"))),
    Stream(
      "a call that only the end tells", ["0.0": "Hello", "1.0": "{}"], created, text("Hello"),
      completed(call, message("Hello"))),
    Stream(
      "reasoning before the text", ["0.0": "Hm", "1.0": "Hello"], created, thought("Hm"),
      text("Hello"), completed(reasoning, message("Hello"))),
    Stream(
      "reasoning behind the text", ["0.0": "Hello", "1.0": "Hm"], created, text("Hello"),
      thought("Hm"), completed(reasoning, message("Hello"))),
    Stream(
      "parts from 1", ["0.0": "Hello"], created,
      text("Hel", #","output_index":0,"content_index":1"#),
      text("lo", #","output_index":0,"content_index":1"#), completed()),
    Stream(
      "parts from 1, told at the end", ["0.0": "Hello"], created,
      text("Hel", #","content_index":1"#), text("lo", #","content_index":1"#),
      completed(message("Hello"))),
    Stream(
      "items from 1", ["0.0": "Hello"], created, text("Hel", #","output_index":1"#),
      text("lo", #","output_index":1"#), completed()),
    Stream(
      "items from 1, told at the end", ["0.0": "Hello"], created,
      text("Hel", #","output_index":1"#), text("lo", #","output_index":1"#),
      completed(message("Hello"))),
    Stream(
      "an index that reasoning and text share", ["0.0": "Hm", "1.0": "Hello"], created,
      thought("Hm", #","output_index":0"#), text("Hel", #","output_index":0"#),
      text("lo", #","output_index":0"#), completed()),
    Stream(
      "an index and an id that reasoning and text share", ["0.0": "Hm", "1.0": "Hello"], created,
      #"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_u","summary":[]}}"#,
      thought("Hm", #","output_index":0,"item_id":"rs_u""#),
      text("Hel", #","output_index":0,"item_id":"rs_u""#),
      text("lo", #","output_index":0,"item_id":"rs_u""#), completed(reasoning, message("Hello"))),
    Stream(
      "items that all have one index", ["0.0": "One", "1.0": "Two"], created,
      #"{"type":"response.output_item.done","output_index":0,"item":\#(message("One", id: "a"))}"#,
      #"{"type":"response.output_item.done","output_index":0,"item":\#(message("Two", id: "b"))}"#,
      completed(message("One", id: "a"), message("Two", id: "b"))),
    Stream(
      "an end longer than its deltas", ["0.0": "Hello"], created, text("Hel"),
      completed(message("Hello"))),
    Stream(
      "a text longer than its deltas", ["0.0": "Hello"], created, text("Hel"),
      #"{"type":"response.output_text.done","text":"Hello"}"#, completed()),
    Stream(
      "a longer text that is spelled otherwise", ["0.0": "é \"it\" é"], created,
      text(#"\u00e9 \"it"#), #"{"type":"response.output_text.done","text":"é \"it\" é"}"#,
      completed()),
    Stream(
      "arguments longer than their deltas", ["0.0": #"{"a":1}"#], created,
      #"{"type":"response.output_item.added","item":{"type":"function_call","call_id":"c","name":"f"}}"#,
      #"{"type":"response.function_call_arguments.delta","delta":"{\"a\""}"#,
      #"{"type":"response.function_call_arguments.done","arguments":"{\"a\":1}"}"#, completed()),
    Stream(
      "an item that began with some of its text", ["0.0": "lo"], created,
      #"{"type":"response.output_item.added","item":\#(message("Hel"))}"#,
      completed(message("Hello"))),
    Stream(
      "another text at the end", ["0.0": "Hello "], created, text("Hello "),
      completed(message("Hello"))),
  ]

  @Test(arguments: streams)
  func `every text comes once`(stream: Stream) throws {
    let whole = StreamSamples.complete(stream.events)
    let accumulator = try EventAccumulator.accumulate(whole)
    #expect(accumulator.texts == stream.texts)
    #expect(StreamSamples.complete(whole.map(\.text)) == whole)
  }

  @Test(arguments: streams)
  func `the end has the items in their order and under the ids that they began with`(
    stream: Stream
  ) throws {
    let accumulator = try EventAccumulator.accumulate(StreamSamples.complete(stream.events))
    let output = accumulator.final?["output"]?.elements ?? []
    #expect(output.map { $0["id"]?.string } == accumulator.ids)
  }

  @Test(arguments: streams)
  func `a response agrees with the stream of its log`(stream: Stream) throws {
    let told = RawJSON(stream.events[stream.events.count - 1])["response"]?["output"]?.elements
    guard let told, !told.isEmpty else { return }
    var events = SparseEvents(StreamSamples.defaults)
    for event in stream.events.dropLast() { events.complete(RawJSON(event)) { _, _ in } }
    let agreed = events.agreed(told)
    let ended = StreamSamples.complete(stream.events).last?["response"]?["output"]?.elements
    #expect(agreed.map { $0["id"] } == ended?.map { $0["id"] })
    // What is stored so makes the same stream again.
    let response = RawJSON.object {
      $0.member("id", "resp_1")
      $0.member("output", RawJSON.array(agreed))
    }
    let stored = RawJSON.object {
      $0.member("type", "response.completed")
      $0.member("response", response)
    }
    let again = StreamSamples.complete(stream.events.dropLast() + [stored.text])
    #expect(again == StreamSamples.complete(stream.events))
  }

  @Test(arguments: streams)
  func `a chat gets every text once`(stream: Stream) throws {
    var chat = ChatStream(ChatReplyOptions(), StreamSamples.defaults)
    var (content, reasoning) = ("", "")
    for event in stream.events {
      chat.take(RawJSON(event)) { chunk in
        let delta = chunk["choices"]?.elements.first?["delta"]
        content += delta?["content"]?.string ?? ""
        reasoning += delta?["reasoning_content"]?.string ?? ""
      }
    }
    let texts = stream.texts.filter { !$0.value.hasPrefix("{") }
    let thoughts = texts.filter { $0.value == "Hm" }.map(\.value)
    let said = texts.filter { $0.value != "Hm" }.sorted { $0.key < $1.key }.map(\.value)
    #expect(content == said.joined())
    #expect(reasoning == thoughts.joined())
  }

  // MARK: Whatever is missing

  @Test(arguments: StreamSamples.all)
  func `whatever is missing, every text comes once`(sample: StreamSamples.Sample) throws {
    // The constants of Knuth's MMIX; its high bits are good enough.
    var state: UInt64 = 7
    func random(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let all = try EventAccumulator.accumulate(StreamSamples.complete(sample.events))
    for _ in 0..<150 {
      let removed = ["output_index", "content_index", "summary_index", "item_id", "logprobs"]
        .filter { _ in random(below: 3) == 0 }
      // Which call arguments are of cannot be told then.
      let keepsID = sample.name == "sparseCalls"
      let last = sample.events.count - 1
      let events = sample.events.enumerated().compactMap { index, text in
        // Where a hosted tool's item stands, only its own events say.
        let isLost = !text.contains(#"delta""#) && !text.contains("web_search")
        if index < last, isLost, random(below: 4) == 0 { return nil as String? }
        var event = RawJSON(text)
        for key in removed where !(keepsID && key == "item_id") { event = event.removing(key) }
        return event.text
      }
      let whole = try EventAccumulator.accumulate(StreamSamples.complete(events))
      // Parts without an index and an end run together.
      #expect(whole.textsOfItems == all.textsOfItems, "\(events.joined(separator: "\n"))")
      guard whole.textsOfItems == all.textsOfItems else { return }
    }
  }

  // MARK: What comes besides the text

  private static let citation =
    #"{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":2}"#

  @Test func `citations are in what ends the part and the item`() throws {
    let whole = StreamSamples.complete([
      Self.created, Self.text("Hi"),
      #"{"type":"response.output_text.annotation.added","annotation":\#(Self.citation)}"#,
      #"{"type":"response.output_text.annotation.added","annotation":\#(Self.citation)}"#,
      Self.completed(),
    ])
    let added = whole.filter { $0["annotation"] != nil }
    #expect(added.map { $0["annotation_index"]?.integer } == [0, 1])
    let cited = "[\(Self.citation),\(Self.citation)]"
    let part = whole.first { $0["type"]?.string == "response.content_part.done" }?["part"]
    #expect(part?["annotations"]?.text == cited)
    for item in [
      whole.first { $0["type"]?.string == "response.output_item.done" }?["item"],
      whole.last?["response"]?["output"]?.elements.first,
    ] {
      #expect(item?["content"]?.elements.first?["annotations"]?.text == cited)
    }
  }

  @Test
  func `an end that tells no citations gets those that came, and one that does keeps its own`() {
    for (told, annotations) in [
      ("", "[\(Self.citation)]"), (#","annotations":[]"#, "[]"),
      (#","annotations":null"#, "[\(Self.citation)]"),
    ] {
      let item =
        #"{"type":"message","id":"m","content":[{"type":"output_text","text":"Hi"\#(told)}]}"#
      let whole = StreamSamples.complete([
        Self.created, Self.text("Hi"),
        #"{"type":"response.output_text.annotation.added","annotation":\#(Self.citation)}"#,
        Self.completed(item),
      ])
      let part = whole.last?["response"]?["output"]?.elements.first?["content"]?.elements.first
      #expect(part?["annotations"]?.text == annotations)
    }
  }

  @Test(arguments: ["", #","output_index":0,"content_index":0,"item_id":"m""#])
  func `what is told of tokens is in what ends the text`(place: String) {
    let tokens = (0..<5).map { #"{"token":"t\#($0)","logprob":-0.5,"top_logprobs":[]}"# }
    let deltas = tokens.enumerated().map { number, token in
      Self.text("t\(number)", #"\#(place),"logprobs":[\#(token)]"#)
    }
    let whole = StreamSamples.complete([Self.created] + deltas + [Self.completed()])
    let all = "[\(tokens.joined(separator: ","))]"
    let done = whole.first { $0["type"]?.string == "response.output_text.done" }
    #expect(done?["text"]?.string == "t0t1t2t3t4")
    #expect(done?["logprobs"]?.text == all)
    let part = whole.last?["response"]?["output"]?.elements.first?["content"]?.elements.first
    #expect(part?["logprobs"]?.text == all)
  }
}
