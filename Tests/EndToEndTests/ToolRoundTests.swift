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

  // MARK: Names that nobody offers

  @Test(arguments: ["calc.add", "calc__subtract", "own"])
  func `a call of a tool that nobody offers is answered and the round goes on`(
    _ name: String
  ) throws {
    let answer = try say(
      #"call calc__add {"a":1,"b":1}"#,
      #","conversation":"c","stream":true,"metadata":{"stray_call":"\#(name)"}"#)
    #expect(answer.status == "completed")
    #expect(
      types(answer) == [
        "function_call", "function_call", "function_call_output", "function_call_output", "message",
      ])
    #expect(
      outputs(answer) == [
        "2", "no such tool; there are calc__add, calc__slow, calc__fail, calc__die",
      ])
    #expect(answer.halley?["tool_calls"]?.integer == 1)
    #expect(try client.say("go on", #""conversation":"c""#).status == "completed")
  }

  @Test func `a call of the client's own tool beside one that nobody offers ends the round`()
    throws
  {
    let own = #"{"type":"function","name":"own","parameters":{"type":"object"}}"#
    let answer = try say(
      "call own {}", #","tools":[\#(own)],"metadata":{"stray_call":"odd"}"#)
    #expect(answer.status == "completed")
    #expect(types(answer) == ["function_call", "function_call", "function_call_output"])
    #expect(outputs(answer)[0].hasPrefix("no such tool; there are own, calc__add"))
    #expect(try simulator.count("creates") == 1)
  }

  @Test(arguments: [
    #""tools":[{"type":"tool_search"}]"#,
    #""tools":[{"type":"namespace","name":"n","description":"d","tools":[{"type":"function","name":"found"}]}]"#,
    #""model":"gpt-5.4","prompt":{"id":"pmpt_1"}"#,
  ])
  func `where tools may stand elsewhere an unknown call is the client's`(
    _ members: String
  ) throws {
    let answer = try say("call", ",\(members)" + #","metadata":{"stray_call":"found"}"#)
    #expect(answer.status == "completed", "\(answer.message.text)")
    #expect(types(answer) == ["function_call"])
    #expect(try simulator.count("creates") == 1)
  }

  @Test func `without tools of the daemon an unknown call is the client's`() throws {
    let own = #"{"type":"function","name":"own","parameters":{"type":"object"}}"#
    let answer = try client.say(
      "hello", #""tools":[\#(own)],"metadata":{"stray_call":"odd"}"#)
    #expect(types(answer) == ["function_call"])
  }

  // MARK: The last round

  @Test func `at the limit of calls the model is asked once more, and to call nothing`() throws {
    let answer = try say(
      #"call calc__add {"a":1,"b":1}"#, #","max_tool_calls":3,"metadata":{"call_rounds":"50"}"#)
    #expect(answer.status == "completed")
    #expect(types(answer).last == "message")
    #expect(answer.halley?["tool_calls"]?.integer == 3)
    #expect(outputs(answer).last?.contains("limit of calls") == true)
    let choices = try simulator.bodies().map { $0["tool_choice"]?.string }
    #expect(choices == [nil, nil, nil, nil, "none"])
  }

  @Test func `at the limit of rounds the model is asked once more, and to call nothing`() throws {
    let daemon = try DaemonProcess(
      simulator, rest: try ToolLoopTests.plugin(scratch) + "[limits]\ntool_rounds = 2\n")
    let answer = try daemon.connect().say(
      #"call calc__add {"a":1,"b":1}"#,
      #""stream":true,"halley":{"tools":["calc.*"]},"metadata":{"call_rounds":"50"}"#)
    #expect(answer.status == "completed")
    #expect(types(answer).last == "message")
    #expect(outputs(answer) == ["2", "2"])
    #expect(try simulator.bodies().last?["tool_choice"]?.string == "none")
    #expect(try simulator.count("creates") == 3)
  }

  @Test func `a model that goes on calling although it was told not to is cut off`() throws {
    let answer = try say(
      #"call calc__add {"a":1,"b":1}"#,
      #","max_tool_calls":1,"metadata":{"call_rounds":"50","ignore_tool_choice":"1"}"#)
    #expect(answer.status == "incomplete")
    #expect(answer.result?["incomplete_details"]?["reason"]?.string == "max_tool_calls")
    #expect(answer.halley?["tool_calls"]?.integer == 1)
    #expect(outputs(answer).count == 3)
    #expect(try simulator.count("creates") == 3)
  }
}
