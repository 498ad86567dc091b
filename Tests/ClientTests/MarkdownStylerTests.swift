import Client
import Testing

struct MarkdownStylerTests {
  private static let reset = "\u{1B}[0m"

  private func style(_ text: String) -> String {
    var styler = MarkdownStyler()
    return styler.append(text) + styler.finish()
  }

  @Test func `plain text stays as it is`() {
    #expect(style("Hello, world.\nA second line") == "Hello, world.\nA second line")
  }

  @Test(arguments: [
    ("# Title\n", "\u{1B}[1;34mTitle\u{1B}[0m\n"),
    ("**bold**", "\u{1B}[1mbold\u{1B}[0m"),
    ("*it*", "\u{1B}[3mit\u{1B}[0m"),
    ("_it_", "\u{1B}[3mit\u{1B}[0m"),
    ("~~old~~", "\u{1B}[9mold\u{1B}[0m"),
    ("`code`", "\u{1B}[36mcode\u{1B}[0m"),
    ("``a`b``", "\u{1B}[36ma`b\u{1B}[0m"),
    ("- one\n", "\u{1B}[36m•\u{1B}[0m one\n"),
    ("  * two\n", "  \u{1B}[36m•\u{1B}[0m two\n"),
    ("12. twelve\n", "\u{1B}[36m12.\u{1B}[0m twelve\n"),
    ("> said\n", "\u{1B}[2m│ \u{1B}[0msaid\n"),
    ("[text](http://x)", "\u{1B}[4mtext\u{1B}[0m\u{1B}[2m (http://x)\u{1B}[0m"),
    ("[http://x](http://x)", "\u{1B}[4mhttp://x\u{1B}[0m"),
    ("\\*not\\*", "*not*"),
  ])
  func `constructs are styled`(_ markdown: String, _ styled: String) {
    #expect(style(markdown) == styled)
  }

  @Test(arguments: [
    "2 * 3 * 4", "snake_case_name", "a ** b", "#hashtag", "-5 degrees", "1.5 litres",
    "[1] is no link",
    "an open ` backtick", "an *open star", "**", "+", "#", "~", "1", "[", "\\",
  ])
  func `what only looks like a construct stays`(_ text: String) {
    #expect(style(text) == text)
  }

  @Test func `emphasis within bold returns to bold`() {
    #expect(
      style("**a *b* c**")
        == "\u{1B}[1ma \u{1B}[3mb\u{1B}[0m\u{1B}[1m c\u{1B}[0m")
  }

  @Test func `code within a heading returns to the heading`() {
    #expect(
      style("## Use `x` now\n")
        == "\u{1B}[1;34mUse \u{1B}[36mx\u{1B}[0m\u{1B}[1;34m now\u{1B}[0m\n")
  }

  @Test func `nothing is styled within a fence`() {
    #expect(
      style("```swift\nlet a = b * c * d\n# no title\n```\nend")
        == "\u{1B}[2m```swift\u{1B}[0m\n\u{1B}[36mlet a = b * c * d\u{1B}[0m\n"
        + "\u{1B}[36m# no title\u{1B}[0m\n\u{1B}[2m```\u{1B}[0m\nend")
  }

  @Test func `a shorter fence does not close a longer one`() {
    #expect(
      style("````\n```\n````\n")
        == "\u{1B}[2m````\u{1B}[0m\n\u{1B}[36m```\u{1B}[0m\n\u{1B}[2m````\u{1B}[0m\n")
  }

  @Test func `three marks alone are a rule`() {
    #expect(style("---\n") == "\u{1B}[2m" + String(repeating: "─", count: 40) + "\u{1B}[0m\n")
  }

  private static let document = """
    # A *title*

    Some **bold**, some `code`, a [link](http://x), 2 * 3 and snake_case.
    - one
      1. two **three** four
    > quoted *text*

    ```c
    int a = *b;
    ```
    ***
    | a | b |
    End ünd ✓ **open
    """

  @Test(arguments: [1, 2, 3, 7])
  func `pieces of any size show the same as the whole`(_ size: Int) {
    var styler = MarkdownStyler()
    var shown = ""
    let scalars = Array(Self.document)
    for start in stride(from: 0, to: scalars.count, by: size) {
      shown += styler.append(String(scalars[start..<min(start + size, scalars.count)]))
    }
    shown += styler.finish()
    #expect(Self.plain(shown) == Self.plain(style(Self.document)))
  }

  /// Joins neighbouring pieces of one look.
  private static func plain(_ text: String) -> String {
    text.replacing("\u{1B}[0m\u{1B}[36m", with: "")
  }

  @Test func `a paragraph is shown before its line ends`() {
    var styler = MarkdownStyler()
    #expect(styler.append("Once upon") == "Once upon")
    #expect(styler.append(" a **ti") == " a ")
    #expect(styler.append("me** there") == "\u{1B}[1mtime\u{1B}[0m there")
  }
}
