import JSON
import Testing

extension ProgramTests {
  /// What a daemon that does not answer is told from.
  struct SilenceTests {
    @Test func `a daemon that is not there ends the command, and a model that thinks does not`()
      throws
    {
      let (thinking, silent, quiet) = (Stage(), Stage(), Stage())
      for stage in [silent, quiet] { stage.daemon.ignoresPings = true }
      let answered = try thinking.start("hi")
      let waiting = try silent.start("hi")
      let query = try quiet.start("status")
      let asked = try thinking.accept()
      #expect(thinking.daemon.answersPing())

      #expect(waiting.awaitError("halley: halleyd at \(silent.daemon.path) has not answered yet"))
      #expect(waiting.awaitError("systemctl --user status halley.service"))
      #expect(waiting.awaitError("journalctl --user -u halley"))
      for (run, stage) in [(waiting, silent), (query, quiet)] {
        let end = run.end()
        #expect(end.status == 69)
        #expect(end.output.isEmpty)
        #expect(end.error.contains("halley: halleyd at \(stage.daemon.path) does not answer\n"))
      }
      thinking.daemon.send(answer: "thought", of: asked)
      #expect(answered.end() == .init(status: 0, output: "thought\n", error: ""))
    }

    @Test func `a daemon that answers late is not given up`() throws {
      let stage = Stage()
      stage.daemon.ignoresPings = true
      let run = try stage.start("hi")
      let request = try stage.accept()
      #expect(run.awaitError("has not answered yet"))
      stage.daemon.send(answer: "late", of: request)
      let end = run.end()
      #expect(end.status == 0)
      #expect(end.output == "late\n")
    }

    @Test func `who asked for quiet is not told, but given an end`() throws {
      let stage = Stage()
      stage.daemon.ignoresPings = true
      let run = try stage.start("-q", "hi")
      let end = run.end()
      #expect(end.status == 69)
      #expect(end.error.hasPrefix("halley: halleyd at \(stage.daemon.path) does not answer\n"))
    }
  }
}
