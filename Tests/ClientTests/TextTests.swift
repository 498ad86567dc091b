import Client
import JSON
import Testing

struct TextTests {
  @Test func `what is decided about shows characters that turn or hide others`() {
    let turned = "a\u{202E}b\u{2066}c\u{200B}d\u{1B}"
    #expect(TerminalText.exact(turned) == "a\u{FFFD}b\u{FFFD}c\u{FFFD}d␛")
    #expect(TerminalText.exact("שלום, 你好 é") == "שלום, 你好 é")
  }

  @Test func `the usage line leaves out what is not known`() throws {
    let whole = try RawJSON(
      parsing: #"{"model":"gpt-5.4","usage":{"input_tokens":12,"input_tokens_details":"#
        + #"{"cached_tokens":8},"output_tokens":340,"output_tokens_details":{"reasoning_tokens":64}},"#
        + #""halley":{"cost_usd":0.0012,"timing_ms":{"total":1234},"cache":"hit"}}"#)
    #expect(
      UsageLine.text(of: whole)
        == "gpt-5.4 · 12 in (8 cached) · 340 out (64 reasoning) · $0.0012 · 1.2 s · from the cache")
    let sparse = try RawJSON(
      parsing: #"{"usage":{"input_tokens":1,"output_tokens":2},"halley":{"cost_usd":null}}"#)
    #expect(UsageLine.text(of: sparse) == "1 in · 2 out")
    #expect(UsageLine.text(of: .emptyObject) == "")
    let shortened = try RawJSON(parsing: #"{"halley":{"left_out":2}}"#)
    #expect(UsageLine.text(of: shortened) == "2 earlier items left out")
  }

  @Test(arguments: [
    (0.0, "$0.00"), (12.3, "$12.30"), (0.5, "$0.50"), (0.0012, "$0.0012"),
    (0.000_004_2, "$0.0000042"),
  ])
  func `dollars show two digits that count`(_ amount: Double, _ text: String) {
    #expect(Quantity.dollars(amount) == text)
  }

  @Test(arguments: [
    (0.4, "0 ms"), (820.0, "820 ms"), (1_234.0, "1.2 s"), (59_940.0, "59.9 s"),
    (185_000.0, "3 min 5 s"), (7_800_000.0, "2 h 10 min"), (270_000_000.0, "3 d 3 h"),
  ])
  func `durations are short`(_ milliseconds: Double, _ text: String) {
    #expect(Quantity.duration(milliseconds: milliseconds) == text)
  }

  @Test(arguments: [(512.0, "512 B"), (1_536.0, "1.5 KiB"), (67_108_864.0, "64 MiB")])
  func `sizes have binary units`(_ count: Double, _ text: String) {
    #expect(Quantity.bytes(count) == text)
  }

  @Test func `a table lines up wide characters and numbers`() {
    var table = Table(["NAME", "N"])
    table.add(["日本", "1"])
    table.add(["a\nb", "20"])
    table.add([nil, nil])
    #expect(table.text(styles: false) == "NAME   N\n日本   1\na b   20\n–      –\n")
  }

  @Test func `records of any shape become CSV`() throws {
    let rows = try RawJSON(
      parsing: #"[{"model":"a,b","tokens":{"in":1}},{"model":null,"cost":0.50,"list":[1]}]"#)
    #expect(
      Records(rows.elements).csv == "model,tokens.in,cost\n\"a,b\",1,\n,,0.50\n")
  }

  @Test func `a report shows objects of any shape`() throws {
    let status = try RawJSON(
      parsing: #"{"version":"0.1.0","uptime_s":65,"store":{"size_bytes":2048},"clients":[],"#
        + #""upstreams":[{"name":"a","open":true},{"name":"b","open":false}]}"#)
    #expect(
      Report.text(status, styles: false) == """
        version  0.1.0
        uptime   1 min 5 s
        store
          size  2.0 KiB
        clients: none
        upstreams
          name  open
          a     yes
          b     no

        """)
  }

  @Test(arguments: [
    (0x8803, "pts/3"), (0x8900, "pts/256"), (0x0401, "tty1"), (0x0501, "5:1"),
  ])
  func `terminals are named by their device`(_ device: Int, _ name: String) {
    #expect(TerminalScope.name(ofDevice: device) == name)
  }

  @Test func `the scope is the same each time`() {
    #expect(TerminalScope.current == TerminalScope.current)
  }
}
