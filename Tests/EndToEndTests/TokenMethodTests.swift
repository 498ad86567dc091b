import Glibc
import JSON
import Testing
import TestSupport

/// Tokens as users make them; what they allow is tested where they are used.
@Suite struct TokenMethodTests {
  private let stage: StateStage

  init() throws {
    stage = try StateStage()
  }

  private func create(_ params: String) throws -> Answer {
    try stage.client.call(1, "tokens.create", params)
  }

  private func list(_ client: SocketClient? = nil) throws -> [RawJSON] {
    let answer = try (client ?? stage.client).call(2, "tokens.list")
    return try #require(answer.result?["data"], "\(answer.message.text)").elements
  }

  @Test func `a token is told once, and is nowhere afterwards`() throws {
    let made = try create(#"{"name":"zed"}"#)
    let token = try #require(made.result?["token"]?.string)
    #expect(made.result?.text == #"{"name":"zed","token":"\#(token)"}"#)
    #expect(token.wholeMatch(of: /halley-[A-Za-z0-9_-]{43}/) != nil)
    let tokens = try list()
    #expect(tokens.count == 1)
    #expect(!tokens[0].text.contains(token))
    #expect(tokens[0]["sees"]?.string == "own")
    #expect(tokens[0]["read_only"]?.boolean == false)
    #expect(tokens[0]["models"]?.isNull == true)
    #expect(tokens[0]["tools"]?.elements.isEmpty == true)
    #expect(tokens[0]["last_used_at"]?.isNull == true)
    #expect(try !stage.filesContain(String(token.dropFirst(7))))
    try Wait.until("the entry in the log") {
      stage.daemon.log.contains("Token zed of uid \(geteuid()) was made")
    }
    #expect(!stage.daemon.log.contains(token))
    #expect(try create(#"{"name":"other"}"#).result?["token"]?.string != token)
  }

  @Test func `what it allows is kept over a restart`() throws {
    let limits =
      #"{"name":"zed","budget_usd_per_day":2.5,"models":["gpt*"],"tools":["git.*"],"#
      + #""read_only":true,"isolated":true}"#
    #expect(try create(limits).error == nil)
    let listed = try list()
    #expect(listed[0]["budget_usd_per_day"]?.double == 2.5)
    #expect(listed[0]["models"]?.text == #"["gpt*"]"#)
    #expect(listed[0]["tools"]?.text == #"["git.*"]"#)
    #expect(listed[0]["read_only"]?.boolean == true)
    #expect(listed[0]["sees"]?.string == "isolated")
    stage.client.close()
    #expect(try stage.daemon.stop().status == 0)
    #expect(try list(stage.restarted().connect()) == listed)
  }

  @Test func `a name is taken once, and is free again when its token is revoked`() throws {
    #expect(try create(#"{"name":"zed"}"#).error == nil)
    #expect(try create(#"{"name":"zed"}"#).errorCode == "conflict")
    let revoke = #"{"name":"zed"}"#
    let revoked = try stage.client.call(3, "tokens.revoke", revoke)
    #expect(revoked.result?.text == #"{"name":"zed","revoked":true}"#)
    #expect(try list().isEmpty)
    #expect(try stage.client.call(4, "tokens.revoke", revoke).errorCode == "not_found")
    #expect(try create(#"{"name":"zed"}"#).error == nil)
  }

  @Test(arguments: [
    #"{}"#, #"{"name":""}"#, #"{"name":"a b"}"#, #"{"name":"-a"}"#, #"{"name":"a@uid:0"}"#,
    #"{"name":"a/b"}"#, #"{"name":"é"}"#, #"{"name":"a","shared":true,"isolated":true}"#,
    #"{"name":"a","budget_usd_per_day":-1}"#, #"{"name":"a","models":[""]}"#,
    #"{"name":"a","no_member":1}"#,
  ])
  func `what makes no sense is refused, and makes no token`(_ params: String) throws {
    #expect(try create(params).errorCode == "invalid_params")
    #expect(try list().isEmpty)
  }

  @Test func `the service's own name is kept for it`() throws {
    #expect(try create(#"{"name":"default"}"#).errorCode == "conflict")
  }

  @Test func `without HTTP there is no address and no code`() throws {
    let info = try stage.client.call(1, "http.info")
    #expect(info.result?.text == #"{"listening":[],"socket":null,"token_file":null}"#)
    #expect(try stage.client.call(2, "http.code").errorCode == "config")
    #expect(unsafe access("\(stage.daemon.scratch.path)/s/http-token", F_OK) != 0)
  }
}
