import Client
import Testing

struct PromptTemplateTests {
  private func fill(
    _ text: String, input: String = "", _ parameters: [String: String] = [:]
  ) throws -> String {
    try PromptTemplate(name: "t", text: text).fill(input: input, parameters: parameters)
  }

  private func failure(_ body: () throws -> Void) -> Failure? {
    #expect(throws: Failure.self, performing: body)
  }

  @Test func `places are filled once and nowhere else`() throws {
    #expect(
      try fill(
        "{{a}} {{ b-c }} {{input}} {{not a name}} {{", input: "I", ["a": "{{b}}", "b-c": "2"])
        == "{{b}} 2 I {{not a name}} {{")
  }

  @Test func `a template without a place for the prompt gets it behind a blank line`() throws {
    #expect(try fill("Translate:\n", input: "hello") == "Translate:\n\nhello")
    #expect(try fill("Say something.\n") == "Say something.")
  }

  @Test func `front matter sets what options would`() throws {
    let template = try PromptTemplate(
      name: "t", text: "---\nmodel: gpt-5.4\n# a comment\ninstructions: \"Be: brief\"\n---\nBody\n")
    #expect(template.values == ["model": "gpt-5.4", "instructions": "Be: brief"])
    #expect(try template.fill(input: "", parameters: [:]) == "Body")
  }

  @Test func `a missing parameter is named`() throws {
    let failure = failure { _ = try fill("{{lang}}") }
    #expect(failure?.status == .usage)
    #expect(failure?.message == "template t needs a value for {{lang}}")
  }

  @Test func `a parameter without a place is named`() throws {
    let failure = failure { _ = try fill("x", ["lnag": "de"]) }
    #expect(failure?.message == "template t has no place {{lnag}} for -P lnag=…")
  }

  @Test func `an unknown setting names the nearest`() throws {
    let failure = failure { _ = try PromptTemplate(name: "t", text: "---\nmodle: x\n---\n") }
    #expect(failure?.message.contains("\"modle\" is no setting") == true)
    #expect(failure?.advice == "did you mean \"model\"?")
  }

  @Test func `front matter that never ends is refused`() throws {
    let failure = failure { _ = try PromptTemplate(name: "t", text: "---\nmodel: x\n") }
    #expect(failure?.message.contains("no closing line") == true)
  }

  @Test(arguments: ["../secret", "", ".hidden", "a/b"])
  func `a template's name can't leave the directory`(_ name: String) throws {
    let failure = failure { _ = try PromptTemplate(named: name) }
    #expect(failure?.status == .usage)
  }
}
