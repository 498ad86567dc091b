import Glibc
import JSON
import TestSupport
import Testing

@Suite struct DrainTests {
  private let simulator: Simulator

  init() throws { simulator = try Simulator() }

  @Test func `an idle daemon ends at once`() throws {
    let daemon = try DaemonProcess(simulator)
    let client = try daemon.connect()
    _ = try client.call(1, "daemon.ping")
    #expect(try daemon.stop().status == 0)
    #expect(try client.isClosedByDaemon())
  }

  @Test func `a running response finishes and new ones are refused`() throws {
    let daemon = try DaemonProcess(simulator)
    let client = try daemon.connect()
    try client.startCreate(1, ["words": "60", "rate": "100"])
    try client.awaitText(1)
    daemon.signal(SIGTERM)
    try Wait.until("the socket to be closed") {
      do { _ = try daemon.connect() } catch { return true }
      return false
    }
    let refused = try client.create(2)
    #expect(refused.errorCode == "overloaded")
    #expect(refused.errorData?["retry_after_ms"]?.integer != nil)
    #expect(try client.call(3, "daemon.ping").error == nil)
    let answer = try client.answer(1)
    #expect(answer.status == "completed")
    #expect(answer.text == answer.streamedText)
    #expect(try daemon.wait().status == 0)
  }

  @Test func `a response beyond limits drain is ended with what there is`() throws {
    let daemon = try DaemonProcess(simulator, rest: "[limits]\ndrain = \"300ms\"")
    let client = try daemon.connect()
    try client.startCreate(1, ["endless": "deltas", "event_delay_ms": "5"])
    try client.awaitText(1)
    daemon.signal(SIGTERM)
    let answer = try client.answer(1)
    #expect(answer.message["id"]?.integer == 1)
    #expect(try daemon.wait().status == 0)
    try Wait.until("the upstream's connection to close") {
      try simulator.count("cancelled_streams") == 1
    }
  }

  @Test func `a second signal does not wait`() throws {
    let daemon = try DaemonProcess(simulator)
    let client = try daemon.connect()
    try client.startCreate(1, ["stall": "after_events:5"])
    try client.awaitText(1)
    daemon.signal(SIGTERM)
    try Wait.until("the socket to be closed") {
      do { _ = try daemon.connect() } catch { return true }
      return false
    }
    daemon.signal(SIGTERM)
    #expect(try daemon.wait().status == 0)
  }

  @Test func `SIGINT drains too`() throws {
    let daemon = try DaemonProcess(simulator)
    let client = try daemon.connect()
    try client.startCreate(1, ["words": "30", "rate": "100"])
    try client.awaitText(1)
    daemon.signal(SIGINT)
    #expect(try client.answer(1).status == "completed")
    #expect(try daemon.wait().status == 0)
  }

  @Test func `the process has no more threads after load than before`() throws {
    let daemon = try DaemonProcess(simulator)
    let client = try daemon.connect()
    #expect(try client.create(1).status == "completed")
    let before = try daemon.figures.threads
    for id in 1...60 { try client.startCreate(id, ["words": "20", "flush": "1"]) }
    for id in 1...60 { #expect(try client.answer(id).status == "completed") }
    #expect(try daemon.figures.threads == before)
    // The loop, the journal's, and the store's two: its writer, and its reader once one reads.
    #expect(before <= 4)
  }
}
