import JSON
import Testing

struct ScalarTests {
  @Test(
    arguments: [
      ("0", 0), ("-0", 0), ("42", 42), ("9223372036854775807", Int64.max),
      ("-9223372036854775808", Int64.min), ("9223372036854775808", nil), ("1.0", nil), ("1e3", nil),
      ("\"1\"", nil), ("null", nil), ("[1]", nil),
    ] as [(String, Int64?)])
  func `integers are those written as integers that fit 64 bits`(
    text: String, value: Int64?
  ) throws {
    #expect(try RawJSON(parsing: text).integer == value)
  }

  @Test(
    arguments: [
      ("0.1", 0.1), ("-2.5e3", -2500), ("9007199254740993", 9_007_199_254_740_992), ("1e400", nil),
      ("-1e400", nil), ("1e-400", 0), ("\"1\"", nil), ("true", nil),
    ] as [(String, Double?)])
  func `doubles are the nearest to the number`(text: String, value: Double?) throws {
    #expect(try RawJSON(parsing: text).double == value)
  }

  @Test func `kinds are told apart`() throws {
    let kinds = try ["null", "true", "-1", "\"\"", "[]", "{}"].map { try RawJSON(parsing: $0).kind }
    #expect(kinds == [.null, .boolean, .number, .string, .array, .object])
  }

  @Test func `booleans and strings are nothing else`() throws {
    #expect(try RawJSON(parsing: "false").boolean == false)
    #expect(try RawJSON(parsing: "null").boolean == nil)
    #expect(try RawJSON(parsing: "\"true\"").boolean == nil)
    #expect(try RawJSON(parsing: "true").string == nil)
  }

  @Test func `line ends between values become spaces`() throws {
    let json = try RawJSON(parsing: "{\"a\":\r\n[1,\n2]}")
    #expect(json.onOneLine.text == "{\"a\":  [1, 2]}")
    #expect(RawJSON.integer(1).onOneLine == .integer(1))
  }
}
