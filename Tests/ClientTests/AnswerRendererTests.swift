import Client
import Testing

struct AnswerRendererTests {
  private func render(
    _ look: AnswerRenderer.Look, _ pieces: [String], code: Bool = false
  ) -> String {
    var renderer = AnswerRenderer(look, extractsCode: code)
    var bytes: [UInt8] = []
    for piece in pieces { bytes += renderer.append(piece) }
    return String(decoding: bytes + renderer.finish(), as: UTF8.self)
  }

  @Test(arguments: [("a", "a\n"), ("a\n", "a\n"), ("", ""), ("\u{1B}[2J", "\u{1B}[2J\n")])
  func `plain is byte for byte with a line end`(_ text: String, _ shown: String) {
    #expect(render(.plain, [text]) == shown)
  }

  @Test func `raw adds nothing`() {
    #expect(render(.raw, ["a"]) == "a")
  }

  @Test func `a terminal gets no control characters`() {
    #expect(
      render(.terminal, ["a\u{1B}]0;x\u{07}b\u{9B}1m\tc\r\nd\u{7F}"])
        == "a␛]0;x␇b\u{FFFD}1m\tc\nd␡\n")
  }

  @Test func `a styled answer is harmless too`() {
    #expect(render(.styled, ["**\u{1B}**"]) == "\u{1B}[1m␛\u{1B}[0m\n")
  }

  @Test(arguments: [
    ("text\n```sh\nls\n```\nmore\n```\nno\n```", "ls\n"), ("~~~\na\n```\nb\n~~~\n", "a\n```\nb\n"),
    ("````\n```\nx\n```\n````", "```\nx\n```\n"), ("```\nopen", "open\n"),
    ("1. do\n   ```\n   a\n     b\n   ```", "a\n  b\n"), ("```\n```", ""), ("no block", ""),
  ])
  func `the first fenced block is cut out`(_ text: String, _ code: String) {
    #expect(render(.plain, [text], code: true) == code)
    #expect(render(.plain, text.map { String($0) }, code: true) == code)
  }

  @Test func `a missing block is known`() {
    var renderer = AnswerRenderer(.plain, extractsCode: true)
    _ = renderer.append("`a` ```b```\n")
    #expect(renderer.lacksCode)
    _ = renderer.append("```\n")
    #expect(!renderer.lacksCode)
  }
}
