import JSON
import TestSupport
import Testing

@Suite struct CancelTests {
  private static let endless = ["endless": "deltas", "event_delay_ms": "5"]

  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
  }

  private func awaitCancelled(_ count: Int = 1) throws {
    try Wait.until("the upstream's connection to close") {
      try simulator.count("cancelled_streams") == count
    }
  }

  /// Expects the answer of a response that was cancelled after its first event.
  private func expectCancelled(_ answer: Answer) throws {
    #expect(answer.status == "cancelled")
    #expect(answer.eventTypes.last == "response.incomplete")
    #expect(answer.events.last?["response"]?["status"]?.string == "cancelled")
    #expect(answer.events.last?["response"] == answer.result?.removing("halley"))
    #expect(!answer.streamedText.isEmpty)
    #expect(answer.text == answer.streamedText)
    let numbers = answer.events.compactMap { $0["sequence_number"]?.integer }
    #expect(numbers == Array(0..<Int64(answer.events.count)))
  }

  @Test func `the notification cancels a stream and keeps the partial text`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, Self.endless)
    try client.awaitText(1)
    try client.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
    try expectCancelled(try client.answer(1))
    try awaitCancelled()
  }

  @Test func `the request cancels too and is answered`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, Self.endless)
    try client.awaitText(1)
    #expect(try client.call(2, "$/cancelRequest", #"{"id":1}"#).result?.text == "{}")
    try expectCancelled(try client.answer(1))
    try awaitCancelled()
  }

  @Test(arguments: [
    ["stall_before_headers": "1"], ["stall": "after_headers"], ["first_event_delay_ms": "600000"],
  ])
  func `before the first event the answer is the error cancelled`(_ controls: [String: String])
    throws
  {
    let client = try daemon.connect()
    try client.startCreate(1, controls)
    try Wait.until("the request to be there") { try simulator.count("active_streams") == 1 }
    try client.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
    let answer = try client.answer(1)
    #expect(answer.errorNumber == -32800)
    #expect(answer.errorCode == "cancelled")
    #expect(answer.events.isEmpty)
    try awaitCancelled()
  }

  @Test(arguments: [["stall_before_headers": "1"], ["stall": "after_headers"]])
  func `a create without a stream is cancelled too`(_ controls: [String: String]) throws {
    let client = try daemon.connect()
    try client.startCreate(1, controls, stream: false)
    try Wait.until("the request to be there") { try simulator.count("active_streams") == 1 }
    try client.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
    #expect(try client.answer(1).errorNumber == -32800)
    try awaitCancelled()
  }

  @Test func `a create that waits for another attempt is cancelled at once`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, ["status": "503", "retry_after": "100"])
    try Wait.until("the refusal") { try simulator.count("creates") == 1 }
    try client.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
    #expect(try client.answer(1).errorCode == "cancelled")
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `a string id is cancelled by the same string`() throws {
    let client = try daemon.connect()
    let params = CreateParameters(["stall_before_headers": "1"]).text
    try client.send(#"{"id":"a","method":"responses.create","params":\#(params)}"#)
    try Wait.until("the request to be there") { try simulator.count("active_streams") == 1 }
    try client.send(#"{"method":"$/cancelRequest","params":{"id":"a"}}"#)
    let message = try #require(try client.message())
    #expect(message["id"]?.string == "a")
    #expect(message["error"]?["code"]?.integer == -32800)
  }

  @Test func `an id that is not in flight cancels nothing`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, ["words": "20", "rate": "100"])
    try client.awaitText(1)
    try client.send(#"{"method":"$/cancelRequest","params":{"id":2}}"#)
    #expect(try client.call(3, "$/cancelRequest", #"{"id":"1"}"#).error == nil)
    #expect(try client.answer(1).status == "completed")
  }

  @Test func `another connection's request is out of reach`() throws {
    let client = try daemon.connect()
    let other = try daemon.connect()
    try client.startCreate(1, ["words": "20", "rate": "100"])
    try client.awaitText(1)
    _ = try other.call(2, "$/cancelRequest", #"{"id":1}"#)
    #expect(try client.answer(1).status == "completed")
  }

  @Test func `the id of a cancelled request is free again`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, Self.endless)
    try client.awaitText(1)
    try client.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
    _ = try client.answer(1)
    #expect(try client.create(1, ["text": "Again."]).text == "Again.")
  }

  @Test func `responses cancel works from another connection`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, Self.endless)
    let created = try client.event(1) { $0["type"]?.string == "response.created" }
    let id = try #require(created["response"]?["id"]?.string)
    try client.awaitText(1)
    let cancel = try daemon.connect().call(7, "responses.cancel", #"{"response_id":"\#(id)"}"#)
    #expect(cancel.status == "cancelled")
    #expect(cancel.result?["id"]?.string == id)
    #expect(cancel.events.isEmpty)
    let answer = try client.answer(1)
    try expectCancelled(answer)
    #expect(cancel.text == answer.text)
    try awaitCancelled()
  }

  @Test func `responses cancel may be repeated`() throws {
    let client = try daemon.connect()
    try client.startCreate(1, Self.endless)
    try client.awaitText(1)
    let created = try client.event(1) { $0["type"]?.string == "response.created" }
    let id = try #require(created["response"]?["id"]?.string)
    let other = try daemon.connect()
    let first = try other.call(1, "responses.cancel", #"{"response_id":"\#(id)"}"#)
    let second = try other.call(2, "responses.cancel", #"{"response_id":"\#(id)"}"#)
    #expect(first.status == "cancelled")
    #expect(second.status == "cancelled")
    #expect(second.result?["output"] == first.result?["output"])
  }

  @Test func `an unknown response is not found`() throws {
    let answer = try daemon.connect().call(
      1, "responses.cancel", #"{"response_id":"resp_none"}"#)
    #expect(answer.errorNumber == -32000)
    #expect(answer.errorCode == "not_found")
  }

  @Test func `many streams are cancelled without touching the others`() throws {
    let client = try daemon.connect()
    for id in 1...10 { try client.startCreate(id, Self.endless) }
    for id in 1...10 { try client.awaitText(id) }
    for id in stride(from: 1, through: 9, by: 2) {
      try client.send(#"{"method":"$/cancelRequest","params":{"id":\#(id)}}"#)
      try expectCancelled(try client.answer(id))
    }
    try awaitCancelled(5)
    #expect(try simulator.count("active_streams") == 5)
  }
}
