import Glibc
import JSON
import Testing
import Wire

extension ProgramTests {
  /// What is read and sent.
  struct InputTests {
    private let stage = Stage()

    // MARK: stdin and attachments

    @Test func `stdin comes first, then a blank line, then the prompt`() throws {
      let piped = try stage.ask("explain", input: .text("line 1\nline 2\n")).params
      #expect(piped["input"]?.string == "line 1\nline 2\n\nexplain")
      let file = stage.scratch.write("in.txt", "from a file")
      #expect(
        try stage.ask("explain", input: .file(file)).params["input"]?.string
          == "from a file\n\nexplain")
      #expect(try stage.ask(input: .text("alone\n")).params["input"]?.string == "alone")
    }

    @Test func `stdin is left alone when that is asked for`() throws {
      let run = try stage.start("--no-stdin", "hi", input: .open)
      let request = try stage.accept()
      #expect(request.params["input"]?.string == "hi")
      stage.daemon.send(answer: "ok", of: request)
      #expect(run.end().status == 0)
    }

    @Test func `an open, silent pipe is told about once`() throws {
      let run = try stage.start("hi", input: .open)
      stage.daemon.accept()
      #expect(run.awaitError("waiting for the end of stdin"))
      run.write("late")
      run.closeInput()
      let request = try stage.daemon.request()
      #expect(request.params["input"]?.string == "late\n\nhi")
      stage.daemon.send(answer: "ok", of: request)
      #expect(run.end().error.split(separator: "\n").count == 1)
    }

    @Test func `Ctrl-C ends the wait for stdin`() throws {
      let run = try stage.start("hi", input: .open)
      stage.daemon.accept()
      #expect(run.awaitError("waiting"))
      run.signal(SIGINT)
      #expect(run.end().status == 130)
    }

    @Test func `stdin that is no text is refused`() throws {
      let run = try stage.start("hi", input: .file(stage.scratch.write("b", [0xFF, 0xFE])))
      let end = run.end()
      #expect(end.status == 64)
      #expect(end.error.contains("stdin is not UTF-8 text"))
      #expect(end.error.contains("-a -"))
    }

    @Test func `attachments make one message`() throws {
      let png = stage.scratch.write("a.png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
      let params = try stage.ask("-a", png, "-a", "-", "what?", input: .text("hello")).params
      #expect(
        params["input"]?.text
          == #"[{"type":"message","role":"user","content":[{"type":"input_text","text":"what?"},"#
          + #"{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="},"#
          + #"{"type":"input_file","filename":"stdin.txt","file_data":"data:text/plain;base64,aGVsbG8="}]}]"#
      )
    }

    @Test func `a missing attachment ends with 66 and asks nothing`() throws {
      let end = try stage.start("-a", "/nonexistent.png", "hi").end()
      #expect(end.status == 66)
      #expect(end.error == "halley: /nonexistent.png: No such file or directory\n")
      stage.daemon.accept()
      #expect(stage.daemon.isLeft())
    }

    @Test(
      arguments: [
        (["-f", "/dev/zero", "hi"], "/dev/zero"), (["-a", "/dev/zero", "hi"], "/dev/zero"),
        (["-a", "-", "hi"], "stdin"), (["chat", "-f", "/dev/zero", "hi"], "/dev/zero"),
        (["cache", "explain", "-f", "/dev/zero", "hi"], "/dev/zero"),
      ] as [([String], String)])
    func `what never ends is read as far as a request may go`(
      _ words: [String], _ name: String
    ) throws {
      let run = try HalleyRun(words, .file("/dev/zero"), socket: stage.daemon.path)
      // Beside the prompt's own connection, which the explanation does not need so early.
      stage.daemon.accept()
      if words[0] != "cache" { stage.daemon.accept() }
      let request = try stage.daemon.request()
      #expect(request.method == "initialize")
      stage.daemon.send(result: #"{"limits":{"line":100000000}}"#, of: request)
      let end = run.end()
      #expect(end.status == 66)
      #expect(end.error.hasPrefix("halley: \(name): more than 100000000 bytes found"))
      #expect(end.error.contains("limits.line"))
    }

    @Test func `a key is not read without end`() throws {
      let end = try HalleyRun(
        ["keys", "set", "x"], .text(String(repeating: "k", count: 65_537)),
        socket: stage.scratch.path + "/none", environment: ["XDG_CONFIG_HOME": stage.scratch.path]
      ).end()
      #expect(end.status == 66)
      #expect(end.error.hasPrefix("halley: stdin: more than 65536 bytes found"))
    }

    @Test func `a context file is named`() throws {
      let file = stage.scratch.write("a.sh", "ls\n")
      #expect(
        try stage.ask("-f", file, "explain").params["input"]?.string
          == "\(file):\n```sh\nls\n```\n\nexplain")
    }

    @Test func `a template takes parameters and sets the model`() throws {
      stage.scratch.write(
        "halley/templates/tr.md", "---\nmodel: small\n---\nTo {{lang}}: {{input}}\n")
      let environment = ["XDG_CONFIG_HOME": stage.scratch.path]
      let params = try stage.ask("-t", "tr", "-P", "lang=de", "Hi", environment: environment).params
      #expect(params["input"]?.string == "To de: Hi")
      #expect(params["model"]?.string == "small")
      let end = try stage.start("-t", "tr", "Hi", environment: environment).end()
      #expect(end.status == 64)
      #expect(end.error.contains("{{lang}}"))
    }

    // MARK: structured output

    private static let schema =
      #"{"type":"object","properties":{"n":{"type":"number"}},"required":["n"]}"#

    @Test func `an answer is checked against its schema`() throws {
      let (params, end) = try stage.ask("--schema", Self.schema, "hi", answer: #"{"n":1}"#)
      #expect(params["text"]?["format"]?["schema"]?.text == Self.schema)
      #expect(end == .init(status: 0, output: "{\"n\":1}\n", error: ""))
      let file = stage.scratch.write("s.json", Self.schema)
      let bad = try stage.ask("--schema", file, "hi", answer: #"{"n":"x"}"#)
      #expect(bad.params["text"]?["format"]?["name"]?.string == "s")
      #expect(bad.end.status == 65)
      #expect(bad.end.output == "{\"n\":\"x\"}\n")
      #expect(bad.end.error.contains(#"$.n: found "x", expected a number"#))
      #expect(try stage.ask("--schema", file, "hi", answer: "Sure!").end.status == 65)
    }
  }
}
