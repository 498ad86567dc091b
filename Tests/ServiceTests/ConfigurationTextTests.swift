import Configuration
import Testing
import TestSupport

/// Texts that are no TOML, or hardly any.
@Suite struct ConfigurationTextTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  @Test(arguments: [
    "[", "[[", "[$x]", "[[$x]]", "[a.", "[a.]", "[.a]", "[a", "[[a]", "[a]]", "[ [a]]", "[]",
    "[[]]",
    "[\"\"\"x\"\"\"]", "[\"", "['", "a", "a.", "a =", "a = [", "a = {", "a = { b", "a = {,}", "= 1",
    "a = \"", "a = \"\\u", "a = \"\\uD800\"", "a = '''", "a = 1__0", "a = 0x", "a = +", "a = 1e",
    "a = 1979-", "a = 07:3", "a = tru", "a = nan1", "a = 99999999999999999999", "\u{FEFF}[",
    "a = \"\u{1}\"", "\u{0}", "a = 1\rb = 2", "$", "\"\"\"a\"\"\" = 1", "a . = 1", "[a . $]",
  ])
  func `what is no TOML is refused with its place`(text: String) throws {
    for text in [text, "\n" + text + "\n", "default_model = \"m\"\n" + text] {
      let errors = try scratch.errors(text)
      #expect(errors.count == 1, "\(text)")
      #expect(errors.first?.contains("expected TOML 1.0") == true, "\(text): \(errors)")
    }
  }

  @Test(arguments: [[0xFF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xED, 0xA0, 0x80]])
  func `what is no UTF-8 is refused`(bytes: [UInt8]) throws {
    for head in ["", "[", "a = \"", "# "] {
      let file = try scratch.write("config.toml", Array(head.utf8) + bytes)
      #expect(throws: ConfigurationErrors.self) {
        try ConfigurationLoader.load(
          mode: .user, environment: scratch.environment,
          overrides: ConfigurationOverrides(configFile: file))
      }
    }
  }

  @Test(arguments: ["\u{A1}", "é", "ы", "\u{499}", "\u{3001}", "\u{FEFE}", "\u{1F600}"])
  func `letters that TOML knows in texts alone are refused elsewhere`(letter: String) throws {
    for text in [
      letter, "a\(letter) = 1", "a = \(letter)", "a = 1\(letter)", "[\(letter)]", "[a]\(letter)",
    ] {
      #expect(try scratch.errors(text).count == 1, "\(text)")
    }
    let text = "default_model = \"\(letter)\" # \(letter)"
    #expect(try scratch.load(text).defaultModel == letter)
  }

  @Test func `a key of very many parts is refused where it stands`() throws {
    let key = String(repeating: "a.", count: 100_000) + "a"
    for text in ["[\(key)]", "\(key) = 1", "x = { \(key) = 1 }", "[[\(key)]]", "[ a . \(key)]"] {
      let errors = try scratch.errors("# first\n" + text)
      #expect(errors.count == 1)
      #expect(errors.first?.hasPrefix("config.toml:2:") == true, "\(errors)")
      #expect(errors.first?.contains("a key of more than 64 parts") == true, "\(errors)")
    }
  }

  @Test func `values nested very deep are refused`() throws {
    let deep = [("[", "]"), ("{ a = ", "}")].map { open, close in
      "a = " + String(repeating: open, count: 50_000) + "1"
        + String(repeating: close, count: 50_000)
    }
    for text in deep { #expect(try scratch.errors(text).count == 1) }
  }

  @Test func `dots in texts and comments are no parts of a key`() throws {
    let dots = String(repeating: ".", count: 200)
    let configuration = try scratch.load(
      """
      # \(dots) "
      default_model = "gpt\(dots)" # '\(dots)
      [profiles.p] # \"\"\"
      instructions = \"\"\"
      \(dots) \\"\"\" ' \(dots)
      \(dots)\"\"\"\"\"
      [profiles.q]
      instructions = '''\(dots)\\'''
      [profiles.r]
      instructions = "\\\\"
      """)
    #expect(configuration.defaultModel == "gpt\(dots)")
  }
}
