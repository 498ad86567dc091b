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

    /// What a daemon says that reads the key of `openai` from somewhere.
    private func status(_ members: String, errors: String = "[]") -> String {
      #"{"configuration":{"errors":\#(errors)},"upstreams":[{"name":"openai",\#(members)},"#
        + #"{"name":"local","key":"none"}]}"#
    }

    private var automatic: String { status(#""key":"file \#(path)","key_file":"\#(path)""#) }

    private func answerStatus(_ result: String) throws {
      let request = try stage.accept()
      #expect(request.method == "daemon.status")
      stage.daemon.send(result: result, of: request)
    }

    @Test func `a key from stdin is kept for the daemon alone`() throws {
      for key in ["sk-old", "  sk-new \n"] {
        let run = try stage.start(
          "keys", "set", "openai", input: .text(key), environment: environment)
        try answerStatus(automatic)
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
      let end = try HalleyRun(
        ["keys", "set", name, "--socket", stage.scratch.path + "/none"], .text(key),
        environment: environment
      ).end()
      #expect(end.status == 64)
      #expect(!end.error.isEmpty)
      #expect(throws: SystemError.self) { try FileContents.read(path) }
    }

    @Test func `a key may be kept before there is a daemon`() throws {
      let end = try HalleyRun(
        ["keys", "set", "openai"], .text("k"), socket: stage.scratch.path + "/none",
        environment: environment
      ).end()
      #expect(end == .init(status: 0, output: "", error: ""))
      #expect(try FileContents.read(path) == Array("k\n".utf8))
    }

    @Test func `what the daemon does not tell is no objection`() throws {
      let broken = #"{"configuration":{"errors":["config.toml:1:1: no"]},"upstreams":[]}"#
      for result in [broken, status(#""base_url":"https://x""#)] {
        let run = try stage.start(
          "keys", "set", "openai", input: .text("k"), environment: environment)
        try answerStatus(result)
        #expect(run.end() == .init(status: 0, output: "", error: ""))
      }
    }

    @Test func `a directory that two paths lead to is one`() throws {
      stage.scratch.write("halley/keys/other", "k")
      #expect(unsafe symlink("halley", stage.scratch.path + "/link") == 0)
      let file = stage.scratch.path + "/link/keys/openai"
      let run = try stage.start(
        "keys", "set", "openai", input: .text("k"), environment: environment)
      try answerStatus(status(#""key":"file \#(file)","key_file":"\#(file)""#))
      #expect(run.end().status == 0)
    }

    @Test(arguments: ["nosuch", "opneai"])
    func `a key for an upstream that the daemon does not have is not taken`(_ name: String) throws {
      let run = try stage.start("keys", "set", name, input: .open, environment: environment)
      try answerStatus(automatic)
      let end = run.end()
      #expect(end.status == 64)
      #expect(end.error.contains("has no upstream \"\(name)\"; there are: openai, local"))
      #expect(end.error.contains("did you mean openai?") == (name == "opneai"))
      #expect(throws: SystemError.self) { try FileContents.read(path) }
    }

    @Test(arguments: [
      #""key":"environment variable X""#, #""key":"systemd credential openai""#,
      #""key":"command /usr/bin/pass""#, #""key":"none""#,
      #""key":"file /etc/halley/keys/openai","key_file":"/etc/halley/keys/openai""#,
    ])
    func `a key that the daemon would never read is not taken`(_ members: String) throws {
      let run = try stage.start("keys", "set", "openai", input: .open, environment: environment)
      try answerStatus(status(members))
      let end = run.end()
      #expect(end.status == 78)
      #expect(end.error.contains("never reads \(path)"))
      #expect(throws: SystemError.self) { try FileContents.read(path) }
    }

    @Test func `a terminal does not show the key`() throws {
      let run = try TerminalRun(
        ["keys", "set", "openai"], socket: stage.daemon.path, environment: environment)
      try answerStatus(automatic)
      #expect(run.await("Key for openai"))
      run.type("sk-secret\n")
      #expect(run.end() == 0)
      #expect(!run.screen.contains("sk-secret"))
      #expect(try FileContents.read(path) == Array("sk-secret\n".utf8))
    }

    @Test func `Ctrl-C ends the question`() throws {
      let run = try TerminalRun(
        ["keys", "set", "openai"], socket: stage.daemon.path, environment: environment)
      try answerStatus(automatic)
      #expect(run.await("Key for openai"))
      run.type("\u{03}")
      #expect(run.end() == 130)
    }
  }
}
