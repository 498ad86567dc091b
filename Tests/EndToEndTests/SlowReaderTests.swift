import JSON
import TestSupport
import Testing

@Suite(.serialized) struct SlowReaderTests {
  private static let burst = 100_000

  private let simulator: Simulator

  init() throws { simulator = try Simulator() }

  private func daemon(stalledReader: String) throws -> DaemonProcess {
    try DaemonProcess(simulator, rest: "[limits]\nstalled_reader = \"\(stalledReader)\"")
  }

  /// Waits until the upstream's answer has come in whole.
  private func awaitUpstream() throws {
    try Wait.until("the upstream's answer") {
      let stats = try simulator.stats()
      return stats["creates"]?.integer != 0 && stats["active_streams"]?.integer == 0
    }
  }

  @Test func `a reader that stops and goes on gets every event`() throws {
    let client = try daemon(stalledReader: "30s").connect()
    try client.startCreate(1, ["burst": "\(Self.burst)"])
    try awaitUpstream()
    let answer = try client.answer(1)
    #expect(answer.status == "completed")
    #expect(answer.streamedText.utf8.count >= Self.burst * 6)
    let isInOrder = answer.events.enumerated().allSatisfy { number, event in
      event["sequence_number"]?.integer == Int64(number)
    }
    #expect(isInOrder)
    #expect(answer.events.count > Self.burst)
  }

  @Test func `a stopped reader does not hold up another`() throws {
    let daemon = try daemon(stalledReader: "30s")
    let stopped = try daemon.connect()
    try stopped.startCreate(1, ["burst": "\(Self.burst)"])
    try awaitUpstream()
    #expect(try daemon.connect().create(1, ["text": "Quick."]).text == "Quick.")
    stopped.close()
  }

  @Test func `memory holds a lagging answer once`() throws {
    let daemon = try daemon(stalledReader: "30s")
    let before = try daemon.figures.residentKiB
    let stopped = try daemon.connect()
    try stopped.startCreate(1, ["burst": "\(Self.burst)"])
    try awaitUpstream()
    try Wait.until("the events to be there") {
      let events = try daemon.status()["responses"]?.elements.first?["events"]?.integer ?? 0
      return events > Self.burst
    }
    let bytes = try daemon.status()["responses"]?.elements.first?["bytes"]?.integer ?? 0
    // The answer itself, what its parts are kept in, and its row for the disk.
    #expect(try daemon.figures.residentKiB - before < 3 * Int(bytes) / 1024 + 16 * 1024)
    stopped.close()
  }

  @Test func `a reader that takes nothing for too long is dropped and its response cancelled`()
    throws
  {
    let daemon = try daemon(stalledReader: "300ms")
    let client = try daemon.connect()
    try client.startCreate(1, ["burst": "20000", "stall": "after_events:20005"])
    try Wait.until("the response to be cancelled") {
      try simulator.count("cancelled_streams") == 1
    }
    try Wait.until("the client to be gone") {
      try daemon.status()["clients"]?["connected"]?.integer == 1
    }
  }

  @Test func `a response that may finish outlives its dropped reader`() throws {
    let daemon = try daemon(stalledReader: "300ms")
    let client = try daemon.connect()
    try client.startCreate(1, ["burst": "20000"], halley: #"{"on_disconnect":"finish"}"#)
    try Wait.until("the client to be gone") {
      try daemon.status()["clients"]?["connected"]?.integer == 1
    }
    #expect(try simulator.count("cancelled_streams") == 0)
    try awaitUpstream()
  }
}
