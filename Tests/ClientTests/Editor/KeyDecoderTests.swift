import Client
import Testing

struct KeyDecoderTests {
  private func keys(_ text: String) -> [Key] {
    var decoder = KeyDecoder()
    return decoder.append(text.utf8) + decoder.flush()
  }

  @Test(
    arguments: [
      ("hé 你", [.text("hé 你")]), ("a\r", [.text("a"), .enter]), ("\n", [.enter]),
      ("\t", [.tab]), ("\u{7F}\u{08}", [.backspace, .backspace]),
      ("\u{01}", [.control("a")]), ("\u{1A}", [.control("z")]), ("\u{1F}", [.control("_")]),
      ("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", [.up, .down, .right, .left]),
      ("\u{1B}OA\u{1B}OB\u{1B}OC\u{1B}OD", [.up, .down, .right, .left]),
      ("\u{1B}[H\u{1B}[F\u{1B}OH\u{1B}OF", [.home, .end, .home, .end]),
      ("\u{1B}[1~\u{1B}[4~\u{1B}[7~\u{1B}[8~", [.home, .end, .home, .end]),
      ("\u{1B}[3~", [.delete]), ("\u{1B}[1;5D\u{1B}[1;5C", [.wordLeft, .wordRight]),
      ("\u{1B}[1;3D\u{1B}[1;3C", [.wordLeft, .wordRight]),
      ("\u{1B}b\u{1B}f", [.alt("b"), .alt("f")]), ("\u{1B}\u{7F}", [.alt("\u{7F}")]),
      ("\u{1B}\r", [.newline]), ("\u{1B}[13;2u", [.newline]), ("\u{1B}", [.escape]),
      ("\u{1B}[5~x", [.text("x")]), ("\u{00}", []),
      ("\u{1B}[200~a\rb\u{1B}[A\u{1B}[201~c", [.paste("a\rb\u{1B}[A"), .text("c")]),
    ] as [(String, [Key])])
  func `bytes become keys`(_ typed: String, _ expected: [Key]) {
    #expect(keys(typed) == expected)
  }

  @Test func `bytes that come one by one make the same keys`() {
    var decoder = KeyDecoder()
    var keys: [Key] = []
    for byte in "é你\u{1B}[1;5C\u{1B}[200~x\ny\u{1B}[201~\u{1B}[3~".utf8 {
      keys += decoder.append([byte])
    }
    #expect(keys == [.text("é"), .text("你"), .wordRight, .paste("x\ny"), .delete])
    #expect(!decoder.isWaiting)
  }

  @Test func `an Escape waits for what may follow`() {
    var decoder = KeyDecoder()
    #expect(decoder.append([0x1B]).isEmpty)
    #expect(decoder.isWaiting)
    #expect(decoder.flush() == [.escape])
    #expect(!decoder.isWaiting)
  }

  @Test func `what is no UTF-8 holds nothing up`() {
    var decoder = KeyDecoder()
    #expect(decoder.append([0xFF, 0x61]) == [.text("\u{FFFD}a")])
  }
}
