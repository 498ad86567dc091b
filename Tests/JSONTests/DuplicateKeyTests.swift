import JSON
import Testing

struct DuplicateKeyTests {
  @Test(arguments: [
    (#"{"a":1,"a":2}"#, 8), (#"{"a":1,"\u0061":2}"#, 8), (#"{"\u0061":1,"a":2}"#, 13),
    (#"{"":1,"":2}"#, 7), (#"[{"b":{"c":1,"d":2,"c":3}}]"#, 20), (#"{"/":1,"\/":2}"#, 8),
    (#"{"\ud83d\ude00":1,"😀":2}"#, 19),
  ])
  func `a key twice in one object is refused at the second`(text: String, offset: Int) throws {
    let error = try #require(refusal(of: text))
    #expect(error.code == .duplicateKey)
    #expect(error.offset == offset)
    #expect(refusal(of: text, limits: .relayed) == nil)
  }

  @Test(arguments: [
    #"{"a":{"a":{"a":1}}}"#, #"[{"a":1},{"a":2}]"#, #"{"a":1,"A":2}"#, #"{"a":1,"a ":2}"#,
    #"{"a":[{"b":1},{"b":2}],"b":3}"#, #"{"x":"a","a":"x"}"#,
  ])
  func `the same key in different objects is fine`(text: String) {
    #expect(refusal(of: text) == nil)
  }

  @Test func `canonically equivalent keys are two keys`() throws {
    let json = try RawJSON(parsing: "{\"caf\u{E9}\":1,\"cafe\u{301}\":2}")
    #expect(json["caf\u{E9}"]?.integer == 1)
    #expect(json["cafe\u{301}"]?.integer == 2)
  }

  @Test func `CR LF in a key is not LF`() throws {
    let json = try RawJSON(parsing: #"{"a\r\n":1,"a\n":2}"#)
    #expect(json["a\r\n"]?.integer == 1)
    #expect(json["a\n"]?.integer == 2)
  }

  /// Beyond a dozen members the keys are sorted instead of compared in pairs.
  @Test(arguments: [2, 11, 12, 13, 14, 1000])
  func `the second key is found in objects of any size`(count: Int) throws {
    let members = (0..<count).map { "\"key\($0)\":\($0)" }
    #expect(refusal(of: "{\(members.joined(separator: ","))}") == nil)
    for repeated in [0, count / 2, count - 1] {
      let prefix = "{\(members.joined(separator: ",")),"
      let error = try #require(refusal(of: "\(prefix)\"key\(repeated)\":null}"))
      #expect(error.code == .duplicateKey)
      #expect(error.offset == prefix.utf8.count + 1)
      #expect(error.message == "key \"key\(repeated)\" stands twice in one object")
    }
  }

  @Test func `of two relayed members with one key the last is read`() throws {
    let json = try RawJSON(parsing: #"{"a":1,"b":2,"\u0061":3}"#, limits: .relayed)
    #expect(json["a"]?.integer == 3)
    #expect(json.members.map(\.key) == ["a", "b", "a"])
  }
}
