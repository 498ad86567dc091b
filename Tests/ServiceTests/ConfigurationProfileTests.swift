import Configuration
import JSON
import Testing

@Suite struct ConfigurationProfileTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  @Test func `a profile holds a request's defaults as JSON`() throws {
    let configuration = try scratch.load(
      """
      [profiles.commit]
      model = "gpt-5.4-mini"
      upstream = "cometapi"
      instructions = "Write a commit message"
      tools = ["git.*"]
      temperature = 0.5
      top_p = 1.0
      max_output_tokens = 100
      store = false
      include = ["reasoning.encrypted_content"]
      reasoning = { effort = "low", summary = "auto" }
      [profiles.commit.parameters]
      chat_template_kwargs = { enable_thinking = false }
      """)
    let profile = try configuration.requireProfile("commit")
    #expect(profile.model == "gpt-5.4-mini")
    #expect(profile.upstream == "cometapi")
    #expect(profile.instructions == "Write a commit message")
    #expect(profile.tools == [Glob("git.*")])
    let parameters = profile.parameters.map { "\($0.name)=\($0.value.text)" }.sorted()
    #expect(
      parameters == [
        "chat_template_kwargs={\"enable_thinking\":false}",
        "include=[\"reasoning.encrypted_content\"]", "max_output_tokens=100",
        "reasoning={\"effort\":\"low\",\"summary\":\"auto\"}", "store=false", "temperature=0.5",
        "top_p=1",
      ])
  }

  @Test(arguments: [
    "input = \"x\"", "stream = true", "conversation = \"c\"", "previous_response_id = \"r\"",
  ])
  func `what belongs to one exchange is no default`(line: String) throws {
    #expect(try scratch.errors("[profiles.p]\n\(line)").first?.contains("unknown key") == true)
    let nested = try scratch.errors("[profiles.p.parameters]\n\(line)")
    #expect(nested.first?.contains("that may be a default") == true)
  }

  @Test(arguments: ["inf", "nan", "2020-01-01", "[1, 12:00:00]", "{ a = inf }"])
  func `what JSON can't say is refused`(value: String) throws {
    let errors = try scratch.errors("[profiles.p]\nmetadata = \(value)")
    #expect(errors.count == 1)
    #expect(errors.first?.contains("profiles.p.metadata: found ") == true)
    #expect(errors.first?.contains("a value that JSON has too") == true)
  }

  @Test func `a profile that nobody knows is refused with the nearest`() throws {
    let configuration = try scratch.load("[profiles.commit]")
    let error = try #require(throws: UnknownNameError.self) {
      try configuration.requireProfile("comit")
    }
    #expect(error.hint == "did you mean \"commit\"?")
    let none = try #require(throws: UnknownNameError.self) {
      try scratch.load("").requireProfile("p")
    }
    #expect(none.hint == "define [profiles.p] in config.toml")
  }
}
