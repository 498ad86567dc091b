import Configuration
import Testing

@Suite struct ConfigurationRoutingTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  private static let example = """
    [upstreams.cometapi]
    models = ["*"]
    [upstreams.openai]
    base_url = "https://api.openai.com/v1"
    [upstreams.mini]
    base_url = "https://mini.example"
    models = ["gpt-*-mini", "gpt-5*"]
    [upstreams.local]
    base_url = "http://127.0.0.1:8080/v1"
    models = ["local/*", "exact/name"]
    strip_prefix = true
    """

  @Test(arguments: [
    ("gpt-5.4", "mini", "gpt-5.4"), ("gpt-4-mini", "mini", "gpt-4-mini"),
    ("gpt-4", "cometapi", "gpt-4"),
    ("local/gemma", "local", "gemma"), ("local/a/b", "local", "a/b"), ("local/", "local", "local/"),
    ("exact/name", "local", "exact/name"), ("anything", "cometapi", "anything"),
  ])
  func `a model goes to the most specific glob`(model: String, upstream: String, sent: String)
    throws
  {
    let route = try scratch.load(Self.example).route(forModel: model)
    #expect(route.upstream.name == upstream)
    #expect(route.model == sent)
  }

  @Test func `an upstream that is asked for by name gets any model`() throws {
    let configuration = try scratch.load(Self.example)
    #expect(
      try configuration.route(forModel: "gpt-5.4", explicit: "openai").upstream.name == "openai")
    #expect(try configuration.route(forModel: "local/x", explicit: "local").model == "x")
    #expect(try configuration.route(forModel: "x", explicit: "local").model == "x")
    #expect(try configuration.upstream(forModel: "local/x", explicit: "mini").name == "mini")
  }

  @Test func `an upstream that nobody knows is refused with the nearest`() throws {
    let configuration = try scratch.load(Self.example)
    let error = try #require(throws: UnknownNameError.self) {
      try configuration.route(forModel: "m", explicit: "opnai")
    }
    #expect(error.message == "no upstream is named \"opnai\"")
    #expect(error.hint == "did you mean \"openai\"?")
    let other = try #require(throws: UnknownNameError.self) {
      try configuration.route(forModel: "m", explicit: "zzz")
    }
    #expect(other.hint == "known are: cometapi, openai, mini, local")
  }

  @Test func `the default upstream takes what no glob claims`() throws {
    let configuration = try scratch.load(
      """
      [upstreams.a]
      base_url = "https://a.example"
      models = ["a-*"]
      [upstreams.b]
      base_url = "https://b.example"
      models = ["b-*"]
      """)
    #expect(configuration.defaultUpstream == "a")
    #expect(try configuration.upstream(forModel: "b-1").name == "b")
    #expect(try configuration.upstream(forModel: "c-1").name == "a")
  }

  @Test func `default_upstream wins over an equally specific glob`() throws {
    let configuration = try scratch.load(
      """
      default_upstream = "b"
      [upstreams.cometapi]
      [upstreams.b]
      base_url = "https://b.example"
      [upstreams.c]
      base_url = "https://c.example"
      models = ["c-*"]
      """)
    #expect(try configuration.upstream(forModel: "gpt-5.4").name == "b")
    #expect(try configuration.upstream(forModel: "c-1").name == "c")
  }

  @Test func `of two equal globs the first counts`() throws {
    let configuration = try scratch.load(
      """
      [upstreams.cometapi]
      [upstreams.z]
      base_url = "https://z.example"
      models = ["x-*"]
      [upstreams.a]
      base_url = "https://a.example"
      models = ["x-*"]
      """)
    #expect(try configuration.upstream(forModel: "x-1").name == "z")
  }

  @Test func `who defines an upstream is not routed to the built-in one`() throws {
    let configuration = try scratch.load(
      "[upstreams.local]\nbase_url = \"http://127.0.0.1:1/v1\"\nmodels = [\"local/*\"]")
    #expect(try configuration.upstream(forModel: "gpt-5.4").name == "local")
    #expect(
      try configuration.upstream(forModel: "gpt-5.4", explicit: "cometapi").name == "cometapi")
  }

  @Test func `cometapi among several upstreams is the default`() throws {
    let configuration = try scratch.load(
      "[upstreams.a]\nbase_url = \"https://a.example\"\n[upstreams.cometapi]\nprewarm = false")
    #expect(configuration.defaultUpstream == "cometapi")
  }
}
