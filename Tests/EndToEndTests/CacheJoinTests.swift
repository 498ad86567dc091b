import JSON
import TestSupport
import Testing

/// Equal requests that run at the same time.
@Suite struct CacheJoinTests {
  /// Three seconds, in which all of them come.
  private static let slow = #""stream":true,"metadata":{"words":"60","rate":"20"}"#

  private let stage: StateStage

  init() throws {
    stage = try StateStage(rest: "[cache]\nenabled = true\n")
  }

  private func start(_ count: Int) throws -> [SocketClient] {
    let clients = try (0..<count).map { _ in try stage.daemon.connect() }
    for client in clients { try client.startSaying(5, "hello", Self.slow) }
    return clients
  }

  @Test func `a hundred equal streams make one call, and a late one sees all of it`() throws {
    let clients = try start(99)
    try clients[0].awaitText(5)
    let late = try stage.daemon.connect()
    try late.startSaying(5, "hello", Self.slow)
    let answers = try (clients + [late]).map { try $0.answer(5) }
    #expect(try stage.simulator.count("creates") == 1)
    let first = answers[0].events.map(\.text)
    for answer in answers {
      #expect(answer.status == "completed")
      #expect(answer.events.map(\.text) == first)
    }
    let origins = answers.map { $0.halley?["cache"]?.string }
    #expect(origins.count { $0 == "miss" } == 1)
    #expect(origins.count { $0 == "joined" } == 99)
  }

  @Test func `the owner and half of the others leave, and the rest read on`() throws {
    let clients = try start(40)
    for client in clients { try client.awaitText(5) }
    for (index, client) in clients.prefix(20).enumerated() {
      if index.isMultiple(of: 2) { client.close() } else { try client.send(cancelOf5) }
    }
    for client in clients[20...] {
      let answer = try client.answer(5)
      #expect(answer.status == "completed")
      #expect(answer.streamedText == answer.text)
    }
    for index in stride(from: 1, to: 20, by: 2) {
      let answer = try clients[index].answer(5)
      #expect(answer.status == "cancelled")
      #expect(answer.eventTypes.last == "response.incomplete")
      #expect(answer.streamedText == answer.text)
    }
    #expect(try stage.simulator.count("creates") == 1)
    #expect(try stage.simulator.count("cancelled_streams") == 0)
  }

  @Test func `when all who asked have left, the call ends`() throws {
    let clients = try (0..<3).map { _ in try stage.daemon.connect() }
    for client in clients {
      try client.startSaying(
        5, "hello", #""stream":true,"metadata":{"endless":"deltas","event_delay_ms":"5"}"#)
    }
    for client in clients { try client.awaitText(5) }
    for client in clients { try client.send(cancelOf5) }
    for client in clients { #expect(try client.answer(5).status == "cancelled") }
    try Wait.until("the upstream's connection to close") {
      try stage.simulator.count("cancelled_streams") == 1
    }
    #expect(try stage.client.call(2, "cache.stats").result?["entries"]?.integer == 0)
  }

  @Test func `a joined request costs nothing and is counted`() throws {
    let clients = try start(3)
    for client in clients { _ = try client.answer(5) }
    try Wait.until("the joined requests to be counted") {
      let row = try stage.client.call(2, "usage.summary").result?["data"]?.elements.first
      return row?["joined"]?.integer == 2 && row?["requests"]?.integer == 3
    }
  }

  private var cancelOf5: String { #"{"method":"$/cancelRequest","params":{"id":5}}"# }
}
