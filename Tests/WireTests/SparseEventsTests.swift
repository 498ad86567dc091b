import JSON
import Testing
import Wire

@Suite struct SparseEventsTests {
  private func complete(_ events: String...) -> [RawJSON] { StreamSamples.complete(events) }

  @Test(arguments: StreamSamples.all)
  func `what was made whole goes through as it is`(sample: StreamSamples.Sample) {
    let events = sample.events
    let whole = StreamSamples.complete(events)
    #expect(StreamSamples.complete(whole.map(\.text)) == whole)
  }

  @Test func `what is there stays byte for byte`() {
    let whole = StreamSamples.complete(StreamSamples.rich.events)
    #expect(whole.count == StreamSamples.rich.events.count)
    for (event, told) in zip(whole, StreamSamples.rich.events) where event["response"] == nil {
      #expect(event.text == told)
    }
  }

  @Test(arguments: StreamSamples.all)
  func `an accumulator takes every stream`(sample: StreamSamples.Sample) throws {
    let events = sample.events
    let whole = try EventAccumulator.accumulate(StreamSamples.complete(events))
    #expect(whole.final != nil)
  }

  @Test(arguments: StreamSamples.all)
  func `an accumulator takes a stream whatever event is missing`(sample: StreamSamples.Sample)
    throws
  {
    let events = sample.events
    for index in events.indices.dropLast() {
      var fewer = events
      let lost = fewer.remove(at: index)
      let whole = try EventAccumulator.accumulate(StreamSamples.complete(fewer))
      guard !lost.contains("delta\"") else { continue }
      let all = try EventAccumulator.accumulate(StreamSamples.complete(events))
      // Items may change places.
      #expect(whole.texts.values.sorted() == all.texts.values.sorted(), "without \(lost)")
    }
  }

  @Test(arguments: StreamSamples.all)
  func `an accumulator takes a stream whatever members are missing`(sample: StreamSamples.Sample)
    throws
  {
    let events = sample.events
    for key in [
      "output_index", "content_index", "summary_index", "item_id", "sequence_number", "logprobs",
    ] {
      let sparse = events.map { RawJSON($0).removing(key).text }
      _ = try EventAccumulator.accumulate(StreamSamples.complete(sparse))
    }
    let bare = events.map {
      RawJSON($0).removing("output_index", "content_index", "summary_index", "sequence_number").text
    }
    let whole = try EventAccumulator.accumulate(StreamSamples.complete(bare))
    let all = try EventAccumulator.accumulate(StreamSamples.complete(events))
    #expect(whole.texts == all.texts)
  }

  @Test(arguments: StreamSamples.all)
  func `the end alone tells everything`(sample: StreamSamples.Sample) throws {
    let events = sample.events
    let whole = try EventAccumulator.accumulate(StreamSamples.complete([events[events.count - 1]]))
    let all = try EventAccumulator.accumulate(StreamSamples.complete(events))
    #expect(whole.texts == all.texts)
  }

  @Test(arguments: StreamSamples.all)
  func `an item's end alone tells all of it`(sample: StreamSamples.Sample) throws {
    let events = sample.events
    let ends = events.filter {
      $0.contains(#""type":"response.output_item.done""#) || $0.contains(#""response":"#)
    }
    let whole = try EventAccumulator.accumulate(StreamSamples.complete(ends))
    let all = try EventAccumulator.accumulate(StreamSamples.complete(events))
    #expect(whole.texts == all.texts)
  }

  @Test(arguments: StreamSamples.all)
  func `an end that tells no items gets those that were seen`(sample: StreamSamples.Sample) throws {
    let events = sample.events
    let last = RawJSON(events[events.count - 1])
    for output in ["[]", "null"] {
      let response = (last["response"] ?? .null).setting("output", to: RawJSON(output))
      let ended = events.dropLast() + [last.setting("response", to: response).text]
      let whole = try EventAccumulator.accumulate(StreamSamples.complete(Array(ended)))
      #expect(whole.final?["output"]?.elements.count == last["response"]?["output"]?.elements.count)
    }
  }

  @Test func `llama's events get what they lack and no more events`() throws {
    let whole = StreamSamples.complete(StreamSamples.llama.events)
    #expect(whole.count == StreamSamples.llama.events.count)
    #expect(
      try whole[5].means(
        """
        {"type":"response.output_text.delta","item_id":"msg_1","delta":"'m glad","output_index":0,
         "content_index":0,"logprobs":[],"sequence_number":5}
        """))
    #expect(whole.last?["timings"]?.text == #"{"cache_n":0}"#)
    #expect(whole.last?["response"]?["created_at"]?.text == "1796065104")
    #expect(
      whole.last?["response"]?["usage"]?["output_tokens_details"]?.text
        == #"{"reasoning_tokens":0}"#)
  }

  @Test func `bare deltas get a message around them`() {
    let whole = complete(
      #"{"type":"response.output_text.delta","delta":"Hi"}"#,
      #"{"type":"response.output_text.delta","delta":" you"}"#,
      #"{"type":"response.completed","response":{"id":"resp_1"}}"#)
    #expect(
      StreamSamples.types(whole) == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta",
        "output_text.delta", "output_text.done", "content_part.done", "output_item.done",
        "completed",
      ])
    #expect(whole[6]["text"]?.string == "Hi you")
    #expect(whole[2]["item"]?["id"]?.string == "msg_1_0")
    let output = whole.last?["response"]?["output"]?.elements
    #expect(output?.first?["content"]?.elements.first?["text"]?.string == "Hi you")
  }

  @Test func `half a surrogate pair in each delta is one character in the text`() {
    let whole = complete(
      #"{"type":"response.output_text.delta","delta":"\ud83e"}"#,
      #"{"type":"response.output_text.delta","delta":"\udd84"}"#,
      #"{"type":"response.completed","response":{}}"#)
    #expect(whole[6]["text"]?.string == "🦄")
  }

  @Test func `a beginning that comes late is not told twice`() throws {
    let whole = complete(
      #"{"type":"response.output_text.delta","output_index":0,"content_index":0,"item_id":"m","delta":"Hi"}"#,
      #"{"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message"}}"#,
      #"{"type":"response.completed","response":{}}"#)
    _ = try EventAccumulator.accumulate(whole)
  }

  @Test func `arguments of nobody wait for the call's end`() throws {
    let whole = complete(
      #"{"type":"response.created","response":{}}"#,
      #"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\""}"#,
      #"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"}}"#,
      #"{"type":"response.completed","response":{}}"#)
    let accumulator = try EventAccumulator.accumulate(whole)
    #expect(accumulator.texts == ["0.0": #"{"a":1}"#])
  }

  @Test func `an item that is called otherwise at the end is one item`() throws {
    let whole = complete(
      #"{"type":"response.output_item.added","output_index":0,"item":{"id":"a","type":"message"}}"#,
      #"{"type":"response.output_text.delta","output_index":0,"content_index":0,"item_id":"a","delta":"Hi"}"#,
      #"{"type":"response.completed","response":{"output":[{"id":"b","type":"message","content":[{"type":"output_text","text":"Hi"}]}]}}"#
    )
    let accumulator = try EventAccumulator.accumulate(whole)
    #expect(accumulator.texts == ["0.0": "Hi"])
    #expect(accumulator.final?["output"]?.elements.first?["id"]?.string == "b")
  }

  @Test func `the output of a call is not the call`() throws {
    let call =
      #"{"id":"fc_1","type":"function_call","call_id":"c","name":"f","arguments":"{}","status":"completed"}"#
    let output = #"{"type":"function_call_output","call_id":"c","output":"1"}"#
    let whole = complete(
      #"{"type":"response.output_item.done","output_index":0,"item":\#(call)}"#,
      #"{"type":"response.output_item.added","output_index":1,"item":\#(output)}"#,
      #"{"type":"response.output_item.done","output_index":1,"item":\#(output)}"#,
      #"{"type":"response.completed","response":{"output":[\#(call),\#(output)]}}"#)
    _ = try EventAccumulator.accumulate(whole)
    #expect(whole.last?["response"]?["output"]?.elements.map(\.text) == [call, output])
  }

  @Test func `what was cut off ends incomplete`() throws {
    let whole = complete(
      #"{"type":"response.output_text.delta","delta":"Hi"}"#,
      #"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#
    )
    _ = try EventAccumulator.accumulate(whole)
    #expect(whole.last?["response"]?["output"]?.elements.first?["status"]?.string == "incomplete")
  }

  @Test func `what failed is told as it is`() {
    let whole = complete(
      #"{"type":"response.created","response":{}}"#,
      #"{"type":"response.output_text.delta","delta":"Hi"}"#,
      #"{"type":"error","message":"why","code":"server_error"}"#,
      #"{"type":"response.failed","response":{"error":{"code":"server_error","message":"why"}}}"#)
    #expect(StreamSamples.types(whole).suffix(2) == ["error", "failed"])
    #expect(whole.last?["response"]?["status"]?.string == "failed")
  }

  // MARK: Numbers

  @Test func `events that are put in count`() {
    let events = [
      #"{"type":"response.output_text.delta","sequence_number":0,"delta":"Hi"}"#,
      #"{"type":"response.completed","sequence_number":1,"response":{"id":"resp_1"}}"#,
    ]
    let numbers = StreamSamples.complete(events).compactMap { $0["sequence_number"]?.integer }
    #expect(numbers == Array(0...8))
  }

  @Test(arguments: StreamSamples.all)
  func `a reader that goes on gets the rest of the same stream`(sample: StreamSamples.Sample) {
    let events = sample.events
    let whole = StreamSamples.complete(events)
    for number in whole.indices {
      let rest = StreamSamples.complete(events, startingAfter: number)
      #expect(rest == Array(whole[(number + 1)...]))
    }
  }

  // MARK: Damage

  @Test(arguments: StreamSamples.all)
  func `no value in any place breaks the row of numbers`(sample: StreamSamples.Sample) {
    let events = sample.events
    let wrong = ["null", "7", "-1", "1e9", "999999999", #""x""#, "[]", "{}", "[{}]"].map {
      RawJSON($0)
    }
    for index in events.indices {
      for variant in RawJSON(events[index]).variants(wrong).everyFifth(from: index) {
        var damaged = events
        damaged[index] = variant.text
        let whole = StreamSamples.complete(damaged)
        let numbers = whole.filter { $0.kind == .object }.map { $0["sequence_number"]?.integer }
        let isRow = numbers == (0..<whole.count).map { Int64($0) }
        #expect(isRow || whole.contains { $0.kind != .object }, "\(variant.text)")
      }
    }
  }
}
