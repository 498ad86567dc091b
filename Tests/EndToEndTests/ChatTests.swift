import JSON
import TestSupport
import Testing

/// `halley chat` against the real daemon; its own suite plays the daemon.
@Suite struct ChatTests {
  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
  }

  private func halley(_ arguments: String..., input: String? = nil) throws -> ChildProcess.Ended {
    try run(
      [try Binaries.path(of: "halley")] + arguments, input: input,
      environment: ["HALLEY_SOCKET": daemon.socketPath])
  }

  /// How many input items each request had that reached the upstream.
  private func inputCounts() throws -> [Int] {
    try simulator.bodies().map { max($0["input"]?.elements.count ?? 0, 1) }
  }

  @Test func `messages go on from each other, and undo takes the last one back`() throws {
    let end = try halley("chat", "-C", "a", input: "one\ntwo\n/undo\nthree\n")
    #expect(end.status == 0, "\(end.error)")
    #expect(end.output.split(separator: "\n").count == 3)
    #expect(try inputCounts() == [1, 3, 3])
    let shown = try halley("show", "a").output
    #expect(shown.contains("three"))
    #expect(!shown.contains("two"))
  }

  @Test func `a chat and single prompts share a conversation`() throws {
    #expect(try halley("-C", "a", "one").status == 0)
    #expect(try halley("chat", "-C", "a", input: "two\n").status == 0)
    #expect(try halley("-C", "a", "three").status == 0)
    #expect(try inputCounts() == [1, 3, 5])
  }

  @Test func `a chat without a name is a conversation that can be given one`() throws {
    let end = try halley("chat", input: "one\n/save kept\n")
    #expect(end.status == 0, "\(end.error)")
    #expect(try halley("-C", "kept", "two").status == 0)
    #expect(try inputCounts() == [1, 3])
  }

  @Test func `a fork leaves the conversation as it was`() throws {
    let end = try halley("chat", "-C", "a", input: "one\n/fork b\ntwo\n")
    #expect(end.status == 0, "\(end.error)")
    #expect(try !halley("show", "a").output.contains("two"))
    #expect(try halley("show", "b").output.contains("two"))
  }

  @Test func `a chat without store leaves no conversation and still goes on`() throws {
    let end = try halley("chat", "-n", input: "one\ntwo\n")
    #expect(end.status == 0, "\(end.error)")
    #expect(try inputCounts() == [1, 3])
    #expect(try halley("list").output.isEmpty)
  }

  @Test func `a chat in which nothing was answered leaves nothing`() throws {
    #expect(try halley("chat", "-m", "missing-model", input: "one\n").status == 1)
    #expect(try halley("list").output.isEmpty)
  }

  @Test func `a chat that continues goes back beyond its own messages`() throws {
    #expect(try halley("zero").status == 0)
    let end = try halley("chat", "-c", input: "one\n/undo\ntwo\n")
    #expect(end.status == 0, "\(end.error)")
    #expect(try inputCounts() == [1, 3, 3])
  }

  @Test func `the whole chat is written to a file`() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/chat.json"
    #expect(try halley("chat", "-C", "a", input: "one\ntwo\n/save \(path)\n").status == 0)
    let items = try RawJSON(parsing: try run(["/bin/cat", path]).output).elements
    #expect(items.map { $0["role"]?.string } == ["user", "assistant", "user", "assistant"])
  }
}
