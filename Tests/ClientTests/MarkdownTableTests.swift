import Client
import Testing

struct MarkdownTableTests {
  /// The styled text without its looks.
  private func show(_ text: String, columns: Int? = nil, pieces: Int = .max) -> String {
    var styler = MarkdownStyler(columns: columns)
    var shown = ""
    var rest = Array(text)[...]
    while !rest.isEmpty {
      shown += styler.append(String(rest.prefix(pieces)))
      rest = rest.dropFirst(pieces)
    }
    shown += styler.finish()
    return shown.replacing(/\u{1B}\[[0-9;]*m/, with: "")
  }

  private static let prices = """
    Prices:
    | Model | In | Note |
    |:------|---:|:----:|
    | **gpt-5.4** | 1.25 | `x\\|y` |
    | 小 | 10 | a |
    End
    """

  @Test func `columns are aligned, wide characters and looks counted right`() {
    #expect(
      show(Self.prices) == """
        Prices:
        Model   │   In │ Note
        ────────┼──────┼─────
        gpt-5.4 │ 1.25 │ x|y
        小      │   10 │  a
        End
        """)
  }

  @Test(arguments: [1, 3, 10])
  func `pieces of any size show the same`(_ size: Int) {
    #expect(show(Self.prices, pieces: size) == show(Self.prices))
    #expect(show(Self.prices + "\n", pieces: size) == show(Self.prices) + "\n")
  }

  @Test func `a heading is bold, and what was styled within it is bold again`() {
    var styler = MarkdownStyler()
    let shown = styler.append("| a `b` c |\n|---|\n") + styler.finish()
    #expect(
      shown.hasPrefix("\u{1B}[1ma \u{1B}[36mb\u{1B}[0m\u{1B}[1m c\u{1B}[0m\n"))
  }

  @Test func `a table at the end of the text keeps its line end, or has none`() {
    #expect(show("| a |\n|---|\n| b |") == "a\n─\nb")
    #expect(show("| a |\n|---|\n| b |\n") == "a\n─\nb\n")
    #expect(show("| a |\n|---|\n| b |\n\nEnd") == "a\n─\nb\n\nEnd")
  }

  @Test func `in a narrow window cells are wrapped`() {
    #expect(
      show(
        "| Name | Meaning |\n|---|---|\n| alpha | the first letter of them all |\n", columns: 24)
          == """
          Name  │ Meaning
          ──────┼─────────────────
          alpha │ the first letter
                │ of them all

          """)
  }

  @Test func `no line is longer than the window`() {
    let table = "| A | Bee | C |\n|---|---|---|\n| aaaaaaaaaaaaaaaaaaaaaaaa | b b b b | 你好你好你好 |\n"
    for columns in 8...60 {
      for line in show(table, columns: columns).split(separator: "\n") {
        #expect(TerminalText.width(String(line)) <= columns, "\(columns): \(line)")
      }
    }
  }

  @Test func `in a window that is narrower still a row's cells stand below each other`() {
    #expect(
      show(
        "| Name | Age | Town |\n|---|---|---|\n| Ann Miller | 40 | Rome |\n| Bo | 7 | Oslo |\n",
        columns: 16)
          == """
          Name: Ann Miller
          Age: 40
          Town: Rome
          ────────────────
          Name: Bo
          Age: 7
          Town: Oslo

          """)
  }

  @Test(arguments: [
    "| a | b |", "| a |\nb", "|x| is absolute\nand |y| too", "| a | b |\n|---|\n| c | d |",
    "| a |\n| b |\n| c |\n", "> | a |\n> |---|\n", "a | b\n--- | ---\n",
  ])
  func `what only looks like a table stays as it is`(_ text: String) {
    #expect(show(text) == text.replacing("> ", with: "│ "))
  }

  @Test func `a line before the heading is no part of the table`() {
    #expect(show("| x |\n| a |\n|---|\n| b |\n") == "| x |\na\n─\nb\n")
  }

  @Test func `cells without a heading are not lost, missing ones are empty`() {
    #expect(
      show("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\n") == """
        a │ b │
        ──┼───┼──
        1 │   │
        1 │ 2 │ 3

        """)
  }

  @Test func `a table within a list keeps its indent`() {
    #expect(show("- x\n  | a |\n  |---|\n") == "• x\n  a\n  ─\n")
  }
}
