import JSON
import TestSupport
import Testing

/// What clients that ask and do not read may cost.
@Suite(.serialized) struct OutputLimitTests {
  private static let itemBytes = 1 << 20

  /// A daemon with a conversation `big` of one item, which takes a megabyte.
  private func stage(_ limits: String = "") throws -> StateStage {
    let stage = try StateStage(rest: "[limits]\n\(limits)")
    let text = String(repeating: "a", count: Self.itemBytes)
    let made = try stage.client.call(
      1, "conversations.create",
      #"{"name":"big","items":[{"role":"user","content":"\#(text)"}]}"#)
    #expect(made.error == nil)
    return stage
  }

  private func ask(_ client: SocketClient, _ ids: ClosedRange<Int>) throws {
    let lines = ids.map {
      #"{"id":\#($0),"method":"conversations.items.list","params":{"conversation":"big"}}"#
    }
    try client.send(lines.joined(separator: "\n"))
  }

  private func outputBytes(_ daemon: DaemonProcess) throws -> Int {
    guard let bytes = try daemon.status()["clients"]?["output_bytes"]?.integer else {
      throw SupportError("the status has no output_bytes")
    }
    return Int(bytes)
  }

  /// Returns when the store has served what was asked of it before, twice: one more answer may have
  /// been asked for in between.
  private func settle(_ stage: StateStage) throws {
    for _ in 0..<2 { try stage.client.settle() }
  }

  @Test func `a client that asks and never reads costs its limit and one answer more`() throws {
    let stage = try stage()
    let before = try stage.daemon.figures.residentKiB
    let client = try stage.daemon.connect()
    try ask(client, 1...64)
    try Wait.until("the client to be paused") { try outputBytes(stage.daemon) >= 8 << 20 }
    try settle(stage)
    #expect(try outputBytes(stage.daemon) < 8 << 20 + 2 * Self.itemBytes)
    #expect(try stage.daemon.figures.peakKiB - before < 32 << 10)
    for id in 1...64 {
      let data = try #require(try client.answer(id).result?["data"]?.elements)
      #expect(data.map(RawJSON.said).map(\.utf8.count) == [Self.itemBytes])
    }
    #expect(try outputBytes(stage.daemon) == 0)
  }

  @Test func `all clients together keep to their limit, and who reads is served`() throws {
    let stage = try stage("output = \"4MiB\"\noutputs = \"8MiB\"")
    let clients = try (0..<8).map { _ in try stage.daemon.connect() }
    for client in clients { try ask(client, 1...50) }
    try Wait.until("all clients to be paused") { try outputBytes(stage.daemon) >= 8 << 20 }
    try settle(stage)
    #expect(try outputBytes(stage.daemon) < 8 << 20 + clients.count * (Self.itemBytes + 4096))
    let reader = try stage.daemon.connect()
    try ask(reader, 1...20)
    for id in 1...20 { #expect(try reader.answer(id).error == nil) }
    for client in clients.dropFirst() { client.close() }
    for id in 1...50 { #expect(try clients[0].answer(id).error == nil) }
    try Wait.until("nothing to be left") { try outputBytes(stage.daemon) == 0 }
  }

  @Test func `one answer may be larger than the limit`() throws {
    let stage = try stage("output = \"4KiB\"\noutputs = \"4KiB\"")
    let client = try stage.daemon.connect()
    try ask(client, 1...3)
    for id in 1...3 { #expect(try client.answer(id).error == nil) }
  }

  @Test func `requests that wait for room keep their order, also behind the end of sending`() throws
  {
    let stage = try stage("output = \"1KiB\"")
    let client = try stage.daemon.connect()
    let pings = (1...500).map { #"{"id":\#($0),"method":"daemon.ping"}"# }
    try client.send(pings.joined(separator: "\n"))
    client.finishSending()
    for id in 1...500 { #expect(try client.message()?["id"]?.integer == Int64(id)) }
    #expect(try client.isClosedByDaemon())
  }

  @Test func `a stream that is not read can be cancelled on its connection`() throws {
    let stage = try stage("output = \"1KiB\"")
    let client = try stage.daemon.connect()
    try client.startCreate(1, ["burst": "50000", "stall": "after_events:50005"])
    try Wait.until("the events") {
      let events = try stage.daemon.status()["responses"]?.elements.first?["events"]?.integer ?? 0
      return events > 50_000
    }
    try client.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
    try Wait.until("the upstream to be told") {
      try stage.simulator.count("cancelled_streams") == 1
    }
    #expect(try client.answer(1).status == "cancelled")
  }
}
