import Glibc
import JSON
import Testing
import Wire

extension ProgramTests {
  /// What points other programs to the daemon: `token`, `env`, `open`.
  struct HTTPCommandTests {
    private let stage = Stage()

    private static let token = "halley-" + String(repeating: "a", count: 43)

    private func info(_ url: String?, tokenFile: String? = nil) -> String {
      let listening = url.map { #"[{"address":"127.0.0.1:4141","url":"\#($0)"}]"# } ?? "[]"
      let file = tokenFile.map { "\"\($0)\"" } ?? "null"
      return #"{"listening":\#(listening),"socket":null,"token_file":\#(file)}"#
    }

    private func writeToken(_ text: String? = nil, mode: mode_t = 0o600) -> String {
      let path = stage.scratch.write("http-token", text ?? Self.token + "\n")
      unsafe chmod(path, mode)
      return path
    }

    // MARK: token

    @Test func `a token is printed alone, and asked for as it was said`() throws {
      let run = try HalleyRun(
        [
          "token", "new", "zed", "--budget", "2/day", "--models", "gpt-5.4*", "--models", "o3",
          "--tools", "git.*", "--read-only", "--shared",
        ], socket: stage.daemon.path)
      let request = try stage.accept()
      #expect(request.method == "tokens.create")
      #expect(
        request.params.text
          == #"{"name":"zed","budget_usd_per_day":2,"models":["gpt-5.4*","o3"],"#
          + #""tools":["git.*"],"read_only":true,"shared":true}"#)
      stage.daemon.send(result: #"{"name":"zed","token":"\#(Self.token)"}"#, of: request)
      #expect(run.end() == .init(status: 0, output: Self.token + "\n", error: ""))
    }

    @Test(arguments: [
      ["--shared", "--isolated"], ["--budget", "two"], ["--budget", "-1"], ["--budget", "2/month"],
    ])
    func `options that say nothing are refused before anything is asked`(
      _ options: [String]
    ) throws {
      let end = try HalleyRun(
        ["token", "new", "zed"] + options, socket: stage.daemon.path
      ).end()
      #expect(end.status == 64)
      #expect(end.output.isEmpty)
    }

    @Test func `tokens are listed with what they allow`() throws {
      let run = try stage.start("token", "list")
      let request = try stage.accept()
      #expect(request.method == "tokens.list")
      stage.daemon.send(
        result: #"{"data":[{"name":"zed","read_only":false,"sees":"own","models":null,"tools":[],"#
          + #""budget_usd_per_day":2,"created_at":1,"last_used_at":null},"#
          + #"{"name":"box","read_only":true,"sees":"isolated","models":["a*","b"],"#
          + #""tools":["git.*"],"budget_usd_per_day":null,"created_at":1,"last_used_at":null}]}"#,
        of: request)
      let lines = run.end().output.split(separator: "\n").map {
        $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
      }
      #expect(
        lines == [
          "NAME A DAY MODELS TOOLS SEES MAY USED", "zed $2.00 all none own ask –",
          "box any a*, b git.* isolated read –",
        ])
    }

    @Test func `several are revoked one after the other`() throws {
      let run = try stage.start("token", "revoke", "a", "b")
      stage.daemon.accept()
      for name in ["a", "b"] {
        let request = try stage.daemon.request()
        #expect(request.method == "tokens.revoke")
        #expect(request.params.text == #"{"name":"\#(name)"}"#)
        stage.daemon.send(result: #"{"name":"\#(name)","revoked":true}"#, of: request)
      }
      #expect(run.end() == .init(status: 0, output: "revoked a\nrevoked b\n", error: ""))
    }

    // MARK: env

    private func env(_ options: String..., answer: String) throws -> HalleyRun.End {
      let run = try HalleyRun(["env"] + options, socket: stage.daemon.path)
      let request = try stage.accept()
      #expect(request.method == "http.info")
      stage.daemon.send(result: answer, of: request)
      return run.end()
    }

    @Test func `a shell is told the address and the token`() throws {
      let answer = info("http://127.0.0.1:4141", tokenFile: writeToken())
      #expect(
        try env(answer: answer)
          == .init(
            status: 0,
            output: "export OPENAI_BASE_URL='http://127.0.0.1:4141/v1' "
              + "OPENAI_API_KEY='\(Self.token)'\n", error: ""))
      #expect(
        try env("--fish", answer: answer).output
          == "set -gx OPENAI_BASE_URL 'http://127.0.0.1:4141/v1'\n"
          + "set -gx OPENAI_API_KEY '\(Self.token)'\n")
    }

    @Test(arguments: ["a'b; rm -rf ~ #", #"a\'b"#, "$(id)`id`!"])
    func `a shell takes no more than a word from what is told`(_ odd: String) throws {
      let file = writeToken(odd.replacing(" ", with: "") + "\n")
      let output = try env(answer: info("http://127.0.0.1:4141/x'$(id)", tokenFile: file)).output
      let script = output + #"printf '%s|%s' "$OPENAI_BASE_URL" "$OPENAI_API_KEY""#
      let path = stage.scratch.write("script", script)
      let reading = try ShellRun.output(of: path)
      #expect(reading == "http://127.0.0.1:4141/x'$(id)/v1|" + odd.replacing(" ", with: ""))
    }

    @Test func `a daemon that holds no address ends with 69, and nothing is printed`() throws {
      let end = try env(answer: info(nil, tokenFile: writeToken()))
      #expect(end.status == 69)
      #expect(end.output.isEmpty)
      #expect(end.error.contains("[http] listen"))
    }

    @Test func `no daemon at all ends with 69`() throws {
      let end = try HalleyRun(["env"], socket: stage.scratch.path + "/none").end()
      #expect(end.status == 69)
      #expect(end.output.isEmpty)
    }

    @Test(arguments: [0o640, 0o604, 0o666] as [mode_t])
    func `a token that others could read is not used`(_ mode: mode_t) throws {
      let end = try env(answer: info("http://[::1]:4141", tokenFile: writeToken(mode: mode)))
      #expect(end.status == 78)
      #expect(end.output.isEmpty)
      #expect(!end.error.contains(Self.token))
    }

    @Test func `a link, nothing and two lines are no token`() throws {
      let link = stage.scratch.path + "/link"
      unsafe symlink(writeToken(), link)
      let empty = stage.scratch.write("empty", "")
      let lines = stage.scratch.write("lines", "halley-a\nhalley-b\n")
      for path in [link, empty, lines, stage.scratch.path + "/none"] {
        let end = try env(answer: info("http://[::1]:4141", tokenFile: path))
        // One that is gone was revoked, and there is none to be had.
        #expect(end.status == (path.hasSuffix("/none") ? 69 : 78))
        #expect(end.output.isEmpty)
      }
    }

    @Test func `the system's daemon has no token to give`() throws {
      let end = try env(answer: info("http://[::1]:4141"))
      #expect(end.status == 78)
      #expect(end.error.contains("halley token new NAME"))
    }

    // MARK: open

    private func open(
      _ options: [String] = [], environment: [String: String] = [:]
    ) throws -> HalleyRun.End {
      let run = try HalleyRun(
        ["open"] + options, socket: stage.daemon.path,
        environment: ["XDG_RUNTIME_DIR": stage.scratch.path].merging(environment) { $1 })
      let asked = try stage.accept()
      stage.daemon.send(result: info("http://127.0.0.1:4141"), of: asked)
      let request = try stage.daemon.request()
      #expect(request.method == "http.code")
      stage.daemon.send(result: #"{"code":"c0de","expires_in_s":60}"#, of: request)
      return run.end()
    }

    @Test(arguments: [["--print"], []])
    func `the address is printed where no browser is to be started, or can be`(
      _ options: [String]
    ) throws {
      let end = try open(options, environment: ["BROWSER": "/nonexistent/browser"])
      #expect(end.status == 0)
      #expect(end.output == "http://127.0.0.1:4141/#c0de\n")
      #expect(end.error.contains("within 60 seconds"))
      #expect(try names(in: "halley").isEmpty)
    }

    @Test func `a browser that fails is told of, and leaves no file`() throws {
      let end = try open(environment: ["BROWSER": "false"])
      #expect(end.output == "http://127.0.0.1:4141/#c0de\n")
      #expect(try names(in: "halley").isEmpty)
    }

    @Test func `a browser gets a file of the user's own, and the code in no argument`() throws {
      let script = stage.scratch.write(
        "browser",
        "#!/bin/sh\necho \"$@\" > \(stage.scratch.path)/args\ncp -p \"$1\" \(stage.scratch.path)/copy\n"
      )
      unsafe chmod(script, 0o700)
      let end = try open(environment: ["BROWSER": script])
      #expect(end == .init(status: 0, output: "http://127.0.0.1:4141/\n", error: ""))
      let arguments = try Scratch.read(stage.scratch.path + "/args")
      #expect(arguments.hasPrefix("\(stage.scratch.path)/halley/page-"))
      #expect(!arguments.contains("c0de"))
      let page = try Scratch.read(stage.scratch.path + "/copy")
      #expect(page.contains(#"content="0;url=http://127.0.0.1:4141/#c0de""#))
      var status = stat()
      #expect(unsafe stat(stage.scratch.path + "/copy", &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600)
    }

    private func names(in directory: String) throws -> [String] {
      guard let stream = unsafe opendir("\(stage.scratch.path)/\(directory)") else { return [] }
      defer { unsafe closedir(stream) }
      var names: [String] = []
      while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
          unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
      }
      return names
    }
  }
}

/// Runs a script with sh.
private enum ShellRun {
  static func output(of script: String) throws -> String {
    var ends: [Int32] = [-1, -1]
    try #require(unsafe pipe(&ends) == 0)
    let process = try Spawn.run(
      ["/bin/sh", script], ["PATH": "/usr/bin:/bin"], STDIN_FILENO, ends[1], STDERR_FILENO,
      leadsSession: false)
    close(ends[1])
    defer { close(ends[0]) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(ends[0], &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    var status: Int32 = 0
    unsafe waitpid(process, &status, 0)
    return String(decoding: bytes, as: UTF8.self)
  }
}
