import JSON
import TestSupport
import Testing

/// `halley log`, titles, and what `-c` says it goes on with.
@Suite struct LogCommandTests {
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

  private func lines(_ arguments: String...) throws -> [RawJSON] {
    let end = try run(
      [try Binaries.path(of: "halley"), "log", "--json"] + arguments,
      environment: ["HALLEY_SOCKET": daemon.socketPath])
    #expect(end.status == 0, "\(end.error)")
    return try end.output.split(separator: "\n").map { try RawJSON(parsing: String($0)) }
  }

  @Test func `answers are listed newest first, with the words that were asked`() throws {
    #expect(try halley("log").output.isEmpty)
    _ = try halley("ask", "the  first\nof them")
    _ = try halley("-C", "talk", "-m", "gpt-5.4-mini", "the second")
    _ = try halley("-n", "not kept")
    let all = try lines()
    #expect(all.map { $0["title"]?.string } == ["the second", "the first of them"])
    #expect(all[0]["conversation"]?["name"]?.string == "talk")
    #expect(all[0]["client"]?.string == "halley")
    #expect(all[0]["status"]?.string == "completed")
    #expect(try lines("-n", "1").count == 1)
    #expect(try lines("-m", "gpt-5.4-m*").map { $0["title"]?.string } == ["the second"])
    #expect(try lines("-C", "talk").count == 1)
    #expect(try lines("--client", "nvim").isEmpty)
    #expect(try lines("--since", "1h").count == 2)
    #expect(try lines("--since", "99999999999").isEmpty)
    let table = try halley("log").output
    #expect(table.contains("the second") && table.contains("resp_"), "\(table)")
    let wrong = try halley("log", "--since", "soon")
    #expect(wrong.status == 64)
    #expect(wrong.error.contains("\"soon\" found where a time was expected"), "\(wrong.error)")
  }

  @Test func `a log of several pages is complete`() throws {
    for number in 0..<4 { _ = try halley("ask", "Hello \(number)") }
    let client = try daemon.connect()
    var titles: [String] = []
    var after = ""
    for id in 1...4 {
      let page =
        try client.call(id, "responses.list", "{\"limit\":1\(after)}").result ?? .emptyObject
      titles += page["data"]?.elements.compactMap { $0["title"]?.string } ?? []
      after = ",\"after\":\"\(page["last_id"]?.string ?? "")\""
    }
    #expect(titles == (0..<4).reversed().map { "Hello \($0)" })
  }

  @Test func `the last answer is printed`() throws {
    #expect(try halley("log", "last").status == 1)
    _ = try halley("ask", "Hello", "--param", #"metadata={"text":"Good evening."}"#)
    let last = try halley("log", "last")
    #expect(last.status == 0, "\(last.error)")
    #expect(last.output == "Good evening.\n")
    let json = try RawJSON(parsing: halley("log", "last", "--json").output)
    #expect(json["object"]?.string == "response")
  }

  @Test func `a conversation without a name is listed by its first words`() throws {
    _ = try halley("chat", input: "What is a monad?\nAnd a functor?\n")
    #expect(try halley("list").output.contains("“What is a monad?”"))
  }

  @Test func `continuing says with what`() throws {
    _ = try halley("ask", "Name two ways")
    let first = try halley("-c", "shorter")
    #expect(first.error == "halley: goes on with “Name two ways”\n")
    _ = try halley("-C", "talk", "Name three")
    #expect(try halley("-c", "and now?").error == "halley: goes on with “Name three” in talk\n")
    #expect(try halley("-c", "-q", "and now?").error.isEmpty)
  }
}
