import EventLoop
import JSON
import Plugins
import Testing
import TestSupport
import Wire

/// What a client of an MCP server says to it and takes from it.
@Suite(.onLoop) struct ToolsClientTests {
  @EventLoop
  private func client(_ server: FakeServer, limit: Duration = .seconds(10)) -> MCPClient {
    let client = MCPClient(server, startTimeout: limit)
    server.onStarted = { () async throws(PluginError) in try await client.begin() }
    return client
  }

  // MARK: Eras

  @Test @EventLoop func `a server of the stateless era is not initialized, and told all each time`()
    async throws
  {
    let server = FakeServer()
    server.speakStateless()
    server.list([])
    _ = try await client(server).listTools()
    #expect(server.methods.prefix(1) == ["server/discover"])
    #expect(!server.methods.contains("initialize"))
    let meta = server.params(of: "tools/list")?["_meta"]
    #expect(meta?["io.modelcontextprotocol/protocolVersion"]?.string == "2026-07-28")
    #expect(meta?["io.modelcontextprotocol/clientCapabilities"]?.text == "{}")
    #expect(meta?["io.modelcontextprotocol/clientInfo"]?["name"]?.string == "halleyd")
  }

  @Test(arguments: [-32601, -32602, -32600, -32000, -32022])
  @EventLoop func `a server that refuses to be discovered is initialized`(_ code: Int) async throws
  {
    let server = FakeServer()
    server.refuse("server/discover", .remote(code))
    server.speakHandshake()
    server.list([])
    _ = try await client(server).listTools()
    #expect(server.methods == ["server/discover", "initialize", "tools/list"])
    #expect(server.notifications.map(\.method) == ["notifications/initialized"])
    let params = server.params(of: "initialize")
    #expect(params?["protocolVersion"]?.string == "2025-11-25")
    #expect(params?["clientInfo"]?["name"]?.string == "halleyd")
    #expect(params?["_meta"] == nil)
    #expect(server.params(of: "tools/list")?.text == "{}")
  }

  @Test(arguments: ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
  @EventLoop func `every version with a handshake is taken`(_ version: String) async throws {
    let server = FakeServer()
    server.speakHandshake(version)
    server.list([])
    #expect(try await client(server).listTools().tools.isEmpty)
  }

  @Test @EventLoop func `a version that nobody knows is refused with those that are known`()
    async throws
  {
    let server = FakeServer()
    server.speakHandshake("1999-01-01")
    let error = await #expect(throws: PluginError.self) { try await client(server).listTools() }
    #expect(error?.code == .protocolViolation)
    #expect(error?.message.contains("\"1999-01-01\"") == true)
    #expect(error?.message.contains("2025-11-25, 2025-06-18") == true)
    #expect(server.notifications.isEmpty)
  }

  @Test @EventLoop func `a server that is silent before initialize is initialized, and soon`()
    async throws
  {
    let server = FakeServer()
    server.refuse("server/discover", .timedOut)
    server.speakHandshake()
    server.list([])
    let client = client(server, limit: .seconds(4))
    _ = try await client.listTools()
    #expect(server.requests[0].limit <= .seconds(2))
    server.end()
    _ = try await client.listTools()
    #expect(server.methods.filter { $0 == "server/discover" }.count == 1)
    #expect(server.methods.filter { $0 == "initialize" }.count == 2)
  }

  @Test @EventLoop func `a server that dies of being discovered is initialized the next time`()
    async throws
  {
    let server = FakeServer()
    server.refuse("server/discover", .died)
    server.speakHandshake()
    server.list([])
    let client = client(server)
    let error = await #expect(throws: PluginError.self) { try await client.listTools() }
    #expect(error?.code == .died)
    _ = try await client.listTools()
    #expect(server.methods == ["server/discover", "initialize", "tools/list"])
  }

  @Test @EventLoop func `a stateless server that was slow to start is asked once more`()
    async throws
  {
    let server = FakeServer()
    server.speakStateless()
    server.refuse("server/discover", .timedOut, once: true)
    server.refuse("initialize", .remote(-32022))
    server.list([])
    _ = try await client(server).listTools()
    #expect(
      server.methods.filter { $0 != "subscriptions/listen" }
        == ["server/discover", "initialize", "server/discover", "tools/list"])
    #expect(server.params(of: "tools/list")?["_meta"] != nil)
  }

  @Test @EventLoop func `a server that discovers itself as of the older era only is initialized`()
    async throws
  {
    let server = FakeServer()
    server.speakStateless(["2025-11-25"])
    server.speakHandshake()
    server.list([])
    _ = try await client(server).listTools()
    #expect(server.methods == ["server/discover", "initialize", "tools/list"])
  }

  @Test @EventLoop func `why a server can't be begun with is told, and it is tried again`()
    async throws
  {
    let server = FakeServer()
    server.refuse("server/discover", .unavailable, once: true)
    let client = client(server)
    let error = await #expect(throws: PluginError.self) { try await client.listTools() }
    #expect(error?.code == .unavailable)
    #expect(server.methods == ["server/discover"])
    server.speakStateless()
    server.list([])
    #expect(try await client.listTools().tools.isEmpty)
  }

  // MARK: Lists

  @Test @EventLoop func `tools are listed page by page`() async throws {
    let server = FakeServer()
    server.speakHandshake()
    let pages = [try RawJSON.tool("a"), try RawJSON.tool("b"), try RawJSON.tool("c")]
    server.answers["tools/list"] = { params in
      let page = params["cursor"]?.string.flatMap { Int($0) } ?? 0
      return .object {
        $0.key("tools")
        $0.array { $0.value(pages[page]) }
        if page < 2 { $0.member("nextCursor", "\(page + 1)") }
      }
    }
    let tools = try await client(server).listTools().tools
    #expect(tools.map { $0["name"]?.string } == ["a", "b", "c"])
  }

  @Test(arguments: [
    (#"{"tools":{}}"#, #""tools" of the server's answer is {}, an array"#),
    ("{}", "is missing, an array"), ("null", "the server's answer is null, an object"),
    (#"[{"name":"a"}]"#, "the server's answer is an array, an object"),
  ])
  @EventLoop func `a list that is none is refused`(_ page: String, _ why: String)
    async throws
  {
    let server = FakeServer()
    server.speakHandshake()
    let page = try RawJSON(parsing: page)
    server.answers["tools/list"] = { _ in page }
    let error = await #expect(throws: PluginError.self) { try await client(server).listTools() }
    #expect(error?.code == .protocolViolation)
    #expect(error?.message.contains(why) == true)
  }

  @Test(arguments: [["x"], ["x", "y"], ["x", "y", "z"]])
  @EventLoop func `a cursor that comes again ends the list`(_ cursors: [String]) async throws {
    let server = FakeServer()
    server.speakHandshake()
    let tools = [try RawJSON.tool("a"), try RawJSON.tool("b")]
    var page = 0
    server.answers["tools/list"] = { _ in
      defer { page += 1 }
      return .object {
        $0.key("tools")
        $0.array { for tool in tools { $0.value(tool) } }
        $0.member("nextCursor", cursors[page % cursors.count])
      }
    }
    let listed = try await client(server).listTools().tools
    #expect(listed.map { $0["name"]?.string } == ["a", "b"])
    #expect(page == cursors.count + 1)
  }

  @Test @EventLoop func `a list that only grows is cut off`() async throws {
    let server = FakeServer()
    server.speakHandshake()
    let tools = try (0..<1000).map { try RawJSON.tool("t\($0)") }
    server.answers["tools/list"] = { _ in
      .object {
        $0.key("tools")
        $0.array {
          for tool in tools[server.requests.count * 10..<server.requests.count * 10 + 10] {
            $0.value(tool)
          }
        }
        $0.member("nextCursor", "\(server.requests.count)")
      }
    }
    let list = try await client(server).listTools()
    #expect(list.tools.count == 512)
    #expect(list.cut == "lists more than 512 tools; the first 512 are taken")
    #expect(server.requests.count < 60)
  }

  @Test(arguments: ["5", "{}", "[]", "true"])
  @EventLoop func `a list that can't be gone on with is taken as far as it came`(
    _ cursor: String
  ) async throws {
    let server = FakeServer()
    server.speakHandshake()
    let page = try RawJSON(parsing: #"{"tools":[{"name":"a"}],"nextCursor":\#(cursor)}"#)
    server.answers["tools/list"] = { _ in page }
    let list = try await client(server).listTools()
    #expect(list.tools.count == 1)
    #expect(list.cut == "lists a \"nextCursor\" that is no text; the first 1 are taken")
  }

  @Test(arguments: ["", "null"])
  @EventLoop func `a cursor that is none ends the list`(_ cursor: String) async throws {
    let server = FakeServer()
    server.speakHandshake()
    let next = cursor.isEmpty ? RawJSON.string("") : .null
    server.answers["tools/list"] = { _ in
      .object {
        $0.key("tools")
        $0.array { _ in }
        $0.member("nextCursor", next)
      }
    }
    let list = try await client(server).listTools()
    #expect(list.cut == nil && server.requests.count(where: { $0.method == "tools/list" }) == 1)
  }

  @Test(arguments: ["null", "5", "[]", #""2025-11-25""#])
  @EventLoop func `a handshake that is none is refused`(_ answer: String) async throws {
    let server = FakeServer()
    let answer = try RawJSON(parsing: answer)
    server.answers["initialize"] = { _ in answer }
    let error = await #expect(throws: PluginError.self) { try await client(server).listTools() }
    #expect(error?.code == .protocolViolation)
    #expect(error?.message.contains("the server's answer is ") == true)
  }

  // MARK: What servers say unasked

  @Test @EventLoop func `a server of the stateless era is asked to tell of changed tools`()
    async throws
  {
    let server = FakeServer()
    server.speakStateless()
    server.list([])
    let client = client(server)
    _ = try await client.listTools()
    let changes = client.changes
    await server.wait(for: "subscriptions/listen")
    let params = server.params(of: "subscriptions/listen")
    #expect(params?["notifications"]?["toolsListChanged"]?.boolean == true)
    #expect(params?["_meta"] != nil)
    client.receive("notifications/tools/list_changed", .emptyObject)
    #expect(client.changes == changes + 1)
  }

  @Test @EventLoop func `a ping is answered, and no other request is`() throws {
    let client = client(FakeServer())
    #expect(try client.answer("ping", .emptyObject).get().text == "{}")
    for method in ["roots/list", "sampling/createMessage", "elicitation/create", "x\u{1B}[2J"] {
      let error = try #require(throws: (any Error).self) {
        try client.answer(method, .emptyObject).get()
      }
      #expect("\(error)".contains("\u{1B}") == false)
    }
    guard case .failure(let error) = client.answer("roots/list", .emptyObject) else {
      Issue.record("roots/list was answered")
      return
    }
    #expect(error.code.number == -32601)
  }

  @Test @EventLoop func `what a server logs comes on one line, without control characters, cut`()
    throws
  {
    let server = FakeServer()
    let client = client(server)
    client.receive(
      "notifications/message",
      try RawJSON(parsing: #"{"level":"warning","logger":"db","data":"a\n\u001b[31mb\u0007"}"#))
    client.receive("notifications/message", try RawJSON(parsing: #"{"data":{"a":1}}"#))
    client.receive("notifications/unknown", .emptyObject)
    #expect(server.messages == ["warning: db: a [31mb", #"info: {"a":1}"#])
    client.receive(
      "notifications/message", .object { $0.member("data", String(repeating: "é", count: 9000)) })
    #expect(server.messages[2].utf8.count <= 1024 + 6)
    #expect(server.messages[2].hasSuffix("é…"))
  }

  // MARK: Calls

  @Test @EventLoop func `a call carries name, arguments and a token for its progress`() async throws
  {
    let server = FakeServer()
    server.speakHandshake()
    server.answers["tools/call"] = { $0 }
    let arguments = try RawJSON(parsing: #"{"a":1.0}"#)
    let result = try await client(server).callTool("add", arguments, limit: .seconds(3))
    #expect(result["name"]?.string == "add")
    #expect(result["arguments"]?.text == #"{"a":1.0}"#)
    #expect(result["_meta"]?.text == #"{"progressToken":1}"#)
    #expect(server.requests.last?.limit == .seconds(3))
  }

  @Test @EventLoop func `a late call is cancelled at the server, and its last progress is told`()
    async throws
  {
    let server = FakeServer()
    server.speakHandshake()
    let client = client(server)
    server.refuse("tools/call", .timedOut)
    server.onRequest = { request in
      let token = request.params["_meta"]?["progressToken"] ?? .null
      client.receive(
        "notifications/progress",
        .object {
          $0.member("progressToken", token)
          $0.member("progress", 3)
          $0.member("total", 10)
          $0.member("message", "Cloning\n")
        })
    }
    let error = await #expect(throws: PluginError.self) {
      try await client.callTool("clone", .emptyObject, limit: .seconds(1))
    }
    #expect(error?.code == .timedOut)
    #expect(error?.message == "did not do it; the last progress was 3 of 10, Cloning ")
    let cancelled = try #require(server.notifications.last)
    #expect(cancelled.method == "notifications/cancelled")
    #expect(cancelled.params["requestId"]?.integer == Int64(server.requests.count))
  }
}
