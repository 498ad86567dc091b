import Glibc
import JSON
import TestSupport
import Testing

/// Keys that are replaced while the daemon runs.
@Suite struct KeyRotationTests {
  private static let old = "sk-old-key-0001"
  private static let new = "sk-new-key-0002"

  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func simulator() throws -> Simulator { try Simulator(arguments: ["--key", Self.new]) }

  private func daemon(_ simulator: Simulator) throws -> DaemonProcess {
    let file = try scratch.write("key", Self.old)
    return try DaemonProcess(
      simulator, upstream: "api_key = { file = \"\(file)\" }\nmax_retries = 0")
  }

  @Test(arguments: [true, false])
  func `a key that is refused is read again, and the request made with the new one`(
    _ isStreaming: Bool
  ) throws {
    let simulator = try simulator()
    let client = try daemon(simulator).connect()
    let refused = try client.create(1, stream: isStreaming)
    #expect(refused.errorData?["http_status"]?.integer == 401)
    #expect(refused.errorData?["attempts"]?.integer == 1)
    try scratch.write("key", Self.new)
    let answer = try client.create(2, stream: isStreaming)
    #expect(answer.status == "completed")
    #expect(answer.halley?["attempts"]?.integer == 2)
    #expect(try client.create(3).halley?["attempts"]?.integer == 1)
  }

  @Test(arguments: [
    ("models.list", "{}"), ("responses.compact", #"{"model":"gpt-5.4","input":"Hi"}"#),
    ("responses.input_tokens.count", #"{"input":"Hi"}"#),
  ])
  func `every request takes up the new key`(_ method: String, _ params: String) throws {
    let simulator = try simulator()
    let client = try daemon(simulator).connect()
    #expect(try client.call(1, method, params).errorData?["http_status"]?.integer == 401)
    try scratch.write("key", Self.new)
    #expect(try client.call(2, method, params).error == nil)
  }

  @Test func `a reload reads the key again`() throws {
    let simulator = try simulator()
    let client = try daemon(simulator).connect()
    #expect(try client.create(1).errorData?["http_status"]?.integer == 401)
    try scratch.write("key", Self.new)
    #expect(try client.call(2, "daemon.reload").error == nil)
    let answer = try client.create(3)
    #expect(answer.status == "completed")
    #expect(answer.halley?["attempts"]?.integer == 1)
  }

  @Test func `requests that are refused together share one reading`() throws {
    let simulator = try simulator()
    let (runs, gate) = ("\(scratch.path)/runs", "\(scratch.path)/gate")
    let program = try scratch.write(
      "command",
      """
      #!/bin/sh
      echo >> \(runs)
      [ $(wc -l < \(runs)) = 1 ] && { echo \(Self.old); exit; }
      until [ -e \(gate) ]; do sleep 0.02; done
      echo \(Self.new)
      """, mode: 0o700)
    let daemon = try DaemonProcess(
      simulator, upstream: "api_key = { command = [\"\(program)\"] }\nmax_retries = 0")
    let client = try daemon.connect()
    for id in 1...8 { try client.startCreate(id) }
    try Wait.until("all to be refused") { try simulator.requests().count >= 8 }
    try scratch.write("gate", "")
    for id in 1...8 { #expect(try client.answer(id).status == "completed") }
    #expect(try TextFile.bytes(runs).count == 2)
  }

  @Test func `a source that fails leaves the refusal to be told`() throws {
    let simulator = try simulator()
    let client = try daemon(simulator).connect()
    #expect(try client.create(1).errorData?["http_status"]?.integer == 401)
    #expect(unsafe unlink("\(scratch.path)/key") == 0)
    #expect(try client.create(2).errorData?["http_status"]?.integer == 401)
  }
}
