import Glibc
import JSON
import TestSupport
import Testing

/// What files, limits and numbers from outside can do to the daemon.
@Suite struct TrapTests {
  // MARK: Configuration

  private static let wrongTexts = [
    "[", "[$x]", "[[", "a = [", "a = \"\\u", "\"", "[a.", "a = {", "\u{0}", "[\u{1}]",
    String(repeating: "a.", count: 200_000) + "a = 1",
    "a = " + String(repeating: "[", count: 200_000),
  ]

  @Test func `a configuration that is no TOML is refused and the daemon runs on`() throws {
    let simulator = try Simulator()
    let daemon = try DaemonProcess(simulator)
    let client = try daemon.connect()
    for (number, text) in Self.wrongTexts.enumerated() {
      try daemon.writeConfiguration(text)
      let answer = try client.call(number, "daemon.reload")
      #expect(answer.errorCode == "config", "\(text.prefix(20)): \(answer.message.text)")
    }
    #expect(try client.say("hello").status == "completed")
  }

  @Test func `the check of a configuration says what is wrong and where`() throws {
    let scratch = try Scratch()
    for text in Self.wrongTexts {
      let file = try scratch.write("config.toml", "# first\n" + text)
      let end = try run([
        try Binaries.path(of: "halleyd"), "--config", file, "--check-config",
      ])
      #expect(end.status == 78, "\(text.prefix(20)): \(end.error)")
      #expect(end.error.contains("config.toml:2:"), "\(text.prefix(20)): \(end.error)")
    }
  }

  // MARK: Limits of the system

  @Test func `a file that may not grow is a disk that fails, until it may again`() throws {
    let stage = try StateStage()
    let kept = try stage.client.say("hello")
    func limit(_ bytes: String) throws {
      let end = try run(["prlimit", "--pid", "\(stage.daemon.identifier)", "--fsize=\(bytes):"])
      #expect(end.status == 0, "\(end.error)")
    }
    try limit("4096")
    let refused = try stage.client.say("hello again")
    #expect(refused.errorNumber == -32004, "\(refused.message.text)")
    #expect(refused.errorData?["retryable"]?.boolean == true)
    #expect(try stage.client.retrieve(kept.id).stored == kept.stored)
    try limit("unlimited")
    try Wait.until("turns to be taken again") {
      try stage.client.say("and again").status == "completed"
    }
  }

  // MARK: Numbers

  /// A round in which the model calls a tool, with the largest numbers there are.
  private static let round = """
    data: {"type":"response.created","response":{"id":"resp_1","status":"in_progress","output":[]}}

    data: {"type":"response.output_item.done","output_index":9223372036854775807,"item":\(call)}

    data: {"type":"response.completed","response":{"id":"resp_1","status":"completed",\
    "output":[\(call)],"usage":{"input_tokens":9223372036854775807,"output_tokens":-9223372036854775808,\
    "total_tokens":1e308,"input_tokens_details":{"cached_tokens":9223372036854775807}}}}


    """
  private static let call = """
    {"id":"fc_1","type":"function_call","call_id":"call_1","name":"calc__add",\
    "arguments":"{\\"a\\":1,\\"b\\":1}","status":"completed"}
    """

  @Test func `sums over rounds stay at the ends of what a number can be`() throws {
    let simulator = try Simulator()
    let scratch = try Scratch()
    let daemon = try DaemonProcess(
      simulator, rest: try ToolLoopTests.plugin(scratch) + "[limits]\ntool_rounds = 3\n")
    try simulator.writeScript("round", Array(Self.round.utf8))
    let client = try daemon.connect()
    try client.request(
      1, "responses.create",
      #"{"input":"x","stream":true,"metadata":{"script":"round"},"halley":{"tools":["calc.*"]}}"#)
    let answer = try client.answer(1)
    let usage = try #require(answer.result?["usage"], "\(answer.message.text)")
    #expect(usage["input_tokens"]?.integer == .max)
    #expect(usage["output_tokens"]?.integer == .min)
    #expect(usage["total_tokens"]?.isNull == true || usage["total_tokens"]?.double != nil)
    #expect(usage["input_tokens_details"]?["cached_tokens"]?.integer == .max)
    let indices = answer.events.compactMap { $0["output_index"]?.integer }
    #expect(indices.contains(.max))
    #expect(answer.halley?["tool_calls"]?.integer ?? 0 >= 2)
    let summary = try client.call(2, "usage.summary")
    #expect(summary.result?["data"]?.elements.isEmpty == false, "\(summary.message.text)")
  }
}
