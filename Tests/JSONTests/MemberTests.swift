import JSON
import Testing

struct MemberTests {
  let json = RawJSON(
    checked: Array(
      #" {"a" : 1 , "b\n":[ {"c":"]}\""} , -2.50e+1 ],"d":{"e":null,"f":{}},"g":null,"":true}"#
        .utf8)[1...])

  @Test func `members keep their order and bytes`() {
    #expect(json.members.map(\.key) == ["a", "b\n", "d", "g", ""])
    #expect(
      json.members.map(\.value.text) == [
        "1", #"[ {"c":"]}\""} , -2.50e+1 ]"#, #"{"e":null,"f":{}}"#, "null", "true",
      ])
  }

  @Test func `members are found by the text their key decodes to`() throws {
    #expect(json["b\n"]?.kind == .array)
    #expect(json[#"b\n"#] == nil)
    #expect(json[""]?.boolean == true)
    #expect(json["A"] == nil)
    let escaped = try RawJSON(parsing: #"{"\u006dodel":"x","\\n":1,"é":2}"#)
    #expect(escaped["model"]?.string == "x")
    #expect(escaped[#"\n"#]?.integer == 1)
    #expect(escaped["\n"] == nil)
    #expect(escaped["é"]?.integer == 2)
    #expect(escaped["e\u{301}"] == nil)
  }

  @Test func `several members are found in one walk, however their keys are spelled`() throws {
    let names = MemberNames("model", "input", "é", "absent", "")
    let json = try RawJSON(
      parsing: #"{"input":[{"model":1}],"\u006dodel":"x","é":2,"mode":3,"models":4,"":null}"#)
    var found: [String] = []
    json.forEach(names) { found.append("\($0)=\($1.text)") }
    #expect(found == [#"1=[{"model":1}]"#, #"0="x""#, "2=2", "4=null"])
    for other in [#"["model"]"#, "7", #""model""#] {
      try RawJSON(parsing: other).forEach(names) { name, _ in Issue.record("\(name) in \(other)") }
    }
  }

  @Test func `of two members with one key the last comes last`() {
    var found: [Int64?] = []
    let json = RawJSON(checked: Array(#"{"a":1,"b":2,"a":3}"#.utf8)[...])
    json.forEach(MemberNames("a")) { found.append($1.integer) }
    #expect(found == [1, 3])
  }

  @Test(arguments: [
    ("[]", false), ("[ \n ]", false), ("[0]", true), ("[ []]", true), ("{}", false),
    (#"{"a":1}"#, false), ("null", false), (#""[1]""#, false),
  ])
  func `an array tells whether it has elements`(text: String, hasElements: Bool) throws {
    #expect(try RawJSON(parsing: text).hasElements == hasElements)
  }

  @Test func `what is nested is passed over whatever brackets its strings hold`() throws {
    let nested = #"{"x":"]}}[{\"","y":[[{}],"}","\\"],"z":"\\\"{"}"#
    for space in 0..<10 {
      let pad = String(repeating: " ", count: space)
      let json = try RawJSON(parsing: #"{"a":\#(pad)\#(nested)\#(pad),"b":7}"#)
      #expect(json["b"]?.integer == 7)
      #expect(json["a"]?.text == nested)
    }
  }

  @Test func `a key as written is not mistaken for the name it is spelled like`() throws {
    // The key is one line feed, spelled with the two characters that the name consists of.
    let json = try RawJSON(parsing: #"{"\n":1}"#)
    #expect(json[#"\n"#] == nil)
    #expect(json["\n"]?.integer == 1)
  }

  @Test func `null members are there and nonNull passes over them`() {
    #expect(json["g"]?.isNull == true)
    #expect(json.nonNull("g") == nil)
    #expect(json.nonNull("a")?.integer == 1)
    #expect(json.nonNull("x") == nil)
  }

  @Test func `elements keep their order and bytes`() {
    #expect(json["b\n"]?.elements.map(\.text) == [#"{"c":"]}\""}"#, "-2.50e+1"])
  }

  @Test(arguments: ["null", "true", "1", "\"[]\"", "\"{}\""])
  func `only containers have children`(text: String) throws {
    let json = try RawJSON(parsing: text)
    #expect(json.members.isEmpty)
    #expect(json.elements.isEmpty)
    #expect(json["a"] == nil)
  }

  @Test func `arrays have no members and objects no elements`() throws {
    #expect(try RawJSON(parsing: #"[{"a":1}]"#).members.isEmpty)
    #expect(try RawJSON(parsing: #"{"a":[1]}"#).elements.isEmpty)
    #expect(RawJSON.emptyObject.members.isEmpty)
    #expect(try RawJSON(parsing: "[ ]").elements.isEmpty)
  }

  @Test func `slices of a longer buffer are read where they lie`() throws {
    let line = Array(#"xx{"a":{"b":[1,2]}}yy"#.utf8)
    let json = try RawJSON(parsing: line[2..<line.count - 2])
    #expect(json["a"]?["b"]?.elements.map(\.integer) == [1, 2])
  }

  @Test func `white space around the value is not part of it`() throws {
    #expect(try RawJSON(parsing: " \n[1]\r\t").text == "[1]")
  }

  @Test func `edits may nest deeper than any reader takes`() {
    var json = RawJSON.integer(1)
    for _ in 0..<1000 {
      let inner = json
      json = .object { $0.member("a", inner) }
    }
    #expect(json.members.map(\.key) == ["a"])
    #expect(json["a"]?.bytes.count == json.bytes.count - 6)
  }
}

struct ChildTests {
  /// Key and value of each child, as written.
  private func children(of text: String, limits: JSONLimits = .strict) throws -> [String] {
    let bytes = Array(text.utf8)
    var children: [String] = []
    _ = try JSONScanner.scan(bytes.span, limits: limits) { child in
      let key = String(decoding: bytes[child.key], as: UTF8.self)
      children.append(key + "=" + String(decoding: bytes[child.value], as: UTF8.self))
    }
    return children
  }

  @Test(
    arguments: [
      ("{}", []), ("[]", []), ("1", []), ("\"a\"", []), (" [ ] ", []), ("[[]]", ["=[]"]),
      ("[{}]", ["={}"]), ("[[[]],1]", ["=[[]]", "=1"]), (#"{"a":{}}"#, ["a={}"]),
      (
        #"{"a":1,"b":[2,{"c":3}],"d":{"e":{"f":4}},"g":"}"}"#,
        ["a=1", #"b=[2,{"c":3}]"#, #"d={"e":{"f":4}}"#, #"g="}""#]
      ),
      (#" { "\u0061" : [ 1 , 2 ] , "b" : null } "#, [#"\u0061=[ 1 , 2 ]"#, "b=null"]),
      (#"[{"a":1,"b":{"c":[]}},[2,[3]],true]"#, [#"={"a":1,"b":{"c":[]}}"#, "=[2,[3]]", "=true"]),
    ] as [(String, [String])])
  func `the scanner hands out the children of the outermost container`(
    text: String, expected: [String]
  ) throws {
    #expect(try children(of: text) == expected)
  }
}
