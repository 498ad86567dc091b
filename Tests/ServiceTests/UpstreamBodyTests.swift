import JSON
import Service
import Store
import Testing
import Wire

@Suite struct UpstreamBodyTests {
  private let before: SaidBefore

  init() throws { before = try SaidBefore() }

  private static let answer =
    #"{"type":"message","id":"msg_1","role":"assistant","#
    + #""content":[{"type":"output_text","text":"then","annotations":[]}]}"#
  private static let secret = #"{"type":"reasoning","id":"rs_1","encrypted_content":"e"}"#

  private let main = UpstreamBody.Target(upstream: "main", keyIdentity: "key", model: "m")

  private func body(
    _ members: String, isBackground: Bool = false
  ) async throws -> UpstreamBody {
    let request = try SaidBefore.request(members)
    let input = try await RequestInput.read(request.body) { _ in nil }
    return UpstreamBody(
      request.body, input: input, context: try await before.context(members),
      isBackground: isBackground)
  }

  private func types(_ made: UpstreamBody.Made) -> [String?] {
    made.body["input"]?.elements.map { $0["type"]?.string } ?? []
  }

  @Test func `a first request is sent as it came`() async throws {
    let body = try await body(#""temperature":1.0"#)
    #expect(
      body.make(.replay, for: main).body.text == #"{"model":"m","input":"now","temperature":1.0}"#)
  }

  @Test func `each upstream gets the model by its own name, a prompt template none`() async throws {
    let other = UpstreamBody.Target(upstream: "other", keyIdentity: "key", model: "m-2")
    #expect(
      try await body(#""top_p":1"#).make(.replay, for: other).body["model"]?.string == "m-2")
    let prompt = UpstreamBody(
      try RawJSON(parsing: #"{"prompt":{"id":"p"}}"#),
      input: try await RequestInput.read(.emptyObject) { _ in nil }, context: RequestContext(),
      isBackground: false)
    #expect(prompt.make(.replay, for: other).body["model"] == nil)
  }

  @Test func `what was said before is sent along, or named where the upstream keeps it`()
    async throws
  {
    let id = try await before.say("1", [Self.answer])
    let body = try await body(#""previous_response_id":"\#(id)""#)
    let replayed = body.make(.replay, for: main)
    #expect(types(replayed) == ["message", "message", "message"])
    #expect(replayed.body["previous_response_id"] == nil && replayed.leftOut == 0)
    let chained = body.make(.chained(to: "up_1"), for: main).body
    #expect(chained["previous_response_id"]?.string == "up_1")
    #expect(chained["input"]?.string == "now")
  }

  @Test func `what another account encrypted is left out and counted`() async throws {
    let id = try await before.say("1", [Self.secret, Self.answer])
    let body = try await body(#""previous_response_id":"\#(id)""#)
    #expect(types(body.make(.replay, for: takingReasoning("main"))).contains("reasoning"))
    let foreign = body.make(.replay, for: takingReasoning("other"))
    #expect(!types(foreign).contains("reasoning") && foreign.leftOut == 1)
  }

  private func takingReasoning(_ upstream: String) -> UpstreamBody.Target {
    UpstreamBody.Target(upstream: upstream, keyIdentity: "key", model: "m", takesReasoning: true)
  }

  @Test func `encrypted reasoning is asked for once`() async throws {
    for members in [#""top_p":1"#, #""include":["reasoning.encrypted_content"]"#] {
      let made = try await body(members).make(.replay, for: main, encryptsReasoning: true)
      #expect(made.body["include"]?.text == #"["reasoning.encrypted_content"]"#)
    }
  }

  @Test(arguments: [true, false])
  func `a background response is a stream, and the upstream's own only where that holds it`(
    _ isHeld: Bool
  ) async throws {
    let body = try await body(#""background":true"#, isBackground: true)
    let made = body.make(.replay, for: main, isHeld: isHeld).body
    #expect(made["stream"]?.boolean == true)
    #expect((made["background"] != nil) == isHeld)
  }

  @Test func `the rounds of a response follow its input`() async throws {
    var body = try await body(#""top_p":1"#)
    let call = #"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#
    let output = #"{"type":"function_call_output","call_id":"c","output":"o"}"#
    body.add([call, output].map { RawJSON(checked: Array($0.utf8)[...]) }, by: main)
    let expected = ["message", "function_call", "function_call_output"]
    #expect(types(body.make(.replay, for: main)) == expected)
  }

  @Test func `what hooks made is sent as it is, with the model's name at the upstream`()
    async throws
  {
    var body = try await body(#""top_p":1"#)
    let replaced = try RawJSON(parsing: #"{"model":"m","input":"other"}"#)
    body.replacement = .init(body: replaced, shown: body.make(.replay, for: main).body)
    #expect(body.make(.replay, for: main).body.text == replaced.text)
    let other = UpstreamBody.Target(upstream: "other", keyIdentity: "key", model: "m-2")
    #expect(
      body.make(.replay, for: other).body.text == #"{"model":"m-2","input":"other"}"#)
  }

  @Test func `an upstream that keeps what was said is not asked to go on from half a call`()
    async throws
  {
    let call = #"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#
    let whole = try await before.say("1", [Self.answer])
    let half = try await before.say("2", [call])
    #expect(try await !body(#""previous_response_id":"\#(whole)""#).hasHalves)
    #expect(try await body(#""previous_response_id":"\#(half)""#).hasHalves)
  }
}
