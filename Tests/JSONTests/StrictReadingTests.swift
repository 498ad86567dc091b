import JSON
import Testing

struct StrictReadingTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-0", "-1", "10", "0.5", "1e9", "1E+9", "1.25e-3", "\"\"",
    "[]", "{}", "[[],{}]", #"{"":0}"#, #"{"a":[1,{"b":null}],"c":"d"}"#, " \t\r\n[ 1 , 2 ] \n",
    #""\" \\ \/ \b \f \n \r \t \u00e9""#, "\"\u{7F}\u{2028}\u{10FFFF}\"",
  ])
  func `RFC 8259 texts are taken by both limits`(text: String) {
    #expect(refusal(of: text) == nil)
    #expect(refusal(of: text, limits: .relayed) == nil)
  }

  struct Malformed: Sendable {
    let text: String
    let offset: Int
    let expected: String
  }

  @Test(arguments: [
    Malformed(text: "", offset: 0, expected: "a value"),
    Malformed(text: "  ", offset: 2, expected: "a value"),
    Malformed(text: "[1,]", offset: 3, expected: "a value"),
    Malformed(text: #"{"a":1,}"#, offset: 7, expected: "a key in double quotes"),
    Malformed(text: "{,}", offset: 1, expected: "a key in double quotes"),
    Malformed(text: "[,1]", offset: 1, expected: "a value"),
    Malformed(text: "[1 2]", offset: 3, expected: "\",\" or \"]\""),
    Malformed(text: "[1}", offset: 2, expected: "\",\" or \"]\""),
    Malformed(text: #"{"a":1]"#, offset: 6, expected: "\",\" or \"}\""),
    Malformed(text: #"{"a" 1}"#, offset: 5, expected: "\":\""),
    Malformed(text: #"{"a":}"#, offset: 5, expected: "a value"),
    Malformed(text: "{a:1}", offset: 1, expected: "a key in double quotes"),
    Malformed(text: "{'a':1}", offset: 1, expected: "a key in double quotes"),
    Malformed(text: "{1:1}", offset: 1, expected: "a key in double quotes"),
    Malformed(text: "[", offset: 1, expected: "a value"),
    Malformed(text: "{", offset: 1, expected: "a key in double quotes"),
    Malformed(text: "[1", offset: 2, expected: "\",\" or \"]\""),
    Malformed(text: #"{"a":1"#, offset: 6, expected: "\",\" or \"}\""),
    Malformed(text: "]", offset: 0, expected: "a value"),
    Malformed(text: "1 2", offset: 2, expected: "the end of the text"),
    Malformed(text: "{}{}", offset: 2, expected: "the end of the text"),
    Malformed(text: "tru", offset: 0, expected: "true"),
    Malformed(text: "falsy", offset: 0, expected: "false"),
    Malformed(text: "nul", offset: 0, expected: "null"),
    Malformed(text: "True", offset: 0, expected: "a value"),
    Malformed(text: "NaN", offset: 0, expected: "a value"),
    Malformed(text: "Infinity", offset: 0, expected: "a value"),
    Malformed(text: "// no\n1", offset: 0, expected: "a value"),
    Malformed(text: "\u{A0}1", offset: 0, expected: "a value"),
    Malformed(text: "\u{0B}1", offset: 0, expected: "a value"),
    Malformed(text: "1\0", offset: 1, expected: "the end of the text"),
  ])
  func `what is not JSON is refused where it goes wrong`(malformed: Malformed) throws {
    let error = try #require(refusal(of: malformed.text))
    #expect(error.code == .malformed)
    #expect(error.offset == malformed.offset)
    #expect(error.message.hasSuffix("where \(malformed.expected) was expected"))
    #expect(refusal(of: malformed.text, limits: .relayed) == error)
  }

  @Test(arguments: [
    Malformed(text: "-", offset: 1, expected: "a digit"),
    Malformed(text: "+1", offset: 0, expected: "a value"),
    Malformed(text: ".5", offset: 0, expected: "a value"),
    Malformed(text: "1.", offset: 2, expected: "a digit"),
    Malformed(text: "1.e5", offset: 2, expected: "a digit"),
    Malformed(text: "1e", offset: 2, expected: "a digit"),
    Malformed(text: "1e+", offset: 3, expected: "a digit"),
    Malformed(text: "-a", offset: 1, expected: "a digit"),
    Malformed(text: "01", offset: 1, expected: "the end of the text"),
    Malformed(text: "-01", offset: 2, expected: "the end of the text"),
    Malformed(text: "0x10", offset: 1, expected: "the end of the text"),
    Malformed(text: "1_000", offset: 1, expected: "the end of the text"),
  ])
  func `numbers keep to the grammar`(malformed: Malformed) throws {
    let error = try #require(refusal(of: malformed.text))
    #expect(error.offset == malformed.offset)
    #expect(error.message.hasSuffix("where \(malformed.expected) was expected"))
  }

  @Test func `the message says what was found`() {
    #expect(refusal(of: "[1,]")?.message == #""]" found where a value was expected"#)
    #expect(refusal(of: "\u{0B}")?.message == "byte 0x0B found where a value was expected")
    #expect(refusal(of: "[")?.message == "the text ends where a value was expected")
  }

  @Test func `a byte order mark is refused`() {
    #expect(refusal(of: [0xEF, 0xBB, 0xBF] + "{}".utf8)?.offset == 0)
  }

  @Test(arguments: [false, true])
  func `UTF-16 is refused in both byte orders`(isBigEndian: Bool) throws {
    let units = #"{"a":1}"#.utf16.map { isBigEndian ? $0.bigEndian : $0.littleEndian }
    let bytes = units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    #expect(try #require(refusal(of: bytes)).code == .malformed)
    let marked = (isBigEndian ? [0xFE, 0xFF] : [0xFF, 0xFE]) + bytes
    #expect(refusal(of: marked)?.message == "invalid UTF-8 where JSON text was expected")
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0xAF], [0xC3], [0xE2, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0xAF],
      [0xF4, 0x90, 0x80, 0x80], [0xFF],
    ] as [[UInt8]])
  func `invalid UTF-8 is refused at its first byte`(bytes: [UInt8]) throws {
    let error = try #require(refusal(of: Array("\"ab".utf8) + bytes + Array("\"".utf8)))
    #expect(error.code == .malformed)
    #expect(error.offset == 3)
  }
}
