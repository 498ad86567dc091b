import EventLoop
import Testing

@Suite struct JournalTextTests {
  @Test(arguments: [
    "\u{0}", "\u{1B}", "\u{7F}", "\u{80}", "\u{85}", "\u{9B}", "\u{9F}", "\u{61C}", "\u{200B}",
    "\u{200E}", "\u{200F}", "\u{2028}", "\u{2029}", "\u{202A}", "\u{202E}", "\u{2066}",
    "\u{2069}", "\u{FEFF}", "\u{E0041}",
  ])
  func `what moves a terminal or turns the writing is escaped`(_ text: String) throws {
    let scalar = try #require(text.unicodeScalars.first)
    let escaped = "a\\u{\(String(scalar.value, radix: 16, uppercase: true))}b"
    #expect(JournalText.line("a\(text)b") == escaped)
    #expect(JournalText.field("a\(text)b") == escaped)
  }

  @Test func `words of any language and emoji stay as they are`() {
    let text = "Ünïcödé שלום 漢字 👩‍💻 می‌خواهم ~"
    #expect(JournalText.line(text) == text)
  }

  @Test func `a line has one line, a field may have several`() {
    #expect(JournalText.line("a\nb\r\tc") == "a b  c")
    #expect(JournalText.field("a\nb\r\tc") == "a\nb\r\tc")
  }
}
