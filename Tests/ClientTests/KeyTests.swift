import Client
import Glibc
import JSON
import Testing
import Wire

extension ProgramTests {
  /// `halley keys set`.
  struct KeyTests {
    private let stage = Stage()
    private var environment: [String: String] { ["XDG_CONFIG_HOME": stage.scratch.path] }
    private var path: String { stage.scratch.path + "/halley/keys/openai" }

    @Test func `a key from stdin is kept for the daemon alone`() throws {
      for key in ["sk-old", "  sk-new \n"] {
        let run = try stage.start(
          "keys", "set", "openai", input: .text(key), environment: environment)
        #expect(run.end() == .init(status: 0, output: "", error: ""))
      }
      #expect(try FileContents.read(path) == Array("sk-new\n".utf8))
      for file in [path, stage.scratch.path + "/halley/keys"] {
        var status = stat()
        #expect(unsafe stat(file, &status) == 0)
        #expect(status.st_mode & 0o077 == 0)
      }
    }

    @Test(arguments: [
      ("openai", ""), ("openai", "a b"), ("openai", "ké"), ("../x", "k"), ("", "k"),
    ])
    func `what is no key or no name is refused`(_ name: String, _ key: String) throws {
      let end = try stage.start("keys", "set", name, input: .text(key), environment: environment)
        .end()
      #expect(end.status == 64)
      #expect(!end.error.isEmpty)
      #expect(throws: SystemError.self) { try FileContents.read(path) }
    }

    @Test func `a terminal does not show the key`() throws {
      let run = try TerminalRun(
        ["keys", "set", "openai"], socket: stage.daemon.path, environment: environment)
      #expect(run.await("Key for openai"))
      run.type("sk-secret\n")
      #expect(run.end() == 0)
      #expect(!run.screen.contains("sk-secret"))
      #expect(try FileContents.read(path) == Array("sk-secret\n".utf8))
    }

    @Test func `Ctrl-C ends the question`() throws {
      let run = try TerminalRun(
        ["keys", "set", "openai"], socket: stage.daemon.path, environment: environment)
      #expect(run.await("Key for openai"))
      run.type("\u{03}")
      #expect(run.end() == 130)
    }
  }
}
