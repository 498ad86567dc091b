import Glibc
import JSON
import Testing
import Wire

extension ProgramTests {
  /// `halley chat` whose lines come from a pipe.
  struct ChatTests {
    private let stage = Stage()
    private var daemon: FakeDaemon { stage.daemon }

    /// Takes the connection, and the introduction that a chat begins with.
    private func accept() throws {
      daemon.accept()
      #expect(try daemon.request().method == "initialize")
    }

    private func makeConversation() throws {
      let request = try daemon.request()
      #expect(request.method == "conversations.create")
      daemon.send(result: #"{"id":"conv_1"}"#, of: request)
    }

    /// Answers the next message.
    @discardableResult
    private func answer(_ text: String) throws -> RawJSON {
      let request = try daemon.request()
      #expect(request.method == "responses.create")
      daemon.send(answer: text, of: request)
      return request.params
    }

    /// Answers the next call, which is no message.
    private func reply(_ result: String, to method: String) throws -> RawJSON {
      let request = try daemon.request()
      #expect(request.method == method)
      daemon.send(result: result, of: request)
      return request.params
    }

    @Test func `each line is a message, and stdout holds the answers alone`() throws {
      let run = try stage.start("chat", input: .text("one\n\ntwo\\\nlines\nlast"))
      try accept()
      try makeConversation()
      let first = try answer("1")
      #expect(first["input"]?.string == "one")
      #expect(first["conversation"]?.string == "conv_1")
      #expect(first["stream"]?.boolean == true)
      #expect(try answer("2\n")["input"]?.string == "two\nlines")
      #expect(try answer("3")["input"]?.string == "last")
      #expect(run.end() == .init(status: 0, output: "1\n2\n3\n", error: ""))
    }

    @Test func `the command line brings the first message and what stands around it`() throws {
      let file = stage.scratch.write("a.sh", "ls\n")
      let run = try stage.start(
        "chat", "-C", "refactor", "-m", "gpt", "-f", file, "what", "is", "this",
        input: .text("and now?\n"))
      try accept()
      let first = try answer("a")
      #expect(first["conversation"]?.string == "refactor")
      #expect(first["input"]?.string == "\(file):\n```sh\nls\n```\n\nwhat is this")
      let second = try answer("b")
      #expect(second["input"]?.string == "and now?")
      #expect(second["model"]?.string == "gpt")
      #expect(run.end().output == "a\nb\n")
    }

    @Test func `without store the daemon gets all that was said each time`() throws {
      let run = try stage.start("chat", "-n", input: .text("one\ntwo\n/undo\nthree\n"))
      try accept()
      let first = try answer("1")
      #expect(first["store"]?.boolean == false)
      #expect(first["conversation"] == nil)
      #expect(try answer("2")["input"]?.elements.count == 3)
      let third = try answer("3")["input"]?.elements ?? []
      #expect(third.count == 3)
      #expect(third.last?["content"]?.elements.first?["text"]?.string == "three")
      #expect(run.end().status == 0)
    }

    @Test func `continuing goes on from the terminal's last response, then from the chat's`() throws
    {
      let run = try stage.start("chat", "-c", input: .text("one\ntwo\n"))
      try accept()
      #expect(try answer("1")["halley"]?["continue"]?.boolean == true)
      let second = try answer("2")
      #expect(second["previous_response_id"]?.string == "resp_1")
      #expect(second["halley"]?["continue"] == nil)
      #expect(run.end().status == 0)
    }

    // MARK: Ends

    @Test func `Ctrl-C stops the answer and not the chat`() throws {
      let run = try stage.start("chat", "-C", "a", input: .open)
      try accept()
      run.write("one\n")
      let request = try daemon.request()
      daemon.send(delta: "partial", of: request)
      #expect(run.awaitOutput("partial"))
      run.signal(SIGINT)
      #expect(try daemon.request().method == "$/cancelRequest")
      daemon.send(answer: "partial", status: "cancelled", of: request)
      run.write("two\n")
      try answer("whole")
      run.closeInput()
      #expect(run.end() == .init(status: 0, output: "partial\nwhole\n", error: ""))
    }

    @Test func `a second Ctrl-C does not wait for the answer's end`() throws {
      let run = try stage.start("chat", "-C", "a", input: .open)
      try accept()
      run.write("one\n")
      let request = try daemon.request()
      daemon.send(delta: "partial", of: request)
      #expect(run.awaitOutput("partial"))
      run.signal(SIGINT)
      #expect(try daemon.request().method == "$/cancelRequest")
      run.signal(SIGINT)
      #expect(daemon.isLeft())
      run.write("two\n")
      try accept()
      try answer("whole")
      run.closeInput()
      #expect(run.end() == .init(status: 0, output: "partial\nwhole\n", error: ""))
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func `a signal ends a chat that waits for a pipe`(_ signal: Int32, _ status: Int32) throws {
      let run = try stage.start("chat", "-C", "a", input: .open)
      try accept()
      run.write("one\n")
      try answer("1")
      #expect(run.awaitOutput("1\n"))
      run.signal(signal)
      #expect(run.end().status == status)
    }

    @Test func `an error does not end the chat, but is its status`() throws {
      let run = try stage.start("chat", "-C", "a", input: .text("one\ntwo\n"))
      try accept()
      daemon.send(
        error: #"{"code":-32001,"message":"Too much.","data":{"code":"overloaded"}}"#,
        of: try daemon.request())
      try answer("2")
      let end = run.end()
      #expect(end.status == 75)
      #expect(end.output == "2\n")
      #expect(end.error == "halley: Too much.\n")
    }

    @Test func `a lost connection is made again`() throws {
      let run = try stage.start("chat", "-C", "a", input: .text("one\ntwo\n"))
      try accept()
      let request = try daemon.request()
      daemon.send(delta: "partial", of: request)
      #expect(run.awaitOutput("partial"))
      daemon.hangUp()
      try accept()
      try answer("whole")
      let end = run.end()
      #expect(end.status == 75)
      #expect(end.output == "partial\nwhole\n")
    }

    @Test func `without a daemon the status is 69`() throws {
      let path = stage.scratch.path + "/none"
      let end = try HalleyRun(["chat"], .text("hi\n"), socket: path).end()
      #expect(end.status == 69)
      #expect(end.error.contains("systemctl --user start halley.socket"))
    }

    @Test func `a reader that goes away ends the chat with 141`() throws {
      let run = try stage.start("chat", "-C", "a", input: .open)
      try accept()
      run.write("one\n")
      let request = try daemon.request()
      daemon.send(delta: "1", of: request)
      #expect(run.awaitOutput("1"))
      run.stopReading()
      #expect(try daemon.request().method == "$/cancelRequest")
      #expect(run.end().status == 141)
    }

    @Test(arguments: [["chat", "-a", "-"], ["chat", "--no-stdin"], ["chat", "-c", "-C", "a"]])
    func `options that make no sense are refused`(_ arguments: [String]) throws {
      #expect(try HalleyRun(arguments, socket: daemon.path).end().status == 64)
    }

    @Test func `a conversation in which nothing was said is not left behind`() throws {
      let run = try stage.start("chat", input: .text("one\n"))
      try accept()
      try makeConversation()
      daemon.send(error: #"{"code":-32603,"message":"No."}"#, of: try daemon.request())
      let params = try reply("{}", to: "conversations.delete")
      #expect(params["conversation"]?.string == "conv_1")
      #expect(run.end().status == 1)
    }

    // MARK: Commands

    @Test func `undo deletes the items of the last message, newest first`() throws {
      let run = try stage.start("chat", "-C", "a", input: .text("/undo\n"))
      try accept()
      let items =
        #"{"data":[{"id":"m4","role":"assistant"},{"id":"r3","type":"reasoning"},"#
        + #"{"id":"m2","role":"user","content":"what?"},{"id":"m1","role":"assistant"}]}"#
      #expect(
        try reply(items, to: "conversations.items.list").text
          == #"{"conversation":"a","limit":100}"#)
      let deleted = try (0..<3).map { _ in
        try reply("{}", to: "conversations.items.delete")["item_id"]?.string
      }
      #expect(deleted == ["m4", "r3", "m2"])
      #expect(run.end() == .init(status: 0, output: "", error: "took back: what?\n"))
    }

    @Test func `model, tools and attachments go with what follows`() throws {
      let file = stage.scratch.write("a.txt", "text")
      let run = try stage.start(
        "chat", "-C", "a",
        input: .text("/model gpt\n/tools git.* web\n/attach \(file)\none\n/tools off\ntwo\n"))
      try accept()
      _ = try reply(#"{"data":[{"id":"gpt-5"},{"id":"gpt"}]}"#, to: "models.list")
      let first = try answer("1")
      #expect(first["model"]?.string == "gpt")
      #expect(first["halley"]?["tools"]?.text == #"["git.*","web"]"#)
      let content = first["input"]?.elements.first?["content"]?.elements ?? []
      #expect(content.map { $0["type"]?.string } == ["input_text", "input_file"])
      let second = try answer("2")
      #expect(second["input"]?.string == "two")
      #expect(second["halley"]?["tools"] == nil)
      #expect(run.end().status == 0)
    }

    @Test func `a model that no upstream lists is told with the nearest`() throws {
      let run = try stage.start("chat", "-C", "a", input: .text("/model gtp-5\n"))
      try accept()
      _ = try reply(#"{"data":[{"id":"gpt-5"}]}"#, to: "models.list")
      #expect(
        run.end().error == "the model is gtp-5, which no upstream lists; did you mean gpt-5?\n")
    }

    @Test func `fork goes on in a copy`() throws {
      let run = try stage.start("chat", "-C", "a", input: .text("/fork b\none\n"))
      try accept()
      #expect(
        try reply(#"{"id":"conv_2","name":"b"}"#, to: "conversations.fork").text
          == #"{"conversation":"a","name":"b"}"#)
      #expect(try answer("1")["conversation"]?.string == "b")
      #expect(run.end().status == 0)
    }

    @Test func `save gives the conversation a name`() throws {
      let run = try stage.start("chat", input: .text("one\n/save notes\ntwo\n"))
      try accept()
      try makeConversation()
      try answer("1")
      _ = try reply(#"{"id":"conv_1","name":null}"#, to: "conversations.retrieve")
      #expect(
        try reply("{}", to: "conversations.update").text
          == #"{"conversation":"conv_1","name":"notes"}"#)
      #expect(try answer("2")["conversation"]?.string == "notes")
      #expect(run.end().status == 0)
    }

    @Test func `save writes a file, and never over another`() throws {
      let path = stage.scratch.path + "/chat.md"
      let run = try stage.start("chat", "-n", input: .text("one\n/save \(path)\n/save \(path)\n"))
      try accept()
      try answer("1")
      let end = run.end()
      #expect(end.status == 64)
      #expect(end.error.contains("\(path) can't be written: File exists"))
      let text = try Scratch.read(path)
      #expect(text == "## User\n\none\n\n## Assistant\n\n1\n")
    }

    @Test func `new begins another conversation`() throws {
      let run = try stage.start("chat", "-C", "a", input: .text("/new\none\n"))
      try accept()
      try makeConversation()
      #expect(try answer("1")["conversation"]?.string == "conv_1")
      #expect(run.end().status == 0)
    }

    @Test func `quit ends the chat before what follows`() throws {
      let run = try stage.start("chat", "-C", "a", input: .text("/quit\none\n"))
      try accept()
      #expect(daemon.isLeft())
      #expect(run.end().status == 0)
    }
  }
}
