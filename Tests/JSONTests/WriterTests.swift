import JSON
import Testing

struct WriterTests {
  @Test func `containers are separated by commas and nothing else`() {
    let json = RawJSON.object { object in
      object.member("a", 1)
      object.key("b")
      object.array { array in
        array.string("x")
        array.object { _ in }
        array.array { _ in }
        array.null()
        array.value(.boolean(false))
      }
      object.member("c", true)
      object.member("d", "e")
      object.member("f", RawJSON.emptyObject)
    }
    #expect(
      json.text == #"{"a":1,"b":["x",{},[],null,false],"c":true,"d":"e","f":{}}"#)
  }

  @Test(arguments: [
    ("", #""""#), ("plain", #""plain""#), ("\"\\/", #""\"\\/""#), ("a\nb\rc\td", #""a\nb\rc\td""#),
    ("\0\u{1}\u{8}\u{C}\u{1F}", #""\u0000\u0001\u0008\u000c\u001f""#), ("\u{7F}", #""\u007f""#),
    ("é\u{2028}😀", "\"é\u{2028}😀\""), ("\r\n", #""\r\n""#),
  ])
  func `strings get the escapes they need`(text: String, written: String) throws {
    #expect(RawJSON.string(text).text == written)
    #expect(try RawJSON(parsing: written).string == text)
  }

  @Test(arguments: 0...24)
  func `escapes are made wherever they are needed`(length: Int) throws {
    let padding = String(repeating: "y", count: length)
    for special in ["\"", "\\", "\n", "\u{1B}", "\u{7F}"] {
      let text = padding + special + padding + special
      #expect(try RawJSON(parsing: RawJSON.string(text).text).string == text)
    }
  }

  @Test(
    arguments: [
      (0, "0"), (-1, "-1"), (0.1, "0.1"), (1e14, "100000000000000"),
      (1e16, "1e+16"),
      (-2.5, "-2.5"), (.leastNonzeroMagnitude, "5e-324"),
      (1.7976931348623157e308, "1.7976931348623157e+308"),
      (.infinity, "null"), (-.infinity, "null"), (.nan, "null"),
    ] as [(Double, String)])
  func `doubles are written as the shortest decimal that reads back`(value: Double, text: String) {
    let json = RawJSON.build { $0.double(value) }
    #expect(json.text == text)
    #expect(json.double == (value.isFinite ? value : nil))
  }

  @Test func `integers are written in full`() {
    #expect(RawJSON.integer(Int64.min).text == "-9223372036854775808")
    #expect(RawJSON.integer(UInt64.max).text == "18446744073709551615")
  }

  @Test func `keys are escaped like strings`() {
    #expect(RawJSON.object { $0.member("a\"\n", 1) }.text == #"{"a\"\n":1}"#)
  }

  @Test(
    arguments: [
      0, 1, -1, 9, 10, 50, 100, 120, 999, 1000, -1000, 1001, 1010, -1500, 123_456, 1_000_000,
      -999_999, 86_400_000_001, 4_503_599_627_370_497,
    ] as [Int64])
  func `thousandths are written as the double that they are`(_ value: Int64) {
    let written = RawJSON.build { $0.thousandths(value) }
    #expect(written.text == RawJSON.build { $0.double(Double(value) / 1000) }.text)
  }

  @Test func `the least thousandths are written too`() {
    #expect(RawJSON.build { $0.thousandths(.min) }.text == "-9223372036854775.808")
    #expect(RawJSON.build { $0.thousandths(.max) }.text == "9223372036854775.807")
  }

  @Test func `an indexed object finds what its text has`() throws {
    let json = try RawJSON(parsing: #"{"a":1,"b":null,"\u0063":[3]}"#)
    let object = IndexedObject(json)
    #expect(object.json == json && object["a"] == json["a"] && object["c"] == json["c"])
    #expect(object["b"]?.isNull == true && object.nonNull("b") == nil && object["d"] == nil)
    #expect(IndexedObject(.emptyArray)["a"] == nil)
  }
}
