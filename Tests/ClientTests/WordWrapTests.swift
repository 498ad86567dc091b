import Client
import Testing

/// Lines that are broken between words while they come.
@Suite struct WordWrapTests {
  private func shown(_ pieces: [String], _ columns: Int, releases: Bool = false) -> String {
    var styler = MarkdownStyler(columns: columns, wraps: true)
    var shown = ""
    for piece in pieces {
      shown += styler.append(piece)
      if releases { shown += styler.release() }
    }
    return shown + styler.finish()
  }

  private static let words = "The quick brown fox jumps over the lazy dog"

  @Test(arguments: 1...8)
  func `lines are broken between words, however they come`(_ size: Int) {
    var rest = Self.words[...]
    var pieces: [String] = []
    while !rest.isEmpty {
      pieces.append(String(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    #expect(shown(pieces, 20) == "The quick brown fox\njumps over the lazy\ndog")
  }

  @Test func `a word is held back until it ends or is released`() {
    var styler = MarkdownStyler(columns: 20, wraps: true)
    #expect(styler.append("The qui") == "The")
    #expect(styler.holdsWord)
    #expect(styler.release() == " qui")
    #expect(!styler.holdsWord)
    #expect(styler.append("ck ") == "ck")
    #expect(
      shown(["The quick bro", "wn fox jumps"], 20, releases: true).contains("brown fox\njumps"))
  }

  @Test func `code stays on the lines that it has`() {
    let code = String(repeating: "word ", count: 10)
    #expect(shown(["```\n\(code)\n```\n"], 20).contains(code))
  }

  @Test func `a word that is longer than a line is left to the terminal`() {
    #expect(shown(["aaaaaaaaaaaaaaa bb"], 10) == "aaaaaaaaaaaaaaa bb")
  }
}
