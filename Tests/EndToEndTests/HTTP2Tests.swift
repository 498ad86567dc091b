import JSON
import Testing
import TestSupport

/// An HTTP/2 front of a simulator.
private final class HTTP2Front {
  let configuration: String
  private let scratch: Scratch
  private let process: ChildProcess

  /// Ends it with all connections.
  func kill() throws {
    process.signal(9)
    _ = try process.wait()
  }

  static var reasonToSkip: Comment { "nghttpx is not installed (Debian's nghttp2-proxy)" }
  static var canRun: Bool { Binaries.installed("nghttpx") != nil }

  init(_ simulator: Simulator) throws {
    scratch = try Scratch()
    let certificate = try Certificate(in: scratch)
    let port = try DeafPort(listens: false).port
    let backend = simulator.address.split(separator: ":").joined(separator: ",")
    process = try ChildProcess([
      Binaries.installed("nghttpx") ?? "nghttpx", "--conf=/dev/null", "--no-ocsp", "--workers=1",
      "--frontend=127.0.0.1,\(port)", "--backend=\(backend)", certificate.keyPath,
      certificate.path,
    ])
    let process = process
    try Wait.until("nghttpx to listen") {
      guard process.isRunning else { throw SupportError("nghttpx: \(process.errorText)") }
      do { _ = try LoopbackConnection("127.0.0.1:\(port)") } catch { return false }
      return true
    }
    configuration = """
      default_upstream = "h2"
      [cache]
      enabled = false
      [upstreams.h2]
      base_url = "https://127.0.0.1:\(port)/v1"
      ca_file = "\(certificate.path)"
      api_key = { none = true }
      max_retries = 0
      max_concurrent = 32
      prewarm = false
      """
  }
}

@Suite(.enabled(if: HTTP2Front.canRun, HTTP2Front.reasonToSkip))
struct HTTP2Tests {
  private let simulator: Simulator
  private let front: HTTP2Front
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    front = try HTTP2Front(simulator)
    daemon = try DaemonProcess(front.configuration)
  }

  private func connectionsOpened() throws -> Int64? {
    try daemon.status()["pool"]?["connections_opened"]?.integer
  }

  @Test func `many requests at once share one connection`() throws {
    let client = try daemon.connect()
    #expect(try client.create(0).status == "completed")
    for id in 1...10 { try client.startCreate(id, ["stall": "after_events:6"]) }
    for id in 1...10 { try client.awaitText(id) }
    #expect(try simulator.count("active_streams") == 10)
    #expect(try connectionsOpened() == 1)
  }

  @Test func `cancelling resets the stream and keeps the connection`() throws {
    let client = try daemon.connect()
    #expect(try client.create(0).status == "completed")
    try client.startCreate(1, ["endless": "deltas", "event_delay_ms": "5"])
    try client.startCreate(2, ["words": "40", "rate": "100"])
    try client.awaitText(1)
    try client.awaitText(2)
    try client.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
    #expect(try client.answer(1).status == "cancelled")
    try Wait.until("the stream to end upstream") {
      try simulator.count("cancelled_streams") == 1
    }
    #expect(try client.answer(2).status == "completed")
    #expect(try client.create(3).status == "completed")
    #expect(try connectionsOpened() == 1)
  }

  @Test func `a connection that dies under many streams is one failure`() throws {
    let client = try daemon.connect()
    #expect(try client.create(0).status == "completed")
    for id in 1...24 { try client.startCreate(id, ["stall": "after_events:6"]) }
    for id in 1...24 { try client.awaitText(id) }
    try front.kill()
    for id in 1...24 { #expect(try client.answer(id).errorCode == "upstream_truncated") }
    let upstream = try daemon.status()["upstreams"]?.elements.first
    #expect(upstream?["failed"]?.integer == 24)
    #expect(upstream?["breaker"]?.string == "closed")
  }

  /// How a request ends that its client does not want any more, or not for so long.
  enum Leaving: String, CaseIterable {
    case cancelRequest, cancelMethod, hangUp, deadline, idleTimeout, totalTimeout
  }

  private static let leavings = Leaving.allCases.flatMap { leaving in
    // Before its first event a response has no id to cancel it by.
    (leaving == .cancelMethod ? [true] : [true, false]).map { (leaving, $0) }
  }

  @Test(arguments: leavings)
  func `a stream that is alone ends upstream with its request`(
    _ leaving: Leaving, isRunning: Bool
  ) throws {
    try checkEnd(leaving, isRunning: isRunning, isBeside: false)
  }

  // A limit would end the other stream too.
  @Test(arguments: leavings.filter { ![.idleTimeout, .totalTimeout].contains($0.0) })
  func `a stream beside a silent one ends upstream with its request`(
    _ leaving: Leaving, isRunning: Bool
  ) throws {
    try checkEnd(leaving, isRunning: isRunning, isBeside: true)
  }

  private func checkEnd(_ leaving: Leaving, isRunning: Bool, isBeside: Bool) throws {
    let limits: [Leaving: String] = [
      .idleTimeout: isRunning ? #"idle_timeout = "300ms""# : #"first_event_timeout = "300ms""#,
      .totalTimeout: #"total_timeout = "400ms""#,
    ]
    let daemon = try DaemonProcess(front.configuration + "\n\(limits[leaving] ?? "")")
    let others = isBeside ? 1 : 0
    let other = try daemon.connect()
    if isBeside {
      try other.startCreate(1, ["stall": "after_events:8"])
      try other.awaitText(1)
    }
    let client = try daemon.connect()
    let halley = leaving == .deadline ? #"{"timeout_s":0.4}"# : nil
    try client.startCreate(
      1, ["stall": isRunning ? "after_events:8" : "before_headers"], halley: halley)
    if isRunning { try client.awaitText(1) }
    try Wait.until("the request to arrive") { try simulator.count("creates") == 1 + others }
    try leave(leaving, client)
    try Wait.until("the stream to end upstream") {
      try simulator.count("active_streams") == others
        && simulator.count("cancelled_streams") == 1
    }
    #expect(try daemon.connect().create(3).status == "completed")
  }

  private func leave(_ leaving: Leaving, _ client: SocketClient) throws {
    switch leaving {
    case .cancelRequest:
      try client.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
      _ = try client.answer(1)
    case .cancelMethod:
      let created = try client.event(1) { $0["type"]?.string == "response.created" }
      let id = try #require(created["response"]?["id"]?.string)
      _ = try client.call(2, "responses.cancel", #"{"response_id":"\#(id)"}"#)
    case .hangUp: client.close()
    case .deadline, .idleTimeout, .totalTimeout: _ = try client.answer(1)
    }
  }

  @Test func `events come whole over HTTP 2`() throws {
    let answer = try daemon.connect().create(1, ["words": "200"])
    #expect(answer.status == "completed")
    #expect(answer.text == answer.streamedText)
  }

  @Test func `an upstream that breaks off is truncated over HTTP 2 too`() throws {
    let answer = try daemon.connect().create(
      1, ["reset": "after_events:8", "event_delay_ms": "20"])
    #expect(answer.errorCode == "upstream_truncated", "\(answer.message.text)")
  }
}
