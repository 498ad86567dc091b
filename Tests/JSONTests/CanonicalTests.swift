import JSON
import Testing

@Suite struct CanonicalTests {
  private func canonical(_ text: String) throws -> [UInt8] {
    var canonical = CanonicalJSON()
    canonical.add(try RawJSON(parsing: Array(text.utf8), limits: .relayed))
    return canonical.bytes
  }

  @Test(arguments: [
    (#"{"a":1,"b":[2,3]}"#, "{ \"b\" : [ 2 ,\t3 ] ,\r\n \"a\" : 1 }"),
    (#"{"a":{"x":1,"y":2}}"#, #"{"a":{"y":2,"x":1}}"#),
    (#""A\u00e9\/\n""#, #""\u0041é/\u000a""#),
    (#""😀""#, #""\uD83D\ude00""#), (#"{"\u0061":1}"#, #"{"a":1}"#),
    ("1", "1.0"), ("1", "1e0"), ("100", "1E2"), ("100", "1e+2"), ("0.5", "5e-1"), ("0.5", "0.50"),
    ("-0", "0"), ("0.0", "0"), ("0e7", "0"), ("-1.50", "-15e-1"), ("12.5e1", "125"),
    ("[]", "[ ]"), ("{}", "{ }"), ("[true,false,null]", "[ true, false, null ]"),
    (#"{"":0,"a":[{}]}"#, #"{"a":[{}],"":0}"#),
  ])
  func `what says the same has one form`(one: String, other: String) throws {
    #expect(try canonical(one) == canonical(other))
  }

  @Test(arguments: [
    ("[1,2]", "[2,1]"), ("1", #""1""#), ("[1,2]", "[12]"), (#"["a","b"]"#, #"["ab"]"#),
    (#"["a",["b"]]"#, #"[["a"],"b"]"#), ("null", #""null""#), ("{}", "[]"), ("[]", "[[]]"),
    (#"{"a":"b"}"#, #"["a","b"]"#), (#"{"a":1}"#, #"{"A":1}"#), ("-1", "1"),
    ("0.1", "0.10000000000000001"), ("9007199254740993", "9007199254740992"),
    ("1e400", "1e401"), ("1e9999999999999999", "1e9999999999999998"),
    (#""\ud800""#, #""\ufffd""#), (#""\ud800""#, #""\udc00""#), (#""é""#, #""e\u0301""#),
    (#""1:a""#, #""a""#), (#"{"a":{},"b":1}"#, #"{"a":{"b":1}}"#), ("true", "false"),
    (#"["a\u0000"]"#, #"["a"]"#),
  ])
  func `what says something else has another form`(one: String, other: String) throws {
    #expect(try canonical(one) != canonical(other))
  }

  @Test func `the deepest text that is accepted has a form`() throws {
    let text = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    #expect(try canonical(text).count == 256)
  }
}
