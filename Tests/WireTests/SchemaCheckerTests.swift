import JSON
import Testing
import Wire

struct SchemaCheckerTests {
  private func mismatches(_ schema: String, _ value: String) throws -> [String] {
    var checker = SchemaChecker(try RawJSON(parsing: schema))
    checker.check(try RawJSON(parsing: value))
    return checker.mismatches.map(\.description)
  }

  @Test(arguments: [
    (#"{"type":"integer"}"#, "3"), (#"{"type":"integer"}"#, "3.0"),
    (#"{"type":["string","null"]}"#, "null"), (#"{"enum":[1,"a",null]}"#, "1.0"),
    (#"{"const":{"a":1,"b":2}}"#, #"{"b":2,"a":1}"#),
    (#"{"properties":{"a":{"type":"string"}}}"#, #"{"b":1}"#),
    (#"{"additionalProperties":{"type":"number"}}"#, #"{"b":1}"#),
    (#"{"items":{"type":"string"},"minItems":1,"maxItems":2,"uniqueItems":true}"#, #"["a","b"]"#),
    (#"{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}"#, #"["a",1,2]"#),
    (#"{"anyOf":[{"type":"string"},{"type":"number"}]}"#, "1"),
    (#"{"oneOf":[{"type":"string"},{"type":"number"}]}"#, "1"),
    (#"{"not":{"type":"string"}}"#, "1"), (#"{"multipleOf":0.1}"#, "0.3"),
    (#"{"minimum":1,"exclusiveMaximum":3}"#, "2"),
    (#"{"minLength":2,"maxLength":2}"#, #""\ud83d\ude00x""#),
    (#"{"if":{"type":"string"},"then":{"minLength":3},"else":{"minimum":2}}"#, "2"),
    (#"{"contains":{"const":1}}"#, "[2,1]"), ("true", "1"), ("{}", "[]"),
    (##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"number"}}}"##, "1"),
  ])
  func `what matches is let through`(_ schema: String, _ value: String) throws {
    #expect(try mismatches(schema, value).isEmpty)
  }

  @Test(arguments: [
    (#"{"type":"integer"}"#, "3.5", "$: found 3.5, expected an integer"),
    (#"{"type":["string","null"]}"#, "1", "$: found 1, expected a string or null"),
    (#"{"enum":["a","b"]}"#, #""c""#, #"$: found "c", expected one of "a", "b""#),
    (#"{"const":1}"#, "2", "$: found 2, expected 1"),
    (#"{"required":["a"]}"#, "{}", #"$: found no member "a", expected one"#),
    (
      #"{"properties":{"a":{"items":{"type":"string"}}}}"#, #"{"a":["x",2]}"#,
      "$.a[1]: found 2, expected a string"
    ),
    (
      #"{"properties":{"a b":{"type":"string"}}}"#, #"{"a b":2}"#,
      #"$["a b"]: found 2, expected a string"#
    ),
    (
      #"{"additionalProperties":false}"#, #"{"x":1}"#,
      #"$: found member "x", expected no members beside those of the schema"#
    ),
    (#"{"minItems":2}"#, "[1]", "$: found 1 items, expected at least 2"),
    (
      #"{"uniqueItems":true}"#, "[1,2,1.0]",
      "$[2]: found 1.0, expected an item that is not there before"
    ),
    (#"{"maxLength":1}"#, #""ab""#, "$: found 2 characters, expected at most 1"),
    (#"{"maximum":1}"#, "2", "$: found 2, expected at most 1"),
    (#"{"exclusiveMinimum":2}"#, "2", "$: found 2, expected more than 2"),
    (#"{"multipleOf":2}"#, "3", "$: found 3, expected a multiple of 2"),
    (
      #"{"not":{"type":"number"}}"#, "1", #"$: found 1, expected a value that does not match "not""#
    ),
    (#"{"if":{"type":"number"},"then":{"minimum":2}}"#, "1", "$: found 1, expected at least 2"),
    (
      #"{"oneOf":[{"type":"number"},{"minimum":0}]}"#, "1",
      "$: found 1, expected to match one of 2 alternatives and not 2 of them"
    ),
    ("false", "1", "$: found 1, expected nothing here"),
    (
      ##"{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"string"}}}"##, "1",
      "$: found 1, expected a string"
    ),
  ])
  func `what does not match is told with its place`(
    _ schema: String, _ value: String, _ text: String
  ) throws {
    #expect(try mismatches(schema, value) == [text])
  }

  @Test func `a schema that refers to itself checks trees of any depth`() throws {
    let schema = ##"{"properties":{"next":{"$ref":"#"},"n":{"type":"number"}}}"##
    #expect(try mismatches(schema, #"{"n":1,"next":{"n":2,"next":{"n":3}}}"#).isEmpty)
    #expect(
      try mismatches(schema, #"{"next":{"next":{"n":"x"}}}"#)
        == [#"$.next.next.n: found "x", expected a number"#])
  }

  @Test func `a reference that goes round in circles ends`() throws {
    var checker = SchemaChecker(try RawJSON(parsing: ##"{"$ref":"#"}"##))
    checker.check(.null)
    #expect(checker.mismatches.isEmpty)
    #expect(checker.ignoredKeywords == [##"$ref "#""##])
  }

  @Test func `of alternatives that fail inside, the nearest is told`() throws {
    let schema =
      #"{"anyOf":[{"properties":{"a":{"type":"string"},"b":{"type":"string"}}},"#
      + #"{"properties":{"a":{"type":"boolean"}}}]}"#
    #expect(
      try mismatches(schema, #"{"a":1,"b":2}"#) == ["$.a: found 1, expected a boolean"])
  }

  @Test func `keywords that are not checked are named`() throws {
    var checker = SchemaChecker(try RawJSON(parsing: #"{"pattern":"^a","minLength":1}"#))
    checker.check(.string("b"))
    #expect(checker.mismatches.isEmpty)
    #expect(checker.ignoredKeywords == ["pattern"])
  }

  @Test func `a short schema whose references branch without end is given up`() throws {
    let schema = ##"{"anyOf":[{"$ref":"#"},{"$ref":"#"}],"type":"string"}"##
    var checker = SchemaChecker(try RawJSON(parsing: schema), maximumWork: 1 << 20)
    checker.check(.integer(1))
    #expect(
      checker.mismatches.map(\.description)
        == ["$: found too much to check, expected a smaller or plainer value"])
  }

  @Test(arguments: [
    (#"{"uniqueItems":true}"#, "[" + (0..<5000).map { "\($0)" }.joined(separator: ",") + "]"),
    (
      #"{"required":["# + (0..<5000).map { "\"a\($0)\"" }.joined(separator: ",") + "]}",
      "{" + (0..<5000).map { "\"a\($0)\":0" }.joined(separator: ",") + "}"
    ),
  ])
  func `what would be compared too often is given up`(_ schema: String, _ value: String) throws {
    var checker = SchemaChecker(try RawJSON(parsing: schema), maximumWork: 1 << 20)
    checker.check(try RawJSON(parsing: value))
    #expect(checker.mismatches.map(\.found) == ["too much to check"])
  }
}
