import Client
import JSON
import Testing

struct AnswerSchemaTests {
  @Test(arguments: [
    (
      #"{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}"#,
      true
    ),
    (#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#, false),
    (#"{"type":"object","properties":{},"required":[]}"#, false),
    (#"{"type":"array","items":{"type":"object"}}"#, false), (#"{"type":"string"}"#, true),
  ])
  func `a schema is strict when its objects are closed`(_ schema: String, _ isStrict: Bool) throws {
    #expect(try AnswerSchema(argument: schema).format["strict"]?.boolean == isStrict)
  }
}
