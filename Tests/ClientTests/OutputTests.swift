import JSON
import Testing
import Wire

extension ProgramTests {
  /// What goes to stdout.
  struct OutputTests {
    private let stage = Stage()

    @Test func `stdout is the answer byte for byte, with one line end`() throws {
      let run = try stage.start("tell", "a story")
      let request = try stage.accept()
      #expect(request.method == "responses.create")
      #expect(request.params["input"]?.string == "tell a story")
      #expect(request.params["stream"]?.boolean == true)
      stage.daemon.send(event: #"{"type":"response.created","response":{}}"#, of: request)
      stage.daemon.send(delta: "# Once\u{1B}[0m **upon**\r\n", of: request)
      stage.daemon.send(delta: "a time ✓", of: request)
      stage.daemon.send(answer: "# Once\u{1B}[0m **upon**\r\na time ✓", of: request)
      #expect(
        run.end() == .init(status: 0, output: "# Once\u{1B}[0m **upon**\r\na time ✓\n", error: ""))
    }

    @Test func `each delta is written at once`() throws {
      let run = try stage.start("hi")
      let request = try stage.accept()
      stage.daemon.send(delta: "Hel", of: request)
      #expect(run.awaitOutput("Hel"))
      stage.daemon.send(delta: "lo", of: request)
      #expect(run.awaitOutput("Hello"))
      stage.daemon.send(answer: "Hello\n", of: request)
      #expect(run.end().output == "Hello\n")
    }

    @Test func `raw adds no line end`() throws {
      #expect(try stage.ask("--raw", "hi", answer: "a").end.output == "a")
    }

    @Test func `without a stream the result is printed`() throws {
      let (params, end) = try stage.ask("--no-stream", "hi", answer: "whole")
      #expect(params["stream"] == nil)
      #expect(end == .init(status: 0, output: "whole\n", error: ""))
    }

    @Test func `json prints events and result as they came`() throws {
      let run = try stage.start("--json", "hi")
      let request = try stage.accept()
      let event = #"{ "type":"x.y" , "n":1.50e1,"s":"\u00e9" }"#
      stage.daemon.send(event: event, of: request)
      stage.daemon.send(result: #"{"status":"completed", "n":1.0}"#, of: request)
      #expect(
        run.end()
          == .init(
            status: 0, output: event + "\n" + #"{"status":"completed", "n":1.0}"# + "\n", error: "")
      )
    }

    @Test func `only the first code block is printed`() throws {
      #expect(try stage.ask("-x", "hi", answer: "Try:\n```sh\nls\n```\nor").end.output == "ls\n")
      let end = try stage.ask("-x", "hi", answer: "no block").end
      #expect(end.status == 1)
      #expect(end.output.isEmpty)
      #expect(end.error.contains("no fenced code block"))
    }

    @Test func `usage goes to stderr when it is asked for`() throws {
      let end = try stage.ask("-u", "hi").end
      #expect(end == .init(status: 0, output: "ok\n", error: "m\n"))
    }

    @Test func `color always styles a pipe`() throws {
      #expect(
        try stage.ask("--color=always", "hi", answer: "**b**").end.output == "\u{1B}[1mb\u{1B}[0m\n"
      )
    }

    @Test func `a large result comes through whole`() throws {
      let text = String(repeating: "0123456789abcdef", count: 1 << 18)
      let run = try stage.start("hi")
      let request = try stage.accept()
      stage.daemon.send(answer: text, of: request)
      #expect(run.end().output == text + "\n")
    }
  }
}
