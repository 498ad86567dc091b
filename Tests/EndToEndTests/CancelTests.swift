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

  // MARK: On the very next line

  /// Asks and cancels in one write, so that the daemon reads both before it has begun.
  private func cancelAtOnce(
    _ client: SocketClient, _ id: Int, _ method: String, _ params: String
  ) throws -> Answer {
    try client.send(
      #"{"id":\#(id),"method":"\#(method)","params":\#(params)}"# + "\n"
        + #"{"method":"$/cancelRequest","params":{"id":\#(id)}}"#)
    return try client.answer(id)
  }

  @Test func `a watch that is cancelled behind it ends, and others go on`() throws {
    let client = try daemon.connect()
    _ = try client.call(1, "conversations.create", #"{"name":"talk"}"#)
    for id in 2..<22 {
      let answer = try cancelAtOnce(client, id, "conversations.watch", #"{"conversation":"talk"}"#)
      #expect(answer.errorCode == "cancelled")
    }
    let unknown = try cancelAtOnce(client, 30, "conversations.watch", #"{"conversation":"none"}"#)
    #expect(unknown.message["error"] != nil)
    // The id is free again, and its next request is not the cancelled one.
    #expect(try client.call(30, "daemon.ping").result?.text == "{}")
    #expect(try client.call(2, "daemon.ping").result?.text == "{}")
  }

  @Test func `a replay that is cancelled behind it ends`() throws {
    let client = try daemon.connect()
    let created = try client.say("hi")
    let id = created.id
    let answer = try cancelAtOnce(
      client, 9, "responses.retrieve", #"{"response_id":"\#(id)","stream":true}"#)
    #expect(answer.errorCode == "cancelled" || answer.result != nil)
    #expect(try client.call(10, "daemon.ping").result?.text == "{}")
  }

  @Test(arguments: [
    ("models.list", "{}"), ("responses.input_tokens.count", #"{"model":"m","input":"hi"}"#),
    ("responses.compact", #"{"model":"m","input":"hi"}"#), ("tools.list", "{}"),
  ])
  func `what others are asked for is not waited for any longer`(
    _ method: String, _ params: String
  ) throws {
    let port = try DeafPort(listens: true)
    let scratch = try Scratch()
    let mute = try scratch.write("mute", "#!/bin/sh\nexec cat >/dev/null\n", mode: 0o700)
    let deaf = try DaemonProcess(
      """
      default_upstream = "deaf"
      [upstreams.deaf]
      base_url = "http://127.0.0.1:\(port.port)/v1"
      api_key = { none = true }
      [plugins.mute]
      command = ["\(mute)"]
      tools = true
      start_timeout = "600s"
      """)
    let client = try deaf.connect()
    let start = ContinuousClock.now
    #expect(try cancelAtOnce(client, 1, method, params).errorCode == "cancelled")
    try client.request(2, method, params)
    try client.settle()
    try client.send(#"{"method":"$/cancelRequest","params":{"id":2}}"#)
    #expect(try client.answer(2).errorCode == "cancelled")
    #expect(ContinuousClock.now - start < .seconds(20))
  }
}
