import JSON
import Testing
import Wire

extension ProgramTests {
  /// How the words of the command line are understood.
  struct OptionTests {
    private let stage = Stage()

    @Test func `every option reaches the request`() throws {
      let run = try stage.start(
        "-m", "gpt", "--upstream", "u", "-p", "prof", "-s", "-x means", "--effort", "low",
        "--max-tokens", "64", "--temperature", "0.2", "--param", "top_p=0.9", "--tool", "git.*",
        "--fresh", "-n", "-C", "refactor", "--timeout", "30", "hi")
      let introduction = try stage.accept()
      #expect(introduction.method == "initialize")
      #expect(introduction.params["capabilities"]?.text == #"{"approvals":true}"#)
      let request = try stage.daemon.request()
      stage.daemon.send(answer: "ok", of: request)
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
      let first = try stage.ask("hi").params["halley"]
      let second = try stage.ask("-c", "more").params["halley"]
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
      let end = try HalleyRun(arguments, socket: stage.daemon.path).end()
      #expect(end.status == 64)
      #expect(end.output.isEmpty)
      #expect(!end.error.isEmpty)
    }

    @Test(arguments: [
      (["attach", "r", "--starting-after"], ["-1", "2147483648", "1e3", "x", ""]),
      (["list", "-l"], ["-1", "0", "1.5"]), (["search", "x", "--limit"], ["0", "101"]),
      (["hi", "--max-tokens"], ["-5", "0", "1.5", "99999999999999999999"]),
      (["hi", "--temperature"], ["-1", "2.1", "nan", "inf"]),
      (["chat", "--timeout"], ["-1", "0", "nan", "inf", "1e400", "soon"]),
    ])
    func `a number out of range is told with its range, and no daemon asked`(
      _ words: [String], _ numbers: [String]
    ) throws {
      for number in numbers {
        let end = try HalleyRun(words + [number], socket: stage.scratch.path + "/none").end()
        #expect(end.status == 64)
        #expect(end.error.contains("'\(number)' is invalid"))
        #expect(end.error.contains("a number from"))
      }
    }

    @Test(arguments: [
      "init bash --socket /x", "config check --socket=/x", "--socket /x config show",
    ])
    func `what asks no daemon says so where it is given one`(_ words: String) throws {
      let end = try HalleyRun(words.split(separator: " ").map(String.init)).end()
      #expect(end.status == 64)
      #expect(end.error.contains("asks no daemon"))
    }

    @Test func `a slip in a command's name is told`() throws {
      #expect(try stage.start("modles").end().error.contains("did you mean: halley models"))
    }

    @Test(arguments: [
      (["ask", "list", "colours"], "list colours"), (["--", "list"], "list"),
      (["-q", "status"], "status"), (["help", "me", "write"], "help me write"),
      (["--", "-x", "is"], "-x is"), (["why", "--", "--json"], "why --json"),
      (["ask", "ask"], "ask"),
    ])
    func `a prompt may hold any words`(_ arguments: [String], _ prompt: String) throws {
      let run = try HalleyRun(arguments, socket: stage.daemon.path)
      let request = try stage.accept()
      #expect(request.params["input"]?.string == prompt)
      stage.daemon.send(answer: "ok", of: request)
      #expect(run.end().status == 0)
    }

    @Test(arguments: [
      (["--help"], "OVERVIEW"), (["--version"], "The Halley authors. MIT License."),
      (["help", "ask"], "EXAMPLES"),
    ])
    func `help goes to stdout`(_ arguments: [String], _ text: String) throws {
      let end = try HalleyRun(arguments, socket: stage.daemon.path).end()
      #expect(end.status == 0)
      #expect(end.output.contains(text))
    }
  }
}
