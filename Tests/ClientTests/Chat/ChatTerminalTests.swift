import Client
import Glibc
import JSON
import Testing
import Wire

extension ProgramTests {
  /// `halley chat` on a terminal.
  struct ChatTerminalTests {
    /// The prompt is shown again for each piece of text that is typed; this begins it.
    private static let prompt = "\u{1B}[?2004h"

    private let stage = Stage()
    private var daemon: FakeDaemon { stage.daemon }

    private func start(
      _ arguments: String..., environment: [String: String] = [:]
    ) throws -> TerminalRun {
      let state = ["XDG_STATE_HOME": stage.scratch.path]
      let run = try TerminalRun(
        ["chat", "-q", "-C", "a"] + arguments, socket: daemon.path,
        environment: state.merging(environment) { $1 })
      daemon.accept()
      #expect(try daemon.request().method == "initialize")
      #expect(run.await("> "))
      return run
    }

    private func answer(_ text: String) throws -> String? {
      let request = try daemon.request()
      daemon.send(answer: text, of: request)
      return request.params["input"]?.string
    }

    private var history: [String] {
      get throws { try HistoryFile(in: stage.scratch.path + "/halley").load() }
    }

    @Test func `a line is edited, sent and answered in style, and Ctrl-D leaves`() throws {
      let run = try start()
      run.type("wrld\u{1B}[D\u{1B}[D\u{1B}[Do\u{01}hello \u{05}!\r")
      #expect(try answer("**Hi**") == "hello world!")
      #expect(run.await("\u{1B}[1mHi\u{1B}[0m\n"))
      run.type("\u{04}")
      #expect(run.end() == 0)
      #expect(try history == ["hello world!"])
    }

    @Test func `pasted lines are one message`() throws {
      let run = try start()
      run.type("\u{1B}[200~one\rtwo\u{1B}[201~\u{1B}\rthree\r")
      #expect(try answer("ok") == "one\ntwo\nthree")
      run.type("\u{04}")
      #expect(run.end() == 0)
      #expect(try history == ["one\ntwo\nthree"])
    }

    @Test func `what an earlier chat was told is found again`() throws {
      stage.scratch.write("halley/history", "first\\nline\nsecond\n")
      let run = try start()
      run.type("\u{1B}[A\u{1B}[A\r")
      #expect(try answer("1") == "first\nline")
      #expect(run.await(Self.prompt, times: 2))
      run.type("\u{12}sec\r")
      #expect(try answer("2") == "second")
      run.type("\u{04}")
      #expect(run.end() == 0)
    }

    @Test func `nothing is kept of a chat without store, nor of a line that begins with a space`()
      throws
    {
      let kept = try start()
      kept.type(" secret\r")
      #expect(try answer("ok") == " secret")
      kept.type("\u{04}")
      #expect(kept.end() == 0)
      #expect(try history.isEmpty)
      let forgotten = try start("-n")
      forgotten.type("secret\r")
      #expect(try answer("ok") == "secret")
      forgotten.type("\u{04}")
      #expect(forgotten.end() == 0)
      #expect(try history.isEmpty)
    }

    @Test func `Ctrl-C stops the answer, then gives up what is typed`() throws {
      let run = try start()
      run.type("one\r")
      let request = try daemon.request()
      daemon.send(delta: "partial", of: request)
      #expect(run.await("partial"))
      run.type("\u{03}")
      #expect(try daemon.request().method == "$/cancelRequest")
      daemon.send(answer: "partial", status: "cancelled", of: request)
      #expect(run.await("partial^C\n"))
      #expect(run.await(Self.prompt, times: 2))
      run.type("gone\u{03}kept\r")
      #expect(try answer("ok") == "kept")
      #expect(run.await(Self.prompt, times: 4))
      run.type("\u{03}")
      #expect(run.await("Ctrl-D or /quit leaves."))
      run.type("\u{04}")
      #expect(run.end() == 0)
    }

    @Test func `what is typed while an answer comes is not lost`() throws {
      let run = try start()
      run.type("one\r")
      let request = try daemon.request()
      run.type("two\n")
      #expect(run.await("two"))
      daemon.send(answer: "1", of: request)
      #expect(try answer("2") == "two")
      run.type("\u{04}")
      #expect(run.end() == 0)
    }

    @Test func `a tool is asked about`() throws {
      let run = try start("--tool", "*")
      run.type("one\r")
      let request = try daemon.request()
      daemon.send(#"{"id":"s:1","method":"tools.approve","params":{"tool":"git.push"}}"#)
      #expect(run.await("Allow? [y]es, [a]lways in this session, [N]o: "))
      run.type("a\n")
      let line = String(decoding: try #require(daemon.line()), as: UTF8.self)
      #expect(line.contains(#""decision":"allow_session""#))
      daemon.send(answer: "ok", of: request)
      run.type("\u{04}")
      #expect(run.end() == 0)
    }

    @Test func `an error leaves the chat as it is, and no status`() throws {
      let run = try start()
      run.type("one\r")
      daemon.send(error: #"{"code":-32603,"message":"Oh no."}"#, of: try daemon.request())
      #expect(run.await("halley: Oh no.\n"))
      run.type("two\r")
      #expect(try answer("ok") == "two")
      run.type("\u{04}")
      #expect(run.end() == 0)
    }

    @Test func `SIGTERM gives the terminal back and ends with 143`() throws {
      let run = try start()
      run.signal(SIGTERM)
      #expect(run.end() == 143)
      #expect(run.screen.hasSuffix("\u{1B}[?2004l"))
      #expect(run.showsWhatIsTyped)
    }

    @Test func `a dumb terminal gets a plain prompt and no style`() throws {
      let run = try start(environment: ["TERM": "dumb"])
      run.type("one\n")
      #expect(try answer("**b**") == "one")
      #expect(run.await("**b**\n> "))
      run.type("\u{03}")
      #expect(run.await("^C\n> "))
      run.type("\u{04}")
      #expect(run.end() == 0)
      #expect(!run.screen.contains("\u{1B}"))
    }

    @Test func `Tab completes a command`() throws {
      let run = try start()
      run.type("/he\t\r")
      #expect(run.await("/undo               take the last message"))
      run.type("/quit\r")
      #expect(run.end() == 0)
    }
  }
}
