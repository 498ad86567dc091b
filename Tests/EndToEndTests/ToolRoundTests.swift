import JSON
import TestSupport
import Testing

/// Rounds of several calls, of calls that nobody runs, and the last round.
@Suite struct ToolRoundTests {
  private let simulator: Simulator
  private let scratch: Scratch
  private let daemon: DaemonProcess
  private let client: SocketClient

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
    daemon = try DaemonProcess(simulator, rest: try ToolLoopTests.plugin(scratch))
    client = try daemon.connect()
  }

  private func say(_ text: String, _ members: String = "") throws -> Answer {
    try client.say(text, #""halley":{"tools":["calc.*"]}\#(members)"#)
  }

  private func types(_ answer: Answer) -> [String] {
    (answer.result?["output"]?.elements ?? []).compactMap { $0["type"]?.string }
  }

  private func outputs(_ answer: Answer) -> [String] {
    (answer.result?["output"]?.elements ?? []).compactMap { $0["output"]?.string }
  }

  // MARK: Several calls

  @Test(arguments: ["", #","stream":true"#, #","parallel_tool_calls":false"#, #","store":false"#])
  func `every call of a round runs and its output is the tool's`(_ members: String) throws {
    let calls = (1...5).map { #"call calc__add {"a":\#($0),"b":10}"# }.joined(separator: " ")
    let answer = try say(calls, members)
    #expect(answer.status == "completed")
    let expected = members.contains("parallel") ? ["11"] : ["11", "12", "13", "14", "15"]
    #expect(outputs(answer) == expected)
    #expect(answer.halley?["tool_calls"]?.integer == Int64(expected.count))
    if !members.contains("store") {
      #expect(try client.retrieve(answer.id).stored == answer.stored)
    }
  }

  @Test func `calls of one round run beside each other and are recorded before they do`() throws {
    try client.startSaying(
      5, #"call calc__slow {} call calc__add {"a":1,"b":2} call calc__slow {}"#,
      #""stream":true,"halley":{"tools":["calc.*"]}"#)
    for index in 1...3 {
      _ = try client.event(5) {
        $0["type"]?.string == "response.output_item.added"
          && $0["output_index"]?.integer == Int64(index + 2)
      }
    }
    let created = try client.event(5) { $0["type"]?.string == "response.created" }
    let id = try #require(created["response"]?["id"]?.string)
    try Wait.until("the calls to reach the tool") {
      try run(["grep", "-c", "slow", "\(scratch.path)/calls"]).output != "0\n"
    }
    try daemon.kill()
    let second = try DaemonProcess(
      simulator, rest: try ToolLoopTests.plugin(scratch), scratch: daemon.scratch)
    let stored = try second.connect().retrieve(id)
    #expect(stored.status == "incomplete")
    #expect(outputs(stored).count { $0.contains("not known") } >= 2)
  }
}
