import Configuration
import EventLoop
import HTTPClient
import JSON
import Service
import Testing
import TestSupport
import Wire

@Suite(.serialized, .onLoop) struct RequestPlanTests {
  private static let example = """
    [upstreams.main]
    base_url = "https://main.example/v1"
    models = ["*"]
    fallback = ["spare", "local"]
    total_timeout = "60s"
    [upstreams.spare]
    base_url = "https://spare.example/v1"
    [upstreams.local]
    base_url = "http://127.0.0.1:8080/v1"
    models = ["local/*"]
    strip_prefix = true
    [profiles.code]
    model = "local/coder"
    instructions = "Be short."
    temperature = 0.5
    tools = ["git.*"]
    """

  private let configuration: Configuration

  init() throws {
    configuration = try ConfigurationScratch().load(Self.example)
  }

  /// The upstreams of the configuration, of which nobody is asked.
  @EventLoop
  private func upstreams() throws -> [String: Upstream] {
    let probe = BreakerProbe(
      http: try HTTPClient(), keys: APIKeys(paths: configuration.paths))
    return Dictionary(
      uniqueKeysWithValues: configuration.upstreams.map {
        ($0.name, Upstream($0, probe: probe))
      })
  }

  @EventLoop
  private func plan(_ members: String) throws -> RequestPlan {
    let params = try RawJSON(parsing: #"{"input":"x"\#(members.isEmpty ? "" : ",")\#(members)}"#)
    return try RequestPlan(CreateRequest(params: params), configuration, upstreams(), within: nil)
  }

  private func ways(_ plan: RequestPlan) -> [String] {
    EventLoop.assumeIsolated { plan.candidates.map { "\($0.upstream.name) \($0.model)" } }
  }

  @Test @EventLoop func `fallbacks follow, each with the model by its own name`() throws {
    #expect(
      ways(try plan(#""model":"local/gemma""#)) == ["local gemma"])
    #expect(
      ways(try plan(#""model":"gpt","halley":{"upstream":"main"}"#))
        == ["main gpt", "spare gpt", "local gpt"])
    #expect(
      ways(try plan(#""model":"local/gemma","halley":{"upstream":"main"}"#))
        == ["main local/gemma", "spare local/gemma", "local gemma"])
  }

  @Test @EventLoop func `a profile says what the request does not`() throws {
    let plan = try plan(#""temperature":1,"halley":{"profile":"code"}"#)
    #expect(plan.model == "local/coder" && ways(plan) == ["local coder"])
    #expect(plan.body["instructions"]?.string == "Be short.")
    #expect(plan.body["temperature"]?.text == "1")
    #expect(plan.tools == ["git.*"])
    // The upstreams' names for it stand in the bodies.
    #expect(plan.body["model"] == nil)
  }

  @Test @EventLoop func `tools of the request take the place of the profile's`() throws {
    #expect(
      try plan(#""halley":{"profile":"code","tools":["web.search"]}"#).tools == ["web.search"])
  }

  @Test @EventLoop func `the shorter limit counts`() throws {
    let ask = #""model":"gpt","halley":{"upstream":"main""#
    #expect(try plan(ask + "}").deadline == .seconds(60))
    #expect(try plan(ask + #","timeout_s":5}"#).deadline == .seconds(5))
    #expect(try plan(ask + #","timeout_s":90}"#).deadline == .seconds(60))
  }

  @Test(arguments: [
    ("[]", false), (#"[{"type":"function","name":"f","parameters":{}}]"#, false),
    (#"[{"type":"web_search"}]"#, false),
    (#"[{"type":"code_interpreter","container":"c"}]"#, true),
  ])
  @EventLoop func `tools that do something are not asked for twice`(
    _ tools: String, _ hasSideEffects: Bool
  ) throws {
    #expect(
      try plan(#""model":"m","tools":\#(tools)"#).hasSideEffects == hasSideEffects)
  }

  @Test @EventLoop func `what hooks made goes where the model is that it names`() throws {
    let plan = try plan(#""model":"gpt","halley":{"timeout_s":5}"#)
    let body = try RawJSON(parsing: #"{"model":"local/gemma","input":"x"}"#)
    let options = try CreateRequest(
      params: RawJSON(parsing: #"{"input":"x","halley":{"timeout_s":5}}"#)
    ).options
    let replaced = try plan.replaced(by: body, options, configuration, upstreams())
    #expect(replaced.model == "local/gemma" && ways(replaced) == ["local gemma"])
    #expect(replaced.deadline == .seconds(5))
    let same = try plan.replaced(by: plan.body, options, configuration, upstreams())
    #expect(ways(same) == ways(plan))
  }

  @Test(arguments: ["profile", "upstream"])
  @EventLoop func `a name that nobody knows is refused`(_ kind: String) throws {
    let error = try #require(throws: RPCError.self) {
      try plan(#""model":"m","halley":{"\#(kind)":"spar"}"#)
    }
    #expect(error.code == .config)
    #expect(error.json["data"]?[kind]?.string == "spar")
    #expect(error.json["data"]?["hint"]?.string?.isEmpty == false)
  }
}
