import Configuration
import Testing

@Suite struct ConfigurationGlobTests {
  @Test(arguments: [
    ("*", "gpt-5.4", true), ("*", "", true), ("gpt-*", "gpt-5.4", true), ("gpt-*", "gpt", false),
    ("*-mini", "gpt-5.4-mini", true), ("*-mini", "gpt-5.4-minimal", false), ("a?c", "abc", true),
    ("a?c", "ac", false), ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXcYb", false),
    ("abc", "abc", true),
    ("abc", "ABC", false), ("a.c", "abc", false), ("é?", "éa", true), ("", "", true),
    ("", "a", false),
  ])
  func `a glob matches whole names`(pattern: String, name: String, matches: Bool) {
    #expect(Glob(pattern).matches(name) == matches)
  }

  @Test func `a glob of many stars stays quick`() {
    let pattern = String(repeating: "a*", count: 100) + "b"
    #expect(!Glob(pattern).matches(String(repeating: "a", count: 5000)))
  }

  @Test func `the literal prefix ends at the first wildcard`() {
    #expect(Glob("local/*").literalPrefix == "local/")
    #expect(Glob("a?b*").literalPrefix == "a")
    #expect(Glob("exact").literalPrefix == "exact")
  }
}
