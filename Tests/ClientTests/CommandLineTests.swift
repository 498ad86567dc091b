import Glibc
import JSON
import Testing
import Wire

/// The real binary against a socket: one test for each line of what `halley(1)` promises.
@Suite(.serialized)
struct CommandLineTests {
  private let scratch = Scratch()
  private let daemon: FakeDaemon

  init() {
    daemon = FakeDaemon(in: scratch)
  }

  private func start(
    _ arguments: String..., input: HalleyRun.Input = .nothing, environment: [String: String] = [:]
  ) throws -> HalleyRun {
    try HalleyRun(arguments, input, socket: daemon.path, environment: environment)
  }

  /// Takes the connection and its first request.
  private func accept() throws -> RPCRequest {
    daemon.accept()
    return try daemon.request()
  }

  /// Runs to the end against one answer; returns the request's params and the end.
  private func ask(
    _ arguments: String..., input: HalleyRun.Input = .nothing, answer: String = "ok",
    environment: [String: String] = [:]
  ) throws -> (params: RawJSON, end: HalleyRun.End) {
    let run = try HalleyRun(arguments, input, socket: daemon.path, environment: environment)
    let request = try accept()
    daemon.send(answer: answer, of: request)
    return (request.params, run.end())
  }

  // MARK: stdout

  @Test func `stdout is the answer byte for byte, with one line end`() throws {
    let run = try start("tell", "a story")
    let request = try accept()
    #expect(request.method == "responses.create")
    #expect(request.params["input"]?.string == "tell a story")
    #expect(request.params["stream"]?.boolean == true)
    daemon.send(event: #"{"type":"response.created","response":{}}"#, of: request)
    daemon.send(delta: "# Once\u{1B}[0m **upon**\r\n", of: request)
    daemon.send(delta: "a time ✓", of: request)
    daemon.send(answer: "# Once\u{1B}[0m **upon**\r\na time ✓", of: request)
    #expect(
      run.end() == .init(status: 0, output: "# Once\u{1B}[0m **upon**\r\na time ✓\n", error: ""))
  }

  @Test func `each delta is written at once`() throws {
    let run = try start("hi")
    let request = try accept()
    daemon.send(delta: "Hel", of: request)
    #expect(run.awaitOutput("Hel"))
    daemon.send(delta: "lo", of: request)
    #expect(run.awaitOutput("Hello"))
    daemon.send(answer: "Hello\n", of: request)
    #expect(run.end().output == "Hello\n")
  }

  @Test func `raw adds no line end`() throws {
    #expect(try ask("--raw", "hi", answer: "a").end.output == "a")
  }

  @Test func `without a stream the result is printed`() throws {
    let (params, end) = try ask("--no-stream", "hi", answer: "whole")
    #expect(params["stream"] == nil)
    #expect(end == .init(status: 0, output: "whole\n", error: ""))
  }

  @Test func `json prints events and result as they came`() throws {
    let run = try start("--json", "hi")
    let request = try accept()
    let event = #"{ "type":"x.y" , "n":1.50e1,"s":"\u00e9" }"#
    daemon.send(event: event, of: request)
    daemon.send(result: #"{"status":"completed", "n":1.0}"#, of: request)
    #expect(
      run.end()
        == .init(
          status: 0, output: event + "\n" + #"{"status":"completed", "n":1.0}"# + "\n", error: ""))
  }

  @Test func `only the first code block is printed`() throws {
    #expect(try ask("-x", "hi", answer: "Try:\n```sh\nls\n```\nor").end.output == "ls\n")
    let end = try ask("-x", "hi", answer: "no block").end
    #expect(end.status == 1)
    #expect(end.output.isEmpty)
    #expect(end.error.contains("no fenced code block"))
  }

  @Test func `usage goes to stderr when it is asked for`() throws {
    let end = try ask("-u", "hi").end
    #expect(end == .init(status: 0, output: "ok\n", error: "m\n"))
  }

  @Test func `color always styles a pipe`() throws {
    #expect(try ask("--color=always", "hi", answer: "**b**").end.output == "\u{1B}[1mb\u{1B}[0m\n")
  }

  @Test func `a large result comes through whole`() throws {
    let text = String(repeating: "0123456789abcdef", count: 1 << 18)
    let run = try start("hi")
    let request = try accept()
    daemon.send(answer: text, of: request)
    #expect(run.end().output == text + "\n")
  }

  // MARK: stdin and attachments

  @Test func `stdin comes first, then a blank line, then the prompt`() throws {
    let piped = try ask("explain", input: .text("line 1\nline 2\n")).params
    #expect(piped["input"]?.string == "line 1\nline 2\n\nexplain")
    let file = scratch.write("in.txt", "from a file")
    #expect(
      try ask("explain", input: .file(file)).params["input"]?.string == "from a file\n\nexplain")
    #expect(try ask(input: .text("alone\n")).params["input"]?.string == "alone")
  }

  @Test func `stdin is left alone when that is asked for`() throws {
    let run = try start("--no-stdin", "hi", input: .open)
    let request = try accept()
    #expect(request.params["input"]?.string == "hi")
    daemon.send(answer: "ok", of: request)
    #expect(run.end().status == 0)
  }

  @Test func `an open, silent pipe is told about once`() throws {
    let run = try start("hi", input: .open)
    daemon.accept()
    #expect(run.awaitError("waiting for the end of stdin"))
    run.write("late")
    run.closeInput()
    let request = try daemon.request()
    #expect(request.params["input"]?.string == "late\n\nhi")
    daemon.send(answer: "ok", of: request)
    #expect(run.end().error.split(separator: "\n").count == 1)
  }

  @Test func `Ctrl-C ends the wait for stdin`() throws {
    let run = try start("hi", input: .open)
    daemon.accept()
    #expect(run.awaitError("waiting"))
    run.signal(SIGINT)
    #expect(run.end().status == 130)
  }

  @Test func `stdin that is no text is refused`() throws {
    let run = try start("hi", input: .file(scratch.write("b", [0xFF, 0xFE])))
    let end = run.end()
    #expect(end.status == 64)
    #expect(end.error.contains("stdin is not UTF-8 text"))
    #expect(end.error.contains("-a -"))
  }

  @Test func `attachments make one message`() throws {
    let png = scratch.write("a.png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    let params = try ask("-a", png, "-a", "-", "what?", input: .text("hello")).params
    #expect(
      params["input"]?.text
        == #"[{"type":"message","role":"user","content":[{"type":"input_text","text":"what?"},"#
        + #"{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="},"#
        + #"{"type":"input_file","filename":"stdin.txt","file_data":"data:text/plain;base64,aGVsbG8="}]}]"#
    )
  }

  @Test func `a missing attachment ends with 66 and asks nothing`() throws {
    let end = try start("-a", "/nonexistent.png", "hi").end()
    #expect(end.status == 66)
    #expect(end.error == "halley: /nonexistent.png: No such file or directory\n")
    daemon.accept()
    #expect(daemon.isLeft())
  }

  @Test func `a context file is named`() throws {
    let file = scratch.write("a.sh", "ls\n")
    #expect(
      try ask("-f", file, "explain").params["input"]?.string
        == "\(file):\n```sh\nls\n```\n\nexplain")
  }

  @Test func `a template takes parameters and sets the model`() throws {
    scratch.write("halley/templates/tr.md", "---\nmodel: small\n---\nTo {{lang}}: {{input}}\n")
    let environment = ["XDG_CONFIG_HOME": scratch.path]
    let params = try ask("-t", "tr", "-P", "lang=de", "Hi", environment: environment).params
    #expect(params["input"]?.string == "To de: Hi")
    #expect(params["model"]?.string == "small")
    let end = try start("-t", "tr", "Hi", environment: environment).end()
    #expect(end.status == 64)
    #expect(end.error.contains("{{lang}}"))
  }

  // MARK: options

  @Test func `every option reaches the request`() throws {
    let run = try start(
      "-m", "gpt", "--upstream", "u", "-p", "prof", "-s", "-x means", "--effort", "low",
      "--max-tokens", "64", "--temperature", "0.2", "--param", "top_p=0.9", "--tool", "git.*",
      "--fresh", "-n", "-C", "refactor", "--timeout", "30", "hi")
    let introduction = try accept()
    #expect(introduction.method == "initialize")
    #expect(introduction.params["capabilities"]?.text == #"{"approvals":true}"#)
    let request = try daemon.request()
    daemon.send(answer: "ok", of: request)
    #expect(run.end().status == 0)
    let create = request.params
    #expect(create["model"]?.string == "gpt")
    #expect(create["instructions"]?.string == "-x means")
    #expect(create["reasoning"]?.text == #"{"effort":"low"}"#)
    #expect(create["max_output_tokens"]?.integer == 64)
    #expect(create["temperature"]?.text == "0.2")
    #expect(create["top_p"]?.text == "0.9")
    #expect(create["store"]?.boolean == false)
    #expect(create["conversation"]?.string == "refactor")
    let halley = try #require(create["halley"])
    #expect(halley["upstream"]?.string == "u")
    #expect(halley["profile"]?.string == "prof")
    #expect(halley["cache"]?.string == "refresh")
    #expect(halley["tools"]?.text == #"["git.*"]"#)
    #expect(halley["timeout_s"]?.integer == 30)
  }

  @Test func `continuing sends the scope that every request names`() throws {
    let first = try ask("hi").params["halley"]
    let second = try ask("-c", "more").params["halley"]
    #expect(second?["continue"]?.boolean == true)
    #expect(first?["continue"] == nil)
    #expect(second?["scope"]?.string?.isEmpty == false)
    #expect(first?["scope"] == second?["scope"])
  }

  @Test(arguments: [
    ["-c", "-C", "a", "hi"], ["--fresh", "--cached", "hi"], ["--temperature", "warm", "hi"],
    ["--param", "x", "hi"], ["--param", "x=y", "hi"], ["--nonsense", "hi"], [],
    ["-P", "a=b", "hi"],
    ["--schema", "{", "hi"], ["--schema", "{\"a\":1,}", "hi"], ["staus"], ["show", "me", "this"],
  ])
  func `a usage error ends with 64 and words`(_ arguments: [String]) throws {
    let end = try HalleyRun(arguments, socket: daemon.path).end()
    #expect(end.status == 64)
    #expect(end.output.isEmpty)
    #expect(!end.error.isEmpty)
  }

  @Test func `a slip in a command's name is told`() throws {
    #expect(try start("modles").end().error.contains("did you mean: halley models"))
  }

  @Test(arguments: [
    (["ask", "list", "colours"], "list colours"), (["--", "list"], "list"),
    (["-q", "status"], "status"), (["help", "me", "write"], "help me write"),
    (["--", "-x", "is"], "-x is"), (["why", "--", "--json"], "why --json"),
    (["ask", "ask"], "ask"),
  ])
  func `a prompt may hold any words`(_ arguments: [String], _ prompt: String) throws {
    let run = try HalleyRun(arguments, socket: daemon.path)
    let request = try accept()
    #expect(request.params["input"]?.string == prompt)
    daemon.send(answer: "ok", of: request)
    #expect(run.end().status == 0)
  }

  @Test(arguments: [
    (["--help"], "OVERVIEW"), (["--version"], "0."), (["help", "ask"], "EXAMPLES"),
  ])
  func `help goes to stdout`(_ arguments: [String], _ text: String) throws {
    let end = try HalleyRun(arguments, socket: daemon.path).end()
    #expect(end.status == 0)
    #expect(end.output.contains(text))
  }

  // MARK: structured output

  private static let schema =
    #"{"type":"object","properties":{"n":{"type":"number"}},"required":["n"]}"#

  @Test func `an answer is checked against its schema`() throws {
    let (params, end) = try ask("--schema", Self.schema, "hi", answer: #"{"n":1}"#)
    #expect(params["text"]?["format"]?["schema"]?.text == Self.schema)
    #expect(end == .init(status: 0, output: "{\"n\":1}\n", error: ""))
    let file = scratch.write("s.json", Self.schema)
    let bad = try ask("--schema", file, "hi", answer: #"{"n":"x"}"#)
    #expect(bad.params["text"]?["format"]?["name"]?.string == "s")
    #expect(bad.end.status == 65)
    #expect(bad.end.output == "{\"n\":\"x\"}\n")
    #expect(bad.end.error.contains(#"$.n: found "x", expected a number"#))
    #expect(try ask("--schema", file, "hi", answer: "Sure!").end.status == 65)
  }

  // MARK: signals and pipes

  @Test func `Ctrl-C cancels, keeps what came, and ends with 130`() throws {
    let run = try start("hi")
    let request = try accept()
    daemon.send(delta: "partial", of: request)
    #expect(run.awaitOutput("partial"))
    run.signal(SIGINT)
    let cancel = try daemon.request()
    #expect(cancel.method == "$/cancelRequest")
    #expect(cancel.params["id"] == request.id?.json)
    #expect(cancel.id == nil)
    daemon.send(delta: " unwanted", of: request)
    daemon.send(answer: "partial", status: "cancelled", of: request)
    #expect(run.end() == .init(status: 130, output: "partial\n", error: ""))
  }

  @Test func `a second Ctrl-C leaves at once`() throws {
    let run = try start("hi")
    let request = try accept()
    daemon.send(delta: "partial", of: request)
    #expect(run.awaitOutput("partial"))
    run.signal(SIGINT)
    #expect(try daemon.request().method == "$/cancelRequest")
    run.signal(SIGINT)
    #expect(daemon.isLeft())
    #expect(run.end().status == 130)
  }

  @Test func `SIGTERM cancels and ends with 143`() throws {
    let run = try start("hi")
    let request = try accept()
    run.signal(SIGTERM)
    #expect(try daemon.request().method == "$/cancelRequest")
    daemon.send(answer: "", status: "cancelled", of: request)
    #expect(run.end() == .init(status: 143, output: "", error: ""))
  }

  @Test func `a reader that goes away cancels, quietly, with 141`() throws {
    let run = try start("hi")
    let request = try accept()
    daemon.send(delta: "first", of: request)
    #expect(run.awaitOutput("first"))
    run.stopReading()
    #expect(try daemon.request().method == "$/cancelRequest")
    #expect(daemon.isLeft())
    let end = run.end()
    #expect(end.status == 141)
    #expect(end.error.isEmpty)
  }

  // MARK: errors

  @Test func `without a daemon the status is 69 and says how to start it`() throws {
    let end = try HalleyRun(["hi"], socket: scratch.path + "/none").end()
    #expect(end.status == 69)
    #expect(end.output.isEmpty)
    #expect(end.error.contains("\(scratch.path)/none: No such file or directory"))
    #expect(end.error.contains("systemctl --user start halley.socket"))
    let stale = scratch.path + "/stale"
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
    let run = try start("hi")
    let request = try accept()
    daemon.send(delta: "partial", of: request)
    #expect(run.awaitOutput("partial"))
    daemon.hangUp()
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
  func `an error of the daemon has its status and its words`(
    _ data: String, _ status: Int32
  ) throws {
    let run = try start("hi")
    let request = try accept()
    daemon.send(error: #"{"code":-1,"message":"It broke.","data":\#(data)}"#, of: request)
    let end = run.end()
    #expect(end.status == status)
    #expect(end.output.isEmpty)
    #expect(end.error.hasPrefix("halley: It broke.\n"))
  }

  @Test func `json ends with the error as a line`() throws {
    let run = try start("--json", "hi")
    let request = try accept()
    daemon.send(error: #"{"code":-32005,"message":"M"}"#, of: request)
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
    let run = try start("hi")
    daemon.send(result: response, of: try accept())
    let end = run.end()
    #expect(end.status == status)
    #expect(end.output.isEmpty)
    #expect(end.error.contains(words))
  }

  @Test func `a line that is no message is told`() throws {
    let run = try start("hi")
    _ = try accept()
    daemon.send("HTTP/1.1 400 Bad Request")
    let end = run.end()
    #expect(end.status == 1)
    #expect(end.error.contains("no message of its protocol"))
  }

  // MARK: tools

  @Test func `without a terminal a tool is denied, and with yes allowed`() throws {
    for (arguments, decision) in [(["--tool", "*"], "deny"), (["--tool", "*", "--yes"], "allow")] {
      let run = try HalleyRun(
        ["-q"] + arguments + ["hi"], socket: daemon.path, leadsSession: true)
      #expect(try accept().method == "initialize")
      let request = try daemon.request()
      #expect(request.method == "responses.create")
      daemon.send(
        #"{"jsonrpc":"2.0","id":"s:1","method":"tools.approve","params":{"tool":"git.push"}}"#)
      let line = try RawJSON(parsing: try #require(daemon.line()))
      #expect(line["id"]?.string == "s:1")
      #expect(line["result"]?["decision"]?.string == decision)
      daemon.send(answer: "ok", of: request)
      #expect(run.end().status == 0)
    }
  }
}
