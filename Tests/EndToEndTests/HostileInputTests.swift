import JSON
import TestSupport
import Testing

/// Measures a process, so nothing else may run beside it in this suite.
@Suite(.serialized) struct HostileInputTests {
  private static let mebibytes = 16
  /// Of the issue: a refusal costs at most this much.
  private static let mostCPU: Duration = .milliseconds(500)
  private static let mostKiB = 96 * 1024

  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
  }

  private enum Flood: String, CaseIterable, CustomTestStringConvertible {
    case objects, digits, arrays, openArrays, keys, strings, zeros, escapes

    var testDescription: String { rawValue }

    /// What the params hold, over and over.
    var unit: String {
      switch self {
      case .objects: "{},"
      case .digits: "7"
      case .arrays: "[[]],"
      case .openArrays: "["
      case .keys: "\"k\":{},"
      case .strings: "\"\","
      case .zeros: "0,"
      case .escapes: "\\u0041"
      }
    }

    var opening: String {
      switch self {
      case .keys: "{"
      case .escapes: "[\"\\"
      default: "["
      }
    }
  }

  private static func repeated(_ unit: String, bytes: Int) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(bytes + 1)
    while line.count < bytes { line.append(contentsOf: unit.utf8) }
    line.append(UInt8(ascii: "\n"))
    return line
  }

  @Test(arguments: Flood.allCases)
  private func `sixteen mebibytes within params are refused at little cost`(_ flood: Flood) throws {
    let line =
      Array(#"{"id":1,"method":"daemon.ping","params":{"x":\#(flood.opening)"#.utf8)
      + Self.repeated(flood.unit, bytes: Self.mebibytes << 20)
    try expectCheapRefusal(line)
  }

  @Test(arguments: [Flood.objects, .digits, .openArrays])
  private func `sixteen mebibytes as a line are refused at little cost`(_ flood: Flood) throws {
    try expectCheapRefusal(Self.repeated(flood.unit, bytes: Self.mebibytes << 20))
  }

  private func expectCheapRefusal(_ line: [UInt8]) throws {
    let client = try daemon.connect()
    _ = try client.call(0, "daemon.ping")
    let before = try daemon.figures.cpuTime
    try client.send(line)
    let message = try #require(try client.message())
    let cost = try daemon.figures.cpuTime - before
    #expect(message["error"] != nil)
    #expect(cost <= Self.mostCPU)
    #expect(try daemon.figures.peakKiB <= Self.mostKiB)
    #expect(try client.call(2, "daemon.ping").result?.text == "{}")
  }

  @Test func `ten thousand malformed lines leave the process as it was`() throws {
    let clients = try (0..<10).map { _ in try daemon.connect() }
    for client in clients { _ = try client.call(0, "daemon.ping") }
    let before = try daemon.figures.residentKiB
    for round in 0..<100 {
      for (number, client) in clients.enumerated() {
        for line in 0..<10 { try client.send(Self.malformed(round + number * 7 + line)) }
      }
      for client in clients {
        for _ in 0..<10 { #expect(try client.message()?["error"] != nil) }
      }
    }
    #expect(try daemon.figures.residentKiB <= before + 8 * 1024)
    for client in clients { #expect(try client.call(1, "daemon.ping").result?.text == "{}") }
    #expect(daemon.isRunning)
  }

  private static func malformed(_ number: Int) -> String {
    switch number % 10 {
    case 0: "{"
    case 1: "{\"id\":\(number),\"method\":\"no.such\"}"
    case 2: String(repeating: "[", count: 200)
    case 3: "\u{1}\u{2}\u{3}"
    case 4: #"{"id":1,"id":1}"#
    case 5: #"[{"id":1,"method":"daemon.ping"}]"#
    case 6: #"{"id":{},"method":"daemon.ping"}"#
    case 7: "{\"id\":\(number),\"method\":\"responses.create\",\"params\":{\"temperature\":9}}"
    case 8: #"{"a":"# + String(repeating: "9", count: 100) + "}"
    default: String(repeating: "x", count: 5000)
    }
  }

  @Test func `bytes without a line end are held within the limit and no longer`() throws {
    let client = try daemon.connect()
    try client.send([UInt8](repeating: UInt8(ascii: " "), count: 1 << 20))
    client.close()
    try Wait.until("the buffer to be freed") {
      try daemon.status()["clients"]?["input_buffer_bytes"]?.integer == 0
    }
  }
}
