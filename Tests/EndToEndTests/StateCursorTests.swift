import JSON
import TestSupport
import Testing

/// One response, many readers.
@Suite struct StateCursorTests {
  private let stage: StateStage

  init() throws {
    stage = try StateStage()
  }

  private func retrieve(
    _ client: SocketClient, _ id: String, after number: Int? = nil
  ) throws {
    let start = number.map { #","starting_after":\#($0)"# } ?? ""
    try client.request(
      1, "responses.retrieve", #"{"response_id":"\#(id)","stream":true\#(start)}"#)
  }

  /// Starts a response and returns its id as soon as there is text.
  private func start(_ client: SocketClient, _ controls: [String: String]) throws -> String {
    try client.startCreate(1, controls)
    let created = try client.event(1) { $0["type"]?.string == "response.created" }
    try client.awaitText(1)
    return try #require(created["response"]?["id"]?.string)
  }

  @Test func `fifty cursors on a running response see the bytes that its client sees`() throws {
    let id = try start(stage.client, ["words": "150", "rate": "100"])
    let stopped = try stage.daemon.connect()
    try retrieve(stopped, id)
    var readers: [SocketClient] = []
    for _ in 0..<50 {
      let reader = try stage.daemon.connect()
      try retrieve(reader, id)
      readers.append(reader)
    }
    let whole = try stage.client.answer(1)
    #expect(whole.status == "completed")
    #expect(whole.events.count > 150)
    for reader in readers {
      let answer = try reader.answer(1)
      #expect(answer.events == whole.events)
      #expect(answer.stored == whole.stored)
    }
    // It took nothing while the response ran, and misses nothing.
    #expect(try stopped.answer(1).events == whole.events)
    #expect(try stage.simulator.count("creates") == 1)
  }

  @Test func `a cursor at each event of a running response gets the rest`() throws {
    let id = try start(stage.client, ["words": "60", "rate": "60"])
    let readers = try (0..<40).map { number in
      let reader = try stage.daemon.connect()
      try retrieve(reader, id, after: number)
      return reader
    }
    let whole = try stage.client.answer(1)
    for (number, reader) in readers.enumerated() {
      #expect(try reader.answer(1).events[...] == whole.events.dropFirst(number + 1))
    }
  }

  @Test func `a cursor at each event of an ended response gets the rest`() throws {
    let whole = try stage.client.create(1, ["words": "60"])
    for number in 0..<whole.events.count {
      let rest = try stage.client.replay(whole.id, after: number)
      #expect(rest.events[...] == whole.events.dropFirst(number + 1))
      #expect(rest.stored == whole.stored)
    }
    #expect(try stage.client.replay(whole.id).events == whole.events)
    #expect(try stage.client.replay(whole.id, after: 10_000).events.isEmpty)
  }

  @Test func `an ended response replays the same bytes after a restart`() throws {
    let whole = try stage.client.create(1, ["corpus": "1"])
    try stage.daemon.kill()
    let replay = try stage.restarted().connect().replay(whole.id)
    #expect(replay.events == whole.events)
    #expect(replay.stored == whole.stored)
  }

  @Test func `a response that came in one piece is replayed as events`() throws {
    let whole = try stage.client.say("hi", answer: "One piece.")
    let replay = try stage.client.replay(whole.id)
    #expect(replay.streamedText == "One piece.")
    #expect(replay.eventTypes.first == "response.created")
    #expect(replay.eventTypes.last == "response.completed")
    #expect(replay.stored == whole.stored)
  }

  @Test func `a reader that leaves takes nothing along`() throws {
    let id = try start(stage.client, ["words": "60", "rate": "200"])
    let reader = try stage.daemon.connect()
    try retrieve(reader, id)
    try reader.awaitText(1)
    reader.close()
    let other = try stage.daemon.connect()
    try retrieve(other, id)
    try other.awaitText(1)
    _ = try other.call(2, "$/cancelRequest", #"{"id":1}"#)
    #expect(try other.answer(1).errorCode == "cancelled")
    #expect(try stage.client.answer(1).status == "completed")
  }

  @Test func `a wrong starting_after is refused`() throws {
    let whole = try stage.client.create(1)
    for (value, stream) in [("-1", "true"), ("1.5", "true"), (#""2""#, "true"), ("2", "false")] {
      let answer = try stage.client.call(
        1, "responses.retrieve",
        #"{"response_id":"\#(whole.id)","stream":\#(stream),"starting_after":\#(value)}"#)
      #expect(answer.errorCode == "invalid_params")
      #expect(answer.param == "starting_after")
    }
  }

  // MARK: Memory

  private static let burst = ["burst": "40000"]

  @Test func `memory grows with the response and not with its readers`() throws {
    let whole = try stage.client.create(1, Self.burst)
    let bytes = whole.events.reduce(0) { $0 + $1.bytes.count }
    #expect(bytes > 4 << 20)
    let first = try stage.daemon.connect()
    try retrieve(first, whole.id)
    try first.awaitText(1)
    let before = try stage.daemon.figures.residentKiB
    let readers = try (0..<50).map { _ in
      let reader = try stage.daemon.connect()
      try retrieve(reader, whole.id)
      return reader
    }
    for reader in readers { _ = try reader.receive() }
    try Wait.until("all to read") {
      try stage.daemon.status()["clients"]?["connected"]?.integer ?? 0 >= 52
    }
    let growth = try stage.daemon.figures.residentKiB - before
    // Fifty copies would be fifty times the response.
    #expect(growth * 1024 < bytes * 2, "\(growth) KiB for \(bytes / 1024) KiB of events")
    #expect(try readers[49].answer(1).events == whole.events)
    #expect(try first.answer(1).events == whole.events)
  }
}
