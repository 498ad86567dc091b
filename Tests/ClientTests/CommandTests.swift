import JSON
import Testing
import Wire

extension ProgramTests {
  /// The commands beside `ask`.
  struct CommandTests {
    private let stage = Stage()

    private func run(
      _ arguments: [String], result: String, input: HalleyRun.Input = .nothing
    ) throws -> (request: RPCRequest, end: HalleyRun.End) {
      let run = try HalleyRun(arguments, input, socket: stage.daemon.path)
      stage.daemon.accept()
      let request = try stage.daemon.request()
      stage.daemon.send(result: result, of: request)
      return (request, run.end())
    }

    private struct Example: Sendable {
      let words: String
      let method: String
      let params: String
      var result = "{}"
      var output: String?
    }

    private static let examples = [
      Example(
        words: "models", method: "models.list", params: "{}",
        result: #"{"data":[{"id":"a"},{"id":"b"}]}"#, output: "a\nb\n"),
      Example(
        words: "models --upstream u --refresh", method: "models.list",
        params: #"{"upstream":"u","refresh":true}"#, result: #"{"data":[]}"#, output: ""),
      Example(
        words: "models --json", method: "models.list", params: "{}", result: #"{"data":[1.50]}"#,
        output: "{\"data\":[1.50]}\n"),
      Example(
        words: "status", method: "daemon.status", params: "{}",
        result: #"{"version":"1","uptime_s":2}"#,
        output: "version  1\nuptime   2.0 s\n"),
      Example(
        words: "list", method: "conversations.list", params: #"{"limit":20}"#,
        result: #"{"data":[{"id":"conv_1","name":"n"}],"has_more":false}"#,
        output: "NAME  ID      USED\nn     conv_1     –\n"),
      Example(
        words: "show refactor", method: "conversations.items.list",
        params: #"{"conversation":"refactor","order":"asc","limit":100}"#,
        result: #"{"data":[{"type":"message","role":"user","content":"Hi"}]}"#,
        output: "## User\n\nHi\n"),
      Example(
        words: "show resp_1", method: "responses.retrieve", params: #"{"response_id":"resp_1"}"#,
        result: FakeDaemon.response("Hello"), output: "Hello\n"),
      Example(
        words: "search two words -l 5", method: "conversations.search",
        params: #"{"query":"two words","limit":5}"#,
        result: #"{"data":[{"conversation":"n","role":"user","snippet":"a\nb"}]}"#,
        output: "n  –  user: a b\n"),
      Example(
        words: "fork a b --at resp_1", method: "conversations.fork",
        params: #"{"conversation":"a","at":"resp_1","name":"b"}"#, result: #"{"name":"b"}"#,
        output: "b\n"),
      Example(
        words: "rename a b", method: "conversations.update",
        params: #"{"conversation":"a","name":"b"}"#, output: "b\n"),
      Example(
        words: "delete a", method: "conversations.delete", params: #"{"conversation":"a"}"#,
        output: "deleted a\n"),
      Example(
        words: "delete resp_1", method: "responses.delete", params: #"{"response_id":"resp_1"}"#,
        output: "deleted resp_1\n"),
      Example(
        words: "export a", method: "conversations.items.list",
        params: #"{"conversation":"a","order":"asc","limit":100}"#, result: #"{"data":[]}"#,
        output: "# a\n\n"),
      Example(
        words: "cancel resp_1", method: "responses.cancel", params: #"{"response_id":"resp_1"}"#,
        result: #"{"status":"cancelled"}"#, output: "cancelled\n"),
      Example(
        words: "usage --by model --csv", method: "usage.summary", params: #"{"by":"model"}"#,
        result: #"{"data":[{"model":"m","cost_usd":0.5}]}"#, output: "model,cost_usd\nm,0.5\n"),
      Example(
        words: "cache", method: "cache.stats", params: "{}", result: #"{"hits":3}"#,
        output: "hits  3\n"),
      Example(
        words: "cache clear --older-than 7d", method: "cache.clear",
        params: #"{"older_than":"7d"}"#,
        result: #"{"removed":3}"#, output: "removed  3\n"),
      Example(
        words: "cache explain -m m hi", method: "cache.explain",
        params: #"{"model":"m","input":"hi","stream":true}"#, result: #"{"hit":false}"#,
        output: "hit  no\n"),
      Example(
        words: "store backup /dev/null", method: "store.backup",
        params: #"{"path":"/dev/null"}"#, result: #"{"path":"/dev/null","bytes":4096}"#,
        output: "/dev/null\n"),
      Example(
        words: "store status", method: "store.status", params: "{}",
        result: #"{"log_bytes":0,"sizes":[{"kind":"items","bytes":4096}]}"#,
        output: "log  0 B\nsizes\n  kind     bytes\n  items  4.0 KiB\n"),
      Example(
        words: "tools", method: "tools.list", params: "{}",
        result: #"{"data":[{"name":"git__log","tool":"git.log","description":"Logs.\nMore."},"#
          + #"{"name":"git__x","tool":"git.x","state":"refused","reason":"It is odd."}]}"#,
        output: "git.log  Logs.\ngit.x  It is odd.\n"),
      Example(
        words: "plugins", method: "plugins.list", params: "{}",
        result: #"{"data":[{"name":"git","state":"running","pid":1,"hooks":["request"],"#
          + #""tools":["log"],"restarts":2,"last_error":"it crashed"}]}"#,
        output: "PLUGIN  STATE    PID  RESTARTS  HOOKS    TOOLS\n"
          + "git     running    1         2  request  log\n\ngit: it crashed\n"),
      Example(
        words: #"rpc a.b {"x":[1.0]}"#, method: "a.b", params: #"{"x":[1.0]}"#,
        result: #"{"y":2.50}"#,
        output: "{\"y\":2.50}\n"),
      Example(
        words: "rpc daemon.ping", method: "daemon.ping", params: "{}", output: "{}\n"),
    ]

    @Test(arguments: examples.indices)
    func `a command calls its method and prints the result`(_ index: Int) throws {
      let example = Self.examples[index]
      let (request, end) = try run(
        example.words.split(separator: " ").map(String.init), result: example.result)
      #expect(request.method == example.method)
      #expect(request.params.text == example.params)
      #expect(end == .init(status: 0, output: example.output ?? "", error: ""))
    }

    @Test(arguments: [[], ["--json"]])
    func `a search that finds nothing says so`(_ options: [String]) throws {
      let list = #"{"object":"list","data":[]}"#
      let (_, end) = try run(["search", "tulip"] + options, result: list)
      #expect(end.status == 1 && end.error == "halley: nothing was found\n")
      #expect(end.output == (options.isEmpty ? "" : list + "\n"))
    }

    @Test func `a store in which others alone have anything is not called empty`() throws {
      let run = try HalleyRun(["list"], socket: stage.daemon.path)
      stage.daemon.accept()
      stage.daemon.send(result: #"{"data":[],"has_more":false}"#, of: try stage.daemon.request())
      stage.daemon.accept()
      let status = #"{"store":{"open":true,"belongs_to":["uid:1000"]}}"#
      stage.daemon.send(result: status, of: try stage.daemon.request())
      let end = run.end()
      #expect(end.status == 1 && end.output.isEmpty)
      #expect(end.error.contains("belongs to uid:1000"))
    }

    @Test func `a damaged store is told in the status`() throws {
      let (request, end) = try run(
        ["store", "check"],
        result: #"{"sound":false,"rows":3,"findings":[{"table":"items","row":2,"problem":"p"}]}"#)
      #expect(request.method == "store.check" && request.params.text == "{}")
      #expect(end.status == 1 && end.output.contains("items"))
      #expect(end.error.contains("the database is damaged"))
    }

    @Test func `lists are read page by page`() throws {
      let run = try HalleyRun(["list", "-l", "150", "--json"], socket: stage.daemon.path)
      stage.daemon.accept()
      let first = try stage.daemon.request()
      #expect(first.params.text == #"{"limit":100}"#)
      let page = Array(repeating: #"{"id":"c"}"#, count: 100).joined(separator: ",")
      stage.daemon.send(result: #"{"data":[\#(page)],"has_more":true,"last_id":"c"}"#, of: first)
      let second = try stage.daemon.request()
      #expect(second.params.text == #"{"limit":50,"after":"c"}"#)
      stage.daemon.send(
        result: #"{"data":[{"id":"d"}],"has_more":false,"last_id":"d"}"#, of: second)
      #expect(run.end().output.split(separator: "\n").count == 101)
    }

    @Test func `rpc prints notifications, then the result`() throws {
      let run = try HalleyRun(
        ["rpc", "x.y"], .text(#"{"stream":true}"#), socket: stage.daemon.path)
      stage.daemon.accept()
      let request = try stage.daemon.request()
      #expect(request.params.text == #"{"stream":true}"#)
      stage.daemon.send(event: #"{"type":"t"}"#, of: request)
      stage.daemon.send(result: "[]", of: request)
      #expect(
        run.end().output
          == #"{"jsonrpc":"2.0","method":"responses.event","params":{"id":1,"event":{"type":"t"}}}"#
          + "\n[]\n")
    }

    @Test func `a method that the daemon does not have is told`() throws {
      let run = try HalleyRun(["tools"], socket: stage.daemon.path)
      stage.daemon.accept()
      stage.daemon.send(
        error:
          #"{"code":-32601,"message":"no method tools.list","data":{"code":"method_not_found"}}"#,
        of: try stage.daemon.request())
      let end = run.end()
      #expect(end.status == 1)
      #expect(end.error == "halley: no method tools.list (this halleyd does not have it)\n")
    }

    @Test func `a background answer is started, and its id printed`() throws {
      let (request, end) = try run(
        ["--background", "hi"], result: #"{"id":"resp_1","status":"queued"}"#)
      #expect(request.params["background"]?.boolean == true)
      #expect(request.params["stream"] == nil)
      #expect(end == .init(status: 0, output: "resp_1\n", error: ""))
    }

    @Test func `attach follows a response, and Ctrl-C leaves it running`() throws {
      let run = try HalleyRun(
        ["attach", "resp_1", "--starting-after", "4"], socket: stage.daemon.path)
      stage.daemon.accept()
      let request = try stage.daemon.request()
      #expect(request.method == "responses.retrieve")
      #expect(request.params.text == #"{"response_id":"resp_1","stream":true,"starting_after":4}"#)
      stage.daemon.send(delta: "so far", of: request)
      #expect(run.awaitOutput("so far"))
      run.signal(2)
      #expect(stage.daemon.isLeft())
      let end = run.end()
      #expect(end.status == 130)
      #expect(end.output == "so far\n")
    }

    @Test(arguments: [[], ["--json"], ["-x"], ["--raw"]])
    func `attach says again what came before its event by no means`(_ options: [String]) throws {
      let (request, end) = try run(
        ["attach", "resp_1", "--starting-after", "9"] + options,
        result: FakeDaemon.response("```\ncode\n```"))
      #expect(request.params["starting_after"]?.integer == 9)
      #expect(end.output.contains("code") == (options == ["--json"]))
      #expect(end.status == (options == ["-x"] ? 1 : 0))
    }

    @Test func `attach prints what comes behind its event`() throws {
      let run = try HalleyRun(
        ["attach", "resp_1", "--starting-after", "4"], socket: stage.daemon.path)
      let request = try stage.accept()
      stage.daemon.send(delta: "a", of: request)
      stage.daemon.send(answer: "aa", of: request)
      #expect(run.end() == .init(status: 0, output: "a\n", error: ""))
    }

    @Test(arguments: [
      "help nosuch", "help modles", "help cache nosuch", "help ask x", "help nosuch --socket /x",
      "--socket /x help nosuch",
    ])
    func `help for what is no command is a mistake and no prompt`(_ words: String) throws {
      let end = try HalleyRun(
        words.split(separator: " ").map(String.init), socket: stage.daemon.path
      ).end()
      #expect(end.status == 64)
      #expect(end.output.isEmpty)
      #expect(end.error.contains("there is no command"))
      #expect(end.error.contains("halley ask help"))
      #expect(end.error.contains("did you mean \"models\"?") == words.contains("modles"))
    }

    @Test(arguments: ["help", "help models", "help cache stats", "help help", "help ask"])
    func `help for a command is there`(_ words: String) throws {
      let end = try HalleyRun(
        words.split(separator: " ").map(String.init), socket: stage.daemon.path
      ).end()
      #expect(end.status == 0)
      #expect(end.output.contains("USAGE"))
    }

    @Test func `a prompt may begin with help`() throws {
      #expect(
        try stage.ask("help", "me", "count").params["input"]?.string == "help me count")
    }

    @Test func `config runs the daemon beside halley`() throws {
      let end = try HalleyRun(["config", "check", "--config", stage.scratch.path + "/none.toml"])
        .end()
      #expect(end.status == 78)
      #expect(end.error.contains("none.toml"))
    }
  }
}
