import Testing
import Wire

@Suite struct TokenTextTests {
  /// RFC 4648, section 10, without the padding; the last two hold the characters that base64 alone
  /// spells otherwise.
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"), ("~~~", "fn5-"), ("???", "Pz8_"),
  ])
  func `bytes are spelled in base64url`(bytes: String, text: String) {
    #expect(TokenText.base64URL(Array(bytes.utf8)) == text)
  }

  @Test func `a token has 50 characters and is told by the first seven`() {
    let text = TokenText.text([UInt8](repeating: 0xFF, count: TokenText.secretBytes))
    #expect(text == "halley-" + String(repeating: "_", count: 42) + "8")
    #expect(TokenText.looksLike(text.utf8))
    #expect(!TokenText.looksLike("halley".utf8))
    #expect(!TokenText.looksLike("sk-halley-".utf8))
  }
}
