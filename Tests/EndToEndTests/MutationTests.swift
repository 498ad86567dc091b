import JSON
import TestSupport
import Testing

/// Upstreams whose answers are wrong in one place: each member and element at any depth, with each of
/// twelve values that nobody expects, and without it.
@Suite struct MutationTests {
  /// Requests that are on their way at a time.
  private static let window = 16
  private static let unstored = #""input":"x","store":false,"halley":{"cache":"off"}"#

  private let stage: StateStage

  init() throws {
    stage = try StateStage(
      upstream: "max_retries = 0\nmax_concurrent = 256", rest: "[cache]\nttl = \"24h\"")
  }

  /// Asks for each body and hands over the answers in their order.
  ///
  /// - Parameter params: more of the params of the request with a number, as JSON members.
  private func ask(
    _ bodies: [[UInt8]], type: String = "text/event-stream", _ params: (Int) -> String,
    _ check: (Int, Answer) throws -> Void
  ) throws {
    func send(_ number: Int) throws {
      try stage.simulator.writeScript("\(number)", bodies[number])
      try stage.client.request(
        number, "responses.create",
        #"{"stream":true,"metadata":{"script":"\#(number)","content_type":"\#(type)"},\#(params(number))}"#
      )
    }
    for number in bodies.indices.prefix(Self.window) { try send(number) }
    for number in bodies.indices {
      try check(number, try stage.client.answer(number))
      if number + Self.window < bodies.count { try send(number + Self.window) }
    }
    #expect(try stage.daemon.connect().call(1, "daemon.ping").error == nil)
  }

  private func hasItemsAlone(_ response: RawJSON?) -> Bool {
    response?["output"]?.elements.allSatisfy { $0.kind == .object } ?? true
  }

  @Test func `a stream that breaks off behind a wrong event ends as truncated`() throws {
    let streams = StreamSample.mutants(isCut: true)
    // Each is also sent with the rest of its stream, and one that is well: an upstream that fails with
    // most requests is given a rest.
    let well = StreamSample.body(StreamSample.events)
    let bodies = streams.flatMap { start in
      let whole = start + StreamSample.events[start.count...]
      return [StreamSample.body(start), StreamSample.body(whole), well]
    }
    try ask(bodies, { _ in Self.unstored }) { index, answer in
      let (number, place) = index.quotientAndRemainder(dividingBy: 3)
      guard place == 0 else { return #expect(answer.status == "completed", "\(streams[number])") }
      let wrong = streams[number].last?.text ?? ""
      #expect(answer.errorCode == "upstream_truncated", "\(answer.message.text) of \(wrong)")
      #expect(hasItemsAlone(answer.errorData?["response"]), "\(wrong)")
      #expect(answer.events.count == streams[number].count, "\(wrong)")
    }
  }

  @Test func `a stream with a wrong terminal event has an end for its client`() throws {
    let start = StreamSample.events.dropLast()
    let ends = Mutation.mutants(of: StreamSample.events[start.endIndex])
    try ask(ends.map { StreamSample.body(start + [$0]) }, { _ in Self.unstored }) {
      number, answer in
      let isEnd = answer.result?.kind == .object || answer.errorCode != "internal"
      #expect(isEnd, "\(ends[number].text)")
      #expect(answer.events.count >= start.count, "\(ends[number].text)")
    }
  }

  @Test func `a wrong object is streamed to its client, and again from the cache`() throws {
    let objects = Mutation.mutants(of: StreamSample.object)
    var hits = 0
    for round in 0..<2 {
      try ask(objects.map { Array($0.bytes) }, type: "application/json", { #""input":"\#($0)""# }) {
        number, answer in
        if answer.halley?["cache"]?.string == "hit" { hits += 1 }
        guard let result = answer.result else {
          #expect(answer.errorCode != "internal", "\(round): \(answer.message.text)")
          return
        }
        #expect(result["output"]?.text.isEmpty != true, "\(objects[number].text)")
        #expect(answer.eventTypes.first == "response.created")
        #expect(answer.events.last?["response"]?.removing("halley") == answer.stored)
      }
    }
    #expect(hits > objects.count / 2)
  }

  @Test func `responses that were cut short by a crash are ended at the next start`() throws {
    let starts = StreamSample.events.prefix(3)
    let wrong = Mutation.wrongValues.flatMap { value in
      [
        [starts[0].setting("response", to: value)],
        starts.dropLast() + [starts[2].setting("item", to: value)],
        starts.dropLast() + [starts[2].setting("output_index", to: value)],
      ]
    }
    for (number, events) in wrong.enumerated() {
      try stage.simulator.writeScript("\(number)", StreamSample.body(events))
      try stage.client.request(
        number, "responses.create",
        #"{"stream":true,"input":"\#(number)","metadata":{"script":"\#(number)","stall":"after_events:1"}}"#
      )
    }
    for (number, events) in wrong.enumerated() {
      let last = Int64(events.count - 1)
      _ = try stage.client.event(number) { $0["sequence_number"]?.integer == last }
    }
    let events = wrong.reduce(0) { $0 + $1.count }
    try Wait.until("the events on disk") { try ask("SELECT sum(count) FROM events") == "\(events)" }
    try stage.daemon.kill()
    let daemon = try stage.restarted()
    #expect(try daemon.connect().say("and now?").status == "completed", "\(daemon.log)")
    let ends = "SELECT count(*) FROM responses WHERE status = 'incomplete' AND ended_at > 0"
    #expect(try ask(ends) == "\(wrong.count)", "\(daemon.log)")
  }

  /// What the database of the daemon says.
  private func ask(_ question: String) throws -> String {
    let answer = try run(
      ["sqlite3", "-readonly", "\(stage.daemon.scratch.path)/state/halley.db", question])
    return String(answer.output.prefix { $0 != "\n" })
  }
}
