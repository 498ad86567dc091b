import JSON
import Testing

struct EditingTests {
  let json = RawJSON(
    checked: Array(#"{ "id":"\u0061", "n":1.50E+2 ,"\u0078":[1, 2],"s":"é😀"}"#.utf8)[...])

  @Test func `setting replaces one value and keeps every other byte`() {
    #expect(
      json.setting("n", to: .integer(7)).text
        == #"{ "id":"\u0061", "n":7 ,"\u0078":[1, 2],"s":"é😀"}"#)
    #expect(
      json.setting("x", to: .null).text
        == #"{ "id":"\u0061", "n":1.50E+2 ,"\u0078":null,"s":"é😀"}"#)
  }

  @Test func `setting what is not there adds it at the end`() {
    #expect(json.setting("new\n", to: .boolean(true)).text.hasSuffix(#""s":"é😀","new\n":true}"#))
    #expect(RawJSON.emptyObject.setting("a", to: .string("b")).text == #"{"a":"b"}"#)
    #expect(
      RawJSON(checked: Array("{ }".utf8)[...]).setting("a", to: .null).text == #"{ "a":null}"#)
  }

  @Test func `replacing leaves an object without the member alone`() {
    #expect(json.replacing("absent", with: .null) == json)
    #expect(json.replacing("s", with: .string("t"))["s"]?.string == "t")
  }

  @Test func `removing keeps the other members in order and as written`() {
    #expect(
      json.removing("id").text == #"{"n":1.50E+2,"\u0078":[1, 2],"s":"é😀"}"#)
    #expect(json.removing("x", "s").text == #"{"id":"\u0061","n":1.50E+2}"#)
    #expect(json.removing("id", "n", "x", "s").text == "{}")
    #expect(json.removing("absent") == json)
  }

  @Test(arguments: ["null", "true", "1.5e300", "\"x\"", "[1,{}]", "[]"])
  func `what is no object has no members and stays as it is`(text: String) {
    let value = RawJSON(checked: Array(text.utf8)[...])
    #expect(value.setting("a", to: .null) == value)
    #expect(value.replacing("a", with: .null) == value)
    #expect(value.removing("a", "b") == value)
    #expect(value["a"] == nil && value.nonNull("a") == nil && value.members.isEmpty)
    var children = 0
    value.forEachChild { _, _ in children += 1 }
    #expect(children == value.elements.count)
  }

  @Test func `nested members are not touched`() {
    let nested = RawJSON(checked: Array(#"{"a":{"b":1},"c":[{"b":2}]}"#.utf8)[...])
    #expect(nested.removing("b") == nested)
    #expect(nested.setting("b", to: .null).text == #"{"a":{"b":1},"c":[{"b":2}],"b":null}"#)
  }

  @Test func `what was edited can be read again`() throws {
    let edited = json.setting("k\"\\", to: json).removing("n")
    #expect(try RawJSON(parsing: edited.text) == edited)
    #expect(edited["k\"\\"] == json)
  }
}
