import Client
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

    @Test func `keys set, a list and a limit give up on a daemon that says nothing or half a line`()
      throws
    {
      let (silent, half, stage) = (Stage(), Stage(), Stage())
      let key = try silent.start(
        "keys", "set", "openai", input: .text("k"),
        environment: ["XDG_CONFIG_HOME": silent.scratch.path])
      let list = try half.start("list")
      let short = try stage.start("--timeout", "0.5", "hi")
      _ = try half.accept()
      half.daemon.send(#"{"jsonrpc":"2.0","id":1,"res"#, ending: "")
      for (run, stage) in [(short, stage), (key, silent), (list, half)] {
        let end = run.end()
        #expect(end.status == 69)
        #expect(end.error.contains("halley: halleyd at \(stage.daemon.path) does not answer\n"))
      }
      #expect(throws: SystemError.self) {
        try FileContents.read(silent.scratch.path + "/halley/keys/openai")
      }
    }

    @Test func `who has answered is asked again, and a silence nobody listened to is none`() {
      var silence = Silence(start: 0)
      #expect(silence.step(now: 60_000) == .ask)
      #expect(silence.step(now: 60_001) == nil)
      silence.heard(now: 61_000, isWhole: true)
      #expect(silence.step(now: 80_999) == nil)
      #expect([81_000, 83_000, 90_000].map { silence.step(now: $0) } == [.ask, .tell, .end])
      #expect(silence.pause(now: 90_001) == nil)
    }

    @Test func `a limit ends a silence unless the daemon goes on behind it`() {
      var silence = Silence(start: 0, limit: 2)
      silence.heard(now: 1_900, isWhole: true)
      #expect(silence.pause(now: 2_000) == 1_000)
      #expect(silence.step(now: 3_000) == .end)
      for limit in [0, 1e-300, -1, 1e300] { _ = Silence(start: 0, limit: limit).pause(now: 0) }

      silence = Silence(start: 0, limit: 2)
      silence.heard(now: 3_000, isWhole: true)
      #expect(silence.pause(now: 3_000) == 20_000)
    }
  }
}
