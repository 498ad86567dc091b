import Client
import JSON
import Testing

struct UsageTableTests {
  private func row(_ model: String, cost: String, tokens: Int) throws -> RawJSON {
    try RawJSON(
      parsing: #"{"model":"\#(model)","requests":2,"unfinished":0,"input_tokens":1200,"#
        + #""cached_tokens":1,"output_tokens":\#(tokens),"reasoning_tokens":0,"#
        + #""total_tokens":\#(tokens),"cost_usd":\#(cost),"unpriced":1,"cache_hits":3,"#
        + #""first_event_ms":20.4,"total_ms":1500}"#)
  }

  @Test func `rows and their sum are lined up`() throws {
    let table = UsageTable(
      [try row("a", cost: "0.5", tokens: 10), try row("bc", cost: "null", tokens: 20)], by: "model")
    #expect(
      table.text(styles: false, width: nil) == """
        MODEL  REQUESTS  INPUT  CACHED  OUTPUT  REASONING   COST  HITS  FIRST  TOTAL
        a             2  1\u{2009}200       1      10          0  $0.50     3  20 ms  1.5 s
        bc            2  1\u{2009}200       1      20          0      –     3  20 ms  1.5 s
        all           4  2\u{2009}400       2      30          0  $0.50     6
        of the requests, 2 without a known price

        """)
  }

  @Test func `on a terminal bars show the share, of tokens where a price is missing`() throws {
    let rows = [try row("a", cost: "0.5", tokens: 10), try row("bc", cost: "null", tokens: 20)]
    let lines = UsageTable(rows, by: "model").text(styles: false, width: 120).split(separator: "\n")
    #expect(lines[1].hasSuffix("1.5 s  " + String(repeating: "█", count: 12)))
    #expect(lines[2].hasSuffix("1.5 s  " + String(repeating: "█", count: 24)))
    #expect(!lines[3].contains("█"))
  }

  @Test func `bars are of money where all of it is known`() throws {
    let rows = [try row("a", cost: "0.5", tokens: 20), try row("b", cost: "1", tokens: 10)]
    let lines = UsageTable(rows, by: "model").text(styles: false, width: 120).split(separator: "\n")
    #expect(lines[1].filter { $0 == "█" }.count == 12)
    #expect(lines[2].filter { $0 == "█" }.count == 24)
  }

  @Test(arguments: [40, 60, 80, 100])
  func `no line is longer than the window`(_ width: Int) throws {
    let rows = [try row("gpt-5.4-mini", cost: "0.5", tokens: 20)]
    let text = UsageTable(rows, by: "model").text(styles: false, width: width)
    for line in text.split(separator: "\n") where !line.hasPrefix("of the requests") {
      #expect(TerminalText.width(String(line)) <= width)
    }
    #expect(text.contains("█") == (width >= 60))
  }
}
