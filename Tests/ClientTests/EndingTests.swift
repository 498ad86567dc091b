import Glibc
import JSON
import Testing
import Wire

extension ProgramTests {
  /// How a run ends when it does not end well.
  struct EndingTests {
    private let stage = Stage()

    // MARK: signals and pipes

    @Test func `Ctrl-C cancels, keeps what came, and ends with 130`() throws {
      let run = try stage.start("hi")
      let request = try stage.accept()
      stage.daemon.send(delta: "partial", of: request)
      #expect(run.awaitOutput("partial"))
      run.signal(SIGINT)
      let cancel = try stage.daemon.request()
      #expect(cancel.method == "$/cancelRequest")
      #expect(cancel.params["id"] == request.id?.json)
      #expect(cancel.id == nil)
      stage.daemon.send(delta: " unwanted", of: request)
      stage.daemon.send(answer: "partial", status: "cancelled", of: request)
      #expect(run.end() == .init(status: 130, output: "partial\n", error: ""))
    }

    @Test func `with json a cancelled answer ends with its result`() throws {
      let run = try stage.start("--json", "hi")
      let request = try stage.accept()
      stage.daemon.send(event: "{}", of: request)
      #expect(run.awaitOutput("{}\n"))
      run.signal(SIGINT)
      #expect(try stage.daemon.request().method == "$/cancelRequest")
      stage.daemon.send(result: #"{"status":"cancelled"}"#, of: request)
      #expect(
        run.end() == .init(status: 130, output: "{}\n{\"status\":\"cancelled\"}\n", error: ""))
    }

    @Test func `a second Ctrl-C leaves at once`() throws {
      let run = try stage.start("hi")
      let request = try stage.accept()
      stage.daemon.send(delta: "partial", of: request)
      #expect(run.awaitOutput("partial"))
      run.signal(SIGINT)
      #expect(try stage.daemon.request().method == "$/cancelRequest")
      run.signal(SIGINT)
      #expect(stage.daemon.isLeft())
      #expect(run.end().status == 130)
    }

    @Test func `SIGTERM cancels and ends with 143`() throws {
      let run = try stage.start("hi")
      let request = try stage.accept()
      run.signal(SIGTERM)
      #expect(try stage.daemon.request().method == "$/cancelRequest")
      stage.daemon.send(answer: "", status: "cancelled", of: request)
      #expect(run.end() == .init(status: 143, output: "", error: ""))
    }

    @Test func `a reader that goes away cancels, quietly, with 141`() throws {
      let run = try stage.start("hi")
      let request = try stage.accept()
      stage.daemon.send(delta: "first", of: request)
      #expect(run.awaitOutput("first"))
      run.stopReading()
      #expect(try stage.daemon.request().method == "$/cancelRequest")
      #expect(stage.daemon.isLeft())
      let end = run.end()
      #expect(end.status == 141)
      #expect(end.error.isEmpty)
    }

    // MARK: errors

    @Test func `without a stage.daemon the status is 69 and says how to start it`() throws {
      let end = try HalleyRun(["hi"], socket: stage.scratch.path + "/none").end()
      #expect(end.status == 69)
      #expect(end.output.isEmpty)
      #expect(end.error.contains("\(stage.scratch.path)/none: No such file or directory"))
      #expect(end.error.contains("systemctl --user start halley.socket"))
      let stale = stage.scratch.path + "/stale"
      do { _ = FakeDaemon(at: stale) }
      #expect(try HalleyRun(["hi"], socket: stale).end().status == 69)
    }

    @Test func `a path too long for a socket is told`() throws {
      let path = "/" + String(repeating: "x", count: 120)
      let end = try HalleyRun(["--socket", path, "hi"]).end()
      #expect(end.status == 69)
      #expect(end.error.contains("File name too long"))
    }

    @Test func `a lost connection keeps what came and ends with 75`() throws {
      let run = try stage.start("hi")
      let request = try stage.accept()
      stage.daemon.send(delta: "partial", of: request)
      #expect(run.awaitOutput("partial"))
      stage.daemon.hangUp()
      let end = run.end()
      #expect(end.status == 75)
      #expect(end.output == "partial\n")
      #expect(end.error.contains("connection to halleyd was lost"))
    }

    @Test(
      arguments: [
        (#"{"code":"upstream_http","http_status":401}"#, 77), (#"{"code":"overloaded"}"#, 75),
        (#"{"code":"config","hint":"do this"}"#, 78), (#"{"code":"internal"}"#, 1),
      ] as [(String, Int32)])
    func `an error of the stage.daemon has its status and its words`(
      _ data: String, _ status: Int32
    ) throws {
      let run = try stage.start("hi")
      let request = try stage.accept()
      stage.daemon.send(error: #"{"code":-1,"message":"It broke.","data":\#(data)}"#, of: request)
      let end = run.end()
      #expect(end.status == status)
      #expect(end.output.isEmpty)
      #expect(end.error.hasPrefix("halley: It broke.\n"))
    }

    @Test func `json ends with the error as a line`() throws {
      let run = try stage.start("--json", "hi")
      let request = try stage.accept()
      stage.daemon.send(error: #"{"code":-32005,"message":"M"}"#, of: request)
      let end = run.end()
      #expect(end.status == 1)
      #expect(end.output == "{\"error\":{\"code\":-32005,\"message\":\"M\"}}\n")
    }

    @Test(
      arguments: [
        (
          #"{"status":"failed","error":{"code":"server_error","message":"Oh"}}"#, 1,
          "Oh (server_error)"
        ),
        (
          #"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#, 3,
          "--max-tokens"
        ),
        (#"{"status":"cancelled"}"#, 3, "cancelled from elsewhere"),
        (
          #"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]}"#,
          1, "No.\n"
        ),
      ] as [(String, Int32, String)])
    func `a response that is no answer has its status`(
      _ response: String, _ status: Int32, _ words: String
    ) throws {
      let run = try stage.start("hi")
      stage.daemon.send(result: response, of: try stage.accept())
      let end = run.end()
      #expect(end.status == status)
      #expect(end.output.isEmpty)
      #expect(end.error.contains(words))
    }

    @Test(
      arguments: [
        (#"{"status":"completed","output":[]}"#, "the answer holds no text"),
        (#"{"status":"completed"}"#, "the answer holds no text"),
        (
          #"{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":""}]}]}"#,
          "the answer holds no text"
        ),
        (
          #"{"status":"completed","output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}"#,
          "the model asks for f({}) and says nothing"
        ),
      ])
    func `an answer without text is told, and no success`(_ response: String, _ words: String)
      throws
    {
      for options in [[], ["-q"], ["--no-stream"], ["-x"], ["--raw"]] {
        let run = try HalleyRun(options + ["hi"], socket: stage.daemon.path)
        stage.daemon.send(result: response, of: try stage.accept())
        let end = run.end()
        #expect(end.status == 1)
        #expect(end.output.isEmpty)
        #expect(end.error == "halley: \(words)\n  --json prints the whole response\n")
      }
      let json = try stage.start("--json", "hi")
      stage.daemon.send(result: response, of: try stage.accept())
      #expect(json.end() == .init(status: 0, output: response + "\n", error: ""))
    }

    @Test func `an error without an id ends the call`() throws {
      let run = try stage.start("hi")
      _ = try stage.accept()
      stage.daemon.send(
        #"{"id":null,"error":{"code":-32600,"message":"Too long.","data":{"code":"too_large"}}}"#)
      let end = run.end()
      #expect(end.status == 1)
      #expect(end.error.hasPrefix("halley: Too long.\n  send less"))
    }

    @Test func `a line that is no message is told`() throws {
      let run = try stage.start("hi")
      _ = try stage.accept()
      stage.daemon.send("HTTP/1.1 400 Bad Request")
      let end = run.end()
      #expect(end.status == 1)
      #expect(end.error.contains("no message of its protocol"))
    }

    // MARK: tools

    @Test func `without a terminal a tool is denied, and with yes allowed`() throws {
      let call = #""call_id":"call_1","response_id":"resp_1""#
      let definition = #""call_id":null,"response_id":null,"definition":true"#
      for (arguments, about, decision) in [
        (["--tool", "*"], call, "deny"), (["--tool", "*", "--yes"], call, "allow"),
        (["--tool", "*"], definition, "deny"), (["--tool", "*", "--yes"], definition, "deny"),
      ] {
        let run = try HalleyRun(
          ["-q"] + arguments + ["hi"], socket: stage.daemon.path, leadsSession: true)
        #expect(try stage.accept().method == "initialize")
        let request = try stage.daemon.request()
        #expect(request.method == "responses.create")
        stage.daemon.send(
          #"{"jsonrpc":"2.0","id":"s:1","method":"tools.approve","#
            + #""params":{"tool":"git.push",\#(about)}}"#)
        let line = try RawJSON(parsing: try #require(stage.daemon.line()))
        #expect(line["id"]?.string == "s:1")
        #expect(line["result"]?["decision"]?.string == decision)
        stage.daemon.send(answer: "ok", of: request)
        let end = run.end()
        #expect(end.status == 0)
        let isTold = end.error.contains("the definition of the tool git.push changed")
        #expect(isTold == (about == definition), "\(end.error)")
      }
    }
  }
}
