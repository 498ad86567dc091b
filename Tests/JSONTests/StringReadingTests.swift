import JSON
import Testing

struct StringReadingTests {
  /// Strings are searched eight bytes at a time, so each position in a word has its turn.
  static let lengths = 0...40

  @Test(arguments: lengths)
  func `a string ends at its quote wherever that is`(length: Int) throws {
    let text = String(repeating: "x", count: length)
    let json = try RawJSON(parsing: "[\"\(text)\",1]")
    #expect(json.elements.map(\.text) == ["\"\(text)\"", "1"])
    #expect(refusal(of: "\"" + text)?.offset == length + 1)
  }

  @Test(arguments: lengths)
  func `an escaped quote does not end a string wherever it is`(length: Int) throws {
    let padding = String(repeating: "é", count: length)
    let json = try RawJSON(parsing: #"[{"k":"\#(padding)\"]}"},2]"#)
    #expect(json.elements.count == 2)
    #expect(json.elements[0]["k"]?.string == padding + "\"]}")
    let backslash = try RawJSON(parsing: #"["\#(padding)\\",3]"#)
    #expect(backslash.elements[0].string == padding + "\\")
  }

  @Test(arguments: 0..<UInt8(0x20))
  func `raw control characters are refused wherever they are`(control: UInt8) {
    for length in Self.lengths {
      let bytes = Array("\"".utf8) + Array(repeating: 0x61, count: length) + [control, 0x22]
      let error = refusal(of: bytes)
      #expect(error?.code == .malformed)
      #expect(error?.offset == length + 1)
    }
  }

  @Test(arguments: UInt8(0x20)...0x7F)
  func `every other ASCII character may stand in a string`(byte: UInt8) throws {
    guard byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { return }
    for length in Self.lengths {
      let text = Array(repeating: 0x7A, count: length) + [byte, 0x7A]
      #expect(try RawJSON(parsing: [0x22] + text + [0x22]).string.map { Array($0.utf8) } == text)
    }
  }

  @Test(arguments: [#"\a"#, #"\x41"#, #"\'"#, #"\U0041"#, #"\0"#, "\\\n"])
  func `unknown escapes are refused`(escape: String) {
    let error = refusal(of: "\"ab\(escape)\"")
    #expect(error?.code == .malformed)
    #expect(error?.offset == 3)
  }

  @Test(arguments: [#""\u""#, #""\u1""#, #""\u123""#, #""\u12G4""#, #""\u-123""#, #""\u"#, #""\"#])
  func `cut or broken escapes are refused`(text: String) {
    #expect(refusal(of: text)?.code == .malformed)
    #expect(refusal(of: text, limits: .relayed)?.code == .malformed)
  }

  @Test(arguments: [
    #""\ud800""#, #""\udc00""#, #""\udfff\ud800""#, #""\ud800\ud800""#, #""\ud83d\u0041""#,
    #""\ud83dx""#, #""\ud83d\n""#, #""\uD83D""#, #""\ud83d\u""#.replacingLast("\\u", "\\\\u"),
  ])
  func `lone surrogates are refused from clients and relayed from upstreams`(text: String) throws {
    let error = try #require(refusal(of: text))
    #expect(error.message.contains("a pair of surrogates"))
    let relayed = try RawJSON(parsing: text, limits: .relayed)
    #expect(relayed.text == text)
    #expect(relayed.string?.unicodeScalars.contains("\u{FFFD}") == true)
  }

  @Test func `escapes decode to what they stand for`() throws {
    let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00\u0000""#
    let decoded = try RawJSON(parsing: text).string
    #expect(decoded == "\"\\/\u{8}\u{C}\n\r\tAé€😀\0")
  }
}

extension String {
  fileprivate func replacingLast(_ old: String, _ new: String) -> String {
    var parts = split(separator: old, omittingEmptySubsequences: false)
    let last = parts.removeLast()
    return parts.joined(separator: old) + new + last
  }
}
