import JSON
import TestSupport
import Testing

/// Daemons that have no descriptor left, or no place in the kernel to watch one.
@Suite(.serialized) struct DescriptorTests {
  /// A request that meets the shortage is answered in this time.
  private static let patience: Duration = .seconds(5)

  private static let canLimit = Binaries.installed("prlimit") != nil

  private func limit(_ daemon: DaemonProcess, to count: Int) throws {
    let end = try run(["prlimit", "--pid", "\(daemon.identifier)", "--nofile=\(count):8192"])
    guard end.status == 0 else { throw SupportError("prlimit: \(end.error)") }
  }

  private func upstream(_ client: SocketClient) throws -> RawJSON {
    guard let upstream = try client.call(900, "daemon.status").result?["upstreams"]?.elements.first
    else { throw SupportError("no upstream in the status") }
    return upstream
  }

  /// Expects that nothing of it was held against the upstream.
  private func expectBlameless(
    _ client: SocketClient, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let upstream = try upstream(client)
    #expect(upstream["breaker"]?.string == "closed", sourceLocation: sourceLocation)
    #expect(upstream["failed"]?.integer == 0, sourceLocation: sourceLocation)
  }

  /// What the daemon says first to a new client, which may be gone when that asks.
  private func greeting(_ client: SocketClient) throws -> RawJSON {
    do { try client.request(1, "daemon.ping") } catch is SupportError {}
    guard let message = try client.message() else { throw SupportError("closed without a word") }
    return message
  }

  @Test(.enabled(if: canLimit, "prlimit is missing"))
  func `new clients are refused before anybody else goes without a descriptor`() throws {
    let stage = try StateStage()
    try limit(stage.daemon, to: 40)
    var served: [SocketClient] = []
    var refused = 0
    for _ in 0..<50 {
      let client = try stage.daemon.connect()
      let message = try greeting(client)
      if message["result"] != nil {
        served.append(client)
        continue
      }
      #expect(message["error"]?["data"]?["code"]?.string == "overloaded")
      #expect(message["error"]?["data"]?["retry_after_ms"]?.integer != nil)
      refused += 1
    }
    #expect(served.count > 3 && refused > 10, "\(served.count) served, \(refused) refused")
    for client in [stage.client] + served {
      #expect(try client.create(2).status == "completed")
    }
    let lines = stage.daemon.log.split(separator: "\n").filter { $0.contains("refused") }
    #expect(lines.count < 3, "\(lines)")
    served = []
    try Wait.until("a place to be free") {
      try greeting(stage.daemon.connect())["result"] != nil
    }
    try expectBlameless(stage.client)
  }

  @Test(.enabled(if: canLimit, "prlimit is missing"))
  func `requests that find no descriptor are told so, and the upstream is not blamed`() throws {
    let stage = try StateStage(upstream: "max_concurrent = 64")
    try limit(stage.daemon, to: 40)
    let begun = ContinuousClock.now
    for id in 1...50 { try stage.client.startCreate(id, ["words": "20", "rate": "20"]) }
    var refused = 0
    var completed = 0
    for id in 1...50 {
      let answer = try stage.client.answer(id)
      if answer.status == "completed" {
        completed += 1
        continue
      }
      #expect(answer.errorCode == "overloaded", "\(answer.message.text)")
      #expect(answer.errorData?["retry_after_ms"]?.integer != nil)
      refused += 1
    }
    #expect(ContinuousClock.now - begun < Self.patience)
    #expect(completed > 0 && refused > 0, "\(completed) completed, \(refused) refused")
    try expectBlameless(stage.client)
    #expect(try stage.client.create(51).status == "completed")
  }

  @Test(.enabled(if: canLimit, "prlimit is missing"))
  func `connections that rest are in nobody's way`() throws {
    let stage = try StateStage(upstream: "max_concurrent = 100")
    try limit(stage.daemon, to: 40)
    for id in 1...50 { try stage.client.startCreate(id, ["words": "20", "rate": "20"]) }
    for id in 1...50 { _ = try stage.client.answer(id) }
    var clients: [SocketClient] = []
    for _ in 1...4 {
      clients.append(try stage.daemon.connect())
      let message = try greeting(clients[clients.count - 1])
      #expect(message["result"] != nil, "\(message.text)")
    }
    for client in clients { #expect(try client.create(2).status == "completed") }
  }

  @Test(.enabled(if: Tracer.isAvailable, "strace is missing or may not trace"))
  func `a connection that the kernel will not watch ends its request at once`() throws {
    let stage = try StateStage()
    #expect(try stage.client.create(1).status == "completed")
    let tracer = try Tracer(
      stage.daemon, ["-e", "trace=epoll_ctl", "-e", "inject=epoll_ctl:error=ENOSPC"])
    let begun = ContinuousClock.now
    for id in 2...9 { try stage.client.startCreate(id) }
    let answers = try (2...9).map { try stage.client.answer($0) }
    // The connection that rests in the pool is watched already, and may carry one after another.
    let others = answers.filter { $0.status != "completed" }
    #expect(!others.isEmpty)
    for answer in others { #expect(answer.errorCode == "overloaded", "\(answer.message.text)") }
    #expect(ContinuousClock.now - begun < Self.patience)
    let refused = try greeting(stage.daemon.connect())
    #expect(refused["error"]?["data"]?["code"]?.string == "overloaded")
    _ = try tracer.stop()
    #expect(try stage.client.create(10).status == "completed")
    try expectBlameless(stage.client)
  }

  @Test func `what clients sent is given back to the system when they have gone`() throws {
    let stage = try StateStage()
    #expect(try stage.client.create(1).status == "completed")
    let before = try stage.daemon.figures.residentKiB
    // Blocks of this size are kept for the next one when they are freed.
    let part = [UInt8](repeating: UInt8(ascii: " "), count: 450_000)
    var clients = try (0..<200).map { _ in try stage.daemon.connect() }
    for client in clients { try client.send(part) }
    try Wait.until("all of it to be read") {
      let bytes = try stage.client.call(2, "daemon.status").result?["clients"]?[
        "input_buffer_bytes"]?.integer
      return bytes == Int64(clients.count * part.count)
    }
    #expect(try stage.daemon.figures.residentKiB - before > 64 << 10)
    clients = []
    try Wait.until("the memory to be given back") {
      try stage.daemon.figures.residentKiB - before < 16 << 10
    }
  }
}
