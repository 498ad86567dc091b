import Glibc
import JSON
import Testing
import TestSupport

/// What comes over TCP with a token may do what the token allows, and nothing without one.
@Suite struct TokenHTTPTests {
  private static let prices = """
    [prices."gpt-5.4"]
    input = 1000.0
    output = 1000.0

    """

  private let stage: StateStage
  private let address: String

  init() throws {
    stage = try StateStage(rest: Self.prices + "[http]\nlisten = [\"127.0.0.1:0\"]\n")
    let info = try stage.client.call(1, "http.info").result
    address = try #require(info?["listening"]?.elements.first?["address"]?.string)
  }

  private struct Reply {
    let status: Int
    let body: RawJSON

    var errorCode: String? { body["error"]?["code"]?.string }
    var id: String { body["id"]?.string ?? "" }
  }

  private func ask(
    _ verb: String, _ path: String, _ token: String?, body: String? = nil, field: String = "Bearer"
  ) throws -> Reply {
    var head = "\(verb) \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n"
    if let token {
      head += field == "Bearer" ? "Authorization: Bearer \(token)\r\n" : "\(field): \(token)\r\n"
    }
    if let body {
      head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
    }
    let answer = try LoopbackConnection(address).exchange(head + "\r\n" + (body ?? ""))
    let status = try #require(Int(answer.dropFirst(9).prefix(3)), "\(answer)")
    let start = try #require(answer.firstRange(of: "\r\n\r\n")?.upperBound)
    return Reply(status: status, body: try RawJSON(parsing: String(answer[start...])))
  }

  private func say(_ token: String, _ members: String = "") throws -> Reply {
    let more = members.isEmpty ? "" : ",\(members)"
    return try ask(
      "POST", "/v1/responses", token, body: #"{"model":"gpt-5.4","input":"hello"\#(more)}"#)
  }

  private func token(_ name: String, _ limits: String = "") throws -> String {
    let more = limits.isEmpty ? "" : ",\(limits)"
    let answer = try stage.client.call(7, "tokens.create", #"{"name":"\#(name)"\#(more)}"#)
    return try #require(answer.result?["token"]?.string, "\(answer.message.text)")
  }

  @Test func `nobody is served without a token, or with another one`() throws {
    let token = try token("zed")
    #expect(try ask("GET", "/v1/models", token).status == 200)
    #expect(try ask("GET", "/v1/models", token, field: "api-key").status == 200)
    let wrong = String(token.dropLast()) + (token.hasSuffix("A") ? "E" : "A")
    for (given, field) in [
      (nil, "Bearer"), ("", "Bearer"), (wrong, "Bearer"), (String(token.dropFirst(7)), "Bearer"),
      (token, "Cookie"), ("Basic \(token)", "Authorization"), (token, "x-api-key"),
    ] as [(String?, String)] {
      let answer = try ask("GET", "/v1/models", given, field: field)
      #expect(answer.status == 401, "\(given ?? "none") as \(field)")
      #expect(answer.errorCode == "invalid_api_key")
    }
    #expect(try ask("GET", "/v1/models?token=\(token)&api_key=\(token)", nil).status == 401)
  }

  @Test func `a revoked token is refused from then on`() throws {
    let token = try token("zed")
    #expect(try say(token).status == 200)
    _ = try stage.client.call(2, "tokens.revoke", #"{"name":"zed"}"#)
    #expect(try say(token).status == 401)
  }

  @Test func `the user sees what a token made, the token no more than its own`() throws {
    let (zed, other) = (try token("zed"), try token("other"))
    let shared = try token("shared", #""shared":true"#)
    let isolated = try token("box", #""isolated":true"#)
    let made = try say(zed)
    #expect(made.status == 200)
    let own = try stage.client.say("mine")
    let boxed = try say(isolated)
    #expect(try stage.client.retrieve(made.id).status == "completed")
    #expect(try stage.client.retrieve(boxed.id).errorCode == "not_found")
    for (token, id, status) in [
      (zed, made.id, 200), (zed, own.id, 404), (zed, boxed.id, 404), (other, made.id, 404),
      (shared, made.id, 200), (shared, own.id, 200), (shared, boxed.id, 404),
      (isolated, boxed.id, 200), (isolated, made.id, 404), (isolated, own.id, 404),
    ] {
      #expect(try ask("GET", "/v1/responses/\(id)", token).status == status)
    }
    let usage = try stage.client.call(3, "usage.summary", #"{"by":"client"}"#)
    let clients = usage.result?["data"]?.elements.compactMap { $0["client"]?.string } ?? []
    #expect(clients.contains("zed"), "\(clients)")
  }

  @Test func `models and tools are those that it may use`() throws {
    let token = try token("zed", #""models":["gpt-5.4"]"#)
    #expect(try say(token).status == 200)
    let refused = try ask(
      "POST", "/v1/responses", token, body: #"{"model":"gpt-5.4-mini","input":"x"}"#)
    #expect(refused.status == 403)
    for path in ["responses/input_tokens", "responses/compact"] {
      let answer = try ask(
        "POST", "/v1/\(path)", token, body: #"{"model":"gpt-5.4-mini","input":"x"}"#)
      #expect(answer.status == 403, "\(path)")
    }
    let models = try ask("GET", "/v1/models", token).body["data"]?.elements ?? []
    #expect(models.compactMap { $0["id"]?.string } == ["gpt-5.4"])
    #expect(try ask("GET", "/v1/models/gpt-5.4", token).status == 200)
    #expect(try ask("GET", "/v1/models/gpt-5.4-mini", token).status == 403)
    #expect(try say(token, #""halley":{"tools":["git.*"]}"#).status == 403)
  }

  @Test func `what a hosted tool asks is a model too`() throws {
    let token = try token("zed", #""models":["gpt-5.4"]"#)
    func status(_ tools: String, _ input: String = #""x""#) throws -> Reply {
      try ask(
        "POST", "/v1/responses", token,
        body: #"{"model":"gpt-5.4","input":\#(input),"tools":\#(tools)}"#)
    }
    let image = #"[{"type":"image_generation","model":"gpt-image-1"}]"#
    let refused = try status(image)
    #expect(refused.status == 403)
    #expect(refused.body["error"]?["param"]?.string == "tools[0].model")
    #expect(try status(#"[{"type":"image_generation","model":"gpt-5.4"}]"#).status == 200)
    #expect(try status(#"[{"type":"image_generation"}]"#).status == 200)
    let item = #"[{"type":"additional_tools","tools":\#(image)},{"role":"user","content":"x"}]"#
    #expect(try status("[]", item).status == 403)
  }

  @Test func `an item that is named is the user's own, or not found`() throws {
    let isolated = try token("box", #""isolated":true"#)
    let made = try stage.client.call(
      2, "conversations.create", #"{"items":[{"type":"message","role":"user","content":"mine"}]}"#)
    let id = try #require(made.result?["id"]?.string)
    let items = try stage.client.call(3, "conversations.items.list", #"{"conversation":"\#(id)"}"#)
    let item = try #require(items.result?["data"]?.elements.first?["id"]?.string)
    let reference = #"{"items":[{"type":"item_reference","id":"\#(item)"}]}"#
    let bare = #"{"items":[{"id":"\#(item)"}]}"#
    for body in [reference, bare, reference.replacing(item, with: "msg_none")] {
      #expect(try ask("POST", "/v1/conversations", isolated, body: body).status == 404)
    }
    let empty = try ask("POST", "/v1/conversations", isolated, body: "{}")
    let added = try ask(
      "POST", "/v1/conversations/\(empty.id)/items", isolated, body: reference)
    #expect(added.status == 404)
    let copy = try stage.client.call(4, "conversations.create", reference)
    let other = try #require(copy.result?["id"]?.string, "\(copy.message.text)")
    let copied = try stage.client.call(
      5, "conversations.items.list", #"{"conversation":"\#(other)"}"#)
    let first = try #require(copied.result?["data"]?.elements.first)
    #expect(first["type"]?.string == "message" && RawJSON.said(first) == "mine")
    let unknown = try stage.client.call(
      6, "conversations.items.create",
      #"{"conversation":"\#(other)","items":[{"type":"item_reference","id":"msg_none"}]}"#)
    #expect(unknown.errorCode == "not_found")
    #expect(unknown.param == "items[0].id")
  }

  @Test func `a user's tokens share what the user may, whatever they see`() throws {
    let stage = try StateStage(
      rest: "[http]\nlisten = [\"127.0.0.1:0\"]\n[limits]\nrequests = 1\n")
    let info = try stage.client.call(1, "http.info").result
    let address = try #require(info?["listening"]?.elements.first?["address"]?.string)
    let tokens = try ["a", "b"].map { name in
      let made = try stage.client.call(2, "tokens.create", #"{"name":"\#(name)","isolated":true}"#)
      return try #require(made.result?["token"]?.string)
    }
    func say(_ token: String, _ members: String) throws -> String {
      let body = #"{"model":"m","input":"x"\#(members)}"#
      return try LoopbackConnection(address).exchange(
        "POST /v1/responses HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n"
          + "Authorization: Bearer \(token)\r\nContent-Type: application/json\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
    let endless = #","background":true,"metadata":{"endless":"deltas","event_delay_ms":"5"}"#
    #expect(try say(tokens[0], endless).hasPrefix("HTTP/1.1 200 "))
    #expect(try say(tokens[1], "").hasPrefix("HTTP/1.1 429 "))
    #expect(try stage.client.say("x").errorCode == "overloaded")
  }

  @Test func `who may only look changes nothing and spends nothing`() throws {
    let token = try token("look", #""read_only":true,"shared":true"#)
    let own = try stage.client.say("mine", #""conversation":"c""#)
    let conversation = try #require(own.halley?["conversation"]?["id"]?.string)
    #expect(try ask("GET", "/v1/responses/\(own.id)", token).status == 200)
    #expect(try ask("GET", "/v1/conversations/\(conversation)/items", token).status == 200)
    let before = try stage.simulator.count("creates")
    for (verb, path) in [
      ("POST", "responses"), ("POST", "responses/input_tokens"), ("POST", "responses/compact"),
      ("POST", "responses/\(own.id)/cancel"), ("DELETE", "responses/\(own.id)"),
      ("POST", "conversations"), ("POST", "conversations/\(conversation)"),
      ("DELETE", "conversations/\(conversation)"),
      ("POST", "conversations/\(conversation)/items"), ("POST", "chat/completions"),
    ] {
      let body =
        verb == "POST"
        ? #"{"model":"gpt-5.4","input":"x","messages":[{"role":"user","content":"x"}]}"# : nil
      #expect(try ask(verb, "/v1/\(path)", token, body: body).status == 403, "\(verb) \(path)")
    }
    #expect(try stage.simulator.count("creates") == before)
  }

  @Test func `a token spends a day what it may, and its user more`() throws {
    let token = try token("zed", #""budget_usd_per_day":0.2"#)
    #expect(try say(token, #""max_output_tokens":64"#).status == 200)
    let refused = try say(token, #""max_output_tokens":190"#)
    #expect(refused.status == 429)
    #expect(refused.errorCode == "insufficient_quota")
    #expect(try stage.client.say("x", #""max_output_tokens":190"#).error == nil)
  }

  @Test func `a token makes no tokens and reloads nothing, whatever its user may`() throws {
    let info = try stage.client.call(1, "http.info").result
    let file = try #require(info?["token_file"]?.string)
    let token = try TextFile.text(file).replacing("\n", with: "")
    #expect(try say(token).status == 200)
    #expect(try ask("POST", "/v1/tokens", token, body: "{}").status == 404)
    var status = stat()
    try #require(unsafe lstat(file, &status) == 0)
    #expect(status.st_mode == S_IFREG | 0o600)
    #expect(file == "\(stage.daemon.scratch.path)/s/http-token")
  }

  @Test func `the first token stays over a restart, and is another where its file has gone`() throws
  {
    let file = "\(stage.daemon.scratch.path)/s/http-token"
    _ = try stage.client.call(1, "http.info")
    let first = try TextFile.text(file)
    stage.client.close()
    #expect(try stage.daemon.stop().status == 0)
    let rest = "[http]\nlisten = [\"127.0.0.1:0\"]\n"
    let second = try stage.restarted(rest: rest)
    _ = try second.connect().call(1, "http.info")
    #expect(try TextFile.text(file) == first)
    #expect(try second.stop().status == 0)
    try #require(unsafe unlink(file) == 0)
    let third = try stage.restarted(rest: rest)
    let client = try third.connect()
    _ = try client.call(1, "http.info")
    #expect(try TextFile.text(file) != first)
    let tokens = try client.call(2, "tokens.list").result?["data"]?.elements ?? []
    #expect(tokens.compactMap { $0["name"]?.string } == ["default"])
  }

  @Test func `a page gets a token for a code, once, that looks and cancels`() throws {
    let code = try #require(try stage.client.call(2, "http.code").result?["code"]?.string)
    func redeem(_ code: String) throws -> Reply {
      try ask("POST", "/halley/session", nil, body: #"{"code":"\#(code)"}"#)
    }
    #expect(try redeem(code + "x").status == 403)
    let page = try #require(try redeem(code).body["token"]?.string)
    #expect(try redeem(code).status == 403)
    let own = try stage.client.say("mine")
    _ = try token("zed", #""budget_usd_per_day":2"#)
    let overview = try ask("GET", "/halley/overview", page)
    let budgets = overview.body["budgets"]?.elements ?? []
    #expect(budgets.contains { $0["name"]?.string == "token.zed" }, "\(overview.body.text)")
    #expect(try ask("GET", "/halley/usage?by=day", page).status == 200)
    #expect(try ask("GET", "/v1/responses/\(own.id)", page).status == 200)
    #expect(try say(page).status == 403)
    #expect(try ask("DELETE", "/v1/responses/\(own.id)", page).status == 403)
    let running = try stage.client.say(
      "x", #""background":true,"metadata":{"endless":"deltas","event_delay_ms":"5"}"#)
    let cancelled = try ask("POST", "/v1/responses/\(running.id)/cancel", page, body: "{}")
    #expect(cancelled.body["status"]?.string == "cancelled")
    for path in ["/halley/overview", "/halley/usage"] {
      #expect(try ask("GET", path, try token("t\(path.utf8.count)")).status == 403)
      #expect(try ask("GET", path, nil).status == 401)
    }
  }

  @Test func `an upstream that is this daemon is not asked`() throws {
    try stage.daemon.writeConfiguration(
      """
      default_upstream = "self"
      [upstreams.self]
      base_url = "http://\(address)/v1"
      api_key = { none = true }
      [http]
      listen = ["127.0.0.1:0"]
      """)
    #expect(try stage.client.call(1, "daemon.reload").error == nil)
    let answer = try stage.client.say("round and round")
    #expect(answer.errorCode == "config")
    #expect(answer.error?["message"]?.string?.contains("this daemon itself") == true)
  }

  @Test func `an upstream whose path leads to this daemon is not asked, whatever its name`() throws
  {
    let place = "\(stage.daemon.scratch.path)/later.sock"
    try stage.daemon.writeConfiguration(
      """
      default_upstream = "self"
      [upstreams.self]
      base_url = "unix:\(place)"
      api_key = { none = true }
      [http]
      listen = ["127.0.0.1:0"]
      """)
    #expect(try stage.client.call(1, "daemon.reload").error == nil)
    for path in [stage.daemon.httpSocketPath, stage.daemon.socketPath] {
      try #require(unsafe symlink(path, place) == 0)
      let answer = try stage.client.say("round and round")
      #expect(answer.errorCode == "config")
      #expect(answer.error?["message"]?.string?.contains("this daemon itself") == true)
      try #require(unsafe unlink(place) == 0)
    }
  }

  @Test func `a first token that is revoked is given to no shell`() throws {
    let halley = try Binaries.path(of: "halley")
    let environment = ["HALLEY_SOCKET": stage.daemon.socketPath]
    let file = "\(stage.daemon.scratch.path)/s/http-token"
    _ = try stage.client.call(1, "http.info")
    #expect(TextFile.mode(of: file) != nil)
    #expect(
      try run([halley, "token", "revoke", "default"], environment: environment).status == 0)
    #expect(TextFile.mode(of: file) == nil)
    let end = try run([halley, "env"], environment: environment)
    #expect(end.status == 69)
    #expect(end.output == "")
    #expect(end.error.contains("revoked"))
  }

  @Test func `a shell and a program are told what works`() throws {
    let halley = try Binaries.path(of: "halley")
    let end = try run([halley, "env"], environment: ["HALLEY_SOCKET": stage.daemon.socketPath])
    #expect(end.status == 0, "\(end.error)")
    let match = try #require(
      end.output.wholeMatch(
        of: /export OPENAI_BASE_URL='http:\/\/(.*)\/v1' OPENAI_API_KEY='(.*)'\n/))
    #expect(match.1 == address[...])
    #expect(try say(String(match.2)).status == 200)
    let made = try run(
      [halley, "token", "new", "zed", "--budget", "2/day"],
      environment: ["HALLEY_SOCKET": stage.daemon.socketPath])
    #expect(made.error.contains("on_unknown_price"), "\(made.error)")
    let token = made.output.replacing("\n", with: "")
    #expect(try say(token, #""max_output_tokens":64"#).status == 200)
  }
}
