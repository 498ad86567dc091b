import Configuration
import JSON
import Plugins
import Testing
import Wire

/// What is made of a server's description of a tool.
@Suite struct ToolsDefinitionTests {
  private func tool(
    _ json: RawJSON, _ change: (inout PluginConfiguration) -> Void = { _ in }
  ) throws(ToolRefusal) -> Tool {
    var plugin = PluginConfiguration(name: "git")
    change(&plugin)
    return try Tool(json, of: plugin)
  }

  private func reason(_ json: RawJSON) throws -> String {
    try #require(throws: ToolRefusal.self) { try tool(json) }.reason
  }

  @Test func `a tool becomes a function of the plugin's name and its own`() throws {
    let schema = #"{"type":"object","properties":{"b":{"type":"integer"}},"required":["b"]}"#
    let tool = try tool(.tool("push", "Pushes.", schema: schema))
    #expect(tool.name.description == "git.push")
    #expect(
      tool.function.text
        == #"{"type":"function","name":"git__push","description":"Pushes.","parameters":"#
        + schema
        + #","strict":false}"#)
  }

  @Test(arguments: [
    ("a.b", "git__a_b_", "git.a.b"), ("a b", "git__a_b_", "git.a b"), ("ä", "git____", "git.ä"),
    ("a/b", "git__a_b_", "git.a/b"), ("a\u{1B}[2J", "git__a__2J_", "git.a__2J_"),
    ("a\u{200B}", "git__a__", "git.a__"), ("x\u{202E}y", "git__x_y_", "git.x_y_"),
  ])
  func `a name that upstreams do not take is made one`(
    _ name: String, _ start: String, _ shown: String
  ) throws {
    let made = try tool(.tool(name)).name
    #expect(made.tool == name)
    #expect(made.function.hasPrefix(start), "\(made.function)")
    #expect(made.function.utf8.count == start.utf8.count + 8)
    #expect(made.function.utf8.allSatisfy { $0 == 0x5F || $0 == 0x2D || isLetterOrDigit($0) })
    #expect(made.description.hasPrefix(shown))
    #expect(!made.description.unicodeScalars.contains("\u{1B}"))
  }

  private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber
  }

  @Test(arguments: [1, 59, 60, 64, 65, 128, 1000]) func `a name of any length is made to fit`(
    _ length: Int
  ) throws {
    let name = String(repeating: "x", count: length)
    let made = try tool(.tool(name)).name.function
    #expect(made.utf8.count == min(length + 5, 64))
    #expect((made == "git__\(name)") == (length <= 59))
  }

  @Test func `names that would be alike are kept apart, and each stays the same`() throws {
    let long = String(repeating: "x", count: 70)
    let names = ["a.b", "a b", "a/b", "a_b", "a-b", long, long + "y"]
    let made = try names.map { try tool(.tool($0)).name.function }
    #expect(Set(made).count == names.count)
    #expect(try names.map { try tool(.tool($0, "Another.")).name.function } == made)
    #expect(made[3] == "git__a_b" && made[4] == "git__a-b")
  }

  @Test func `a tool without a name is none`() throws {
    #expect(try reason(.emptyObject).contains("found no name"))
    #expect(try reason(.tool("")).contains("found no name"))
  }

  @Test(arguments: ["{}", "[]", "5", #""x""#, "null"])
  func `what nobody asks for may be of any type, and a description a text only`(
    _ odd: String
  ) throws {
    let json = try RawJSON(parsing: odd)
    let plain = try RawJSON.tool("a")
    let odd = plain.setting("annotations", to: json).setting("outputSchema", to: json)
    #expect(try tool(odd.setting("title", to: json)).function == tool(plain).function)
    guard json.kind != .string, !json.isNull else {
      return #expect(try tool(plain.setting("description", to: json)).name.tool == "a")
    }
    let reason = try reason(plain.setting("description", to: json))
    #expect(reason == "description: found \(json.text), expected a text")
  }

  @Test func `globs of the configuration name a tool as its server does, or as models do`() throws {
    let function = try tool(.tool("a.b")).name.function
    for glob in ["git.a.b", "git.*", function, "git__a*"] {
      let denied = try tool(.tool("a.b")) {
        $0.approval = .allow
        $0.approvals = [.init(tool: Glob(glob), approval: .deny)]
      }
      #expect(denied.approval == .deny)
    }
  }

  // MARK: Schemas

  @Test(arguments: [
    ("{}", #"{"type":"object","properties":{}}"#), ("null", #"{"type":"object","properties":{}}"#),
    ("[]", #"{"type":"object","properties":{}}"#), ("true", #"{"type":"object","properties":{}}"#),
    (#"{"type":"object"}"#, #"{"type":"object","properties":{}}"#),
    (#"{"type":["object","null"]}"#, #"{"type":"object","properties":{}}"#),
    (#"{"type":"object","properties":[]}"#, #"{"type":"object","properties":{}}"#),
    (#"{"type":"object","properties":null}"#, #"{"type":"object","properties":{}}"#),
    (
      #"{"$schema":"http://json-schema.org/draft-07/schema#","$id":"x","properties":{"a":{}}}"#,
      #"{"properties":{"a":{}},"type":"object"}"#
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"array"},"b":{"type":"object"},"c":true}}"#,
      #"{"type":"object","properties":{"a":{"type":"array","items":{}},"#
        + #""b":{"type":"object","properties":{}},"c":{}}}"#
    ),
    (
      #"{"type":"object","properties":{"a":{"items":{"type":"array"}},"b":{"enum":["x"]},"#
        + #""c":{"properties":{"d":{"type":"any"}}}}}"#,
      #"{"type":"object","properties":{"a":{"type":"array","items":{"type":"array","items":{}}},"#
        + #""b":{"type":"string","enum":["x"]},"#
        + #""c":{"type":"object","properties":{"d":{}}}}}"#
    ),
    (
      #"{"type":"object","properties":{"$schema":{"type":"string","$comment":"x"},"#
        + #""a":{"type":["string"]},"b":{"type":"array","items":[{"type":"array"}]}}}"#,
      #"{"type":"object","properties":{"$schema":{"type":"string"},"#
        + #""a":{"type":"string"},"b":{"type":"array","#
        + #""items":{"anyOf":[{"type":"array","items":{}}]}}}}"#
    ),
    (
      #"{"type":"object","required":true,"properties":{"a":{"type":"string","required":true}}}"#,
      #"{"type":"object","properties":{"a":{"type":"string"}}}"#
    ),
    (
      ##"{"$ref":"#/$defs/In","$defs":{"In":{"type":"object","properties":{"a":{"type":"array"}}}}}"##,
      ##"{"$defs":{"In":{"type":"object","properties":{"a":{"type":"array","items":{}}}}},"##
        + ##""type":"object","properties":{"a":{"type":"array","items":{}}}}"##
    ),
    (
      #"{"type":"object","oneOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},"#
        + #"{"properties":{"b":{"type":"string"}},"required":["b"]}]}"#,
      #"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#
    ),
    (
      #"{"allOf":[{"properties":{"a":{}},"required":["a"]}],"required":["b"],"properties":{"b":{}}}"#,
      #"{"properties":{"b":{},"a":{}},"required":["a","b"],"type":"object"}"#
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"#
        + #""additionalProperties":false,"x-order":[1]}"#,
      #"{"type":"object","additionalProperties":false,"x-order":[1],"#
        + #""properties":{"a":{"type":"string"}},"required":["a"]}"#
    ),
  ])
  func `a schema is spelled as strict upstreams take it`(_ said: String, _ sent: String) throws {
    let tool = try tool(.tool("a", schema: said))
    let (found, expected) = (tool.parameters, try RawJSON(parsing: sent))
    #expect(JSONEquality.areEqual(found, expected), "\(found.text)")
    #expect(tool.function["parameters"] == found)
    #expect(tool.schema.text == said)
  }

  @Test(arguments: [#"{"type":"string"}"#, #"{"type":["array"]}"#, "7", "false", #""x""#, "[1]"])
  func `a schema that is not of an object is refused`(_ schema: String) throws {
    #expect(try reason(.tool("a", schema: schema)).contains(#"a schema of "type": "object""#))
  }

  @Test func `a schema that refers to itself is spelled in finite words`() throws {
    let schema =
      ##"{"$ref":"#","allOf":[{"$ref":"#"}],"properties":{"a":{"$ref":"#/properties/a"}}}"##
    #expect(try tool(.tool("a", schema: schema)).parameters["type"]?.string == "object")
  }

  @Test func `arguments are checked by what the server says`() throws {
    let schema = #"{"type":"object","oneOf":[{"required":["a"]},{"required":["b"]}]}"#
    let tool = try tool(.tool("a", schema: schema))
    #expect(try ToolArguments.read(#"{"a":1}"#, for: tool).text == #"{"a":1}"#)
    #expect(throws: ToolArguments.Mismatch.self) { try ToolArguments.read("{}", for: tool) }
  }

  @Test func `a schema that is too large is refused`() throws {
    let text = String(repeating: "x", count: 65_536)
    #expect(
      try reason(.tool("a", schema: #"{"type":"object","title":"\#(text)"}"#))
        .contains("at most 65536"))
  }

  @Test func `descriptions lose what can't be seen, and what is beyond their bound`() throws {
    let hidden = "a\u{1B}[1mb\u{202E}c\u{200B}d\u{E0041}e\u{7F}\u{85}\u{2028}f\ng\th"
    let schema =
      #"{"type":"object","properties":{"description":{"type":"string","description":"x\u0007\#u{200B}y"},"#
      + #""z":{"title":"t\u001bu","enum":["a\u0007"]}}}"#
    let cleaned = try tool(.tool("a", hidden, schema: schema))
    #expect(cleaned.description == "a[1mbcdef\ng\th")
    #expect(
      cleaned.parameters.text
        == #"{"type":"object","properties":{"description":{"type":"string","description":"xy"},"#
        + #""z":{"type":"string","title":"tu","enum":["a\u0007"]}}}"#)
    let long = try tool(.tool("a", String(repeating: "é", count: 8192)))
    #expect(long.description.utf8.count <= 8192)
    #expect(long.description.hasSuffix("é…"))
  }

  @Test func `a definition is another one when anything that is read of it is`() throws {
    func digest(_ text: String) throws -> [UInt8] { try tool(RawJSON(parsing: text)).digest }
    let digests = try [
      #"{"name":"a","description":"d","inputSchema":{"type":"object"}}"#,
      #"{"name":"a","description":"D","inputSchema":{"type":"object"}}"#,
      #"{"name":"b","description":"d","inputSchema":{"type":"object"}}"#,
      #"{"name":"a","title":"t","description":"d","inputSchema":{"type":"object"}}"#,
      #"{"name":"a","description":"d","inputSchema":{"type":"object","required":["x"]}}"#,
      #"{"name":"a","description":"d\u200b","inputSchema":{"type":"object"}}"#,
    ].map(digest)
    #expect(Set(digests).count == digests.count)
    let same = #"{"inputSchema" : {"type":"object"}, "description":"\u0064", "name":"a", "x":1}"#
    #expect(try digest(same) == digests[0])
  }

  @Test func `what the configuration says of a tool is kept with it`() throws {
    let push = try tool(.tool("push")) {
      $0.approval = .allow
      $0.approvals = [
        .init(tool: Glob("git.*"), approval: .ask), .init(tool: Glob("git.push"), approval: .deny),
      ]
      $0.idempotent = [Glob("git.sta*")]
    }
    #expect(push.approval == .deny)
    #expect(!push.isIdempotent)
    #expect(try tool(.tool("status")) { $0.idempotent = [Glob("git.sta*")] }.isIdempotent)
  }

  @Test func `what a server says of its own harmlessness counts for nothing`() throws {
    let json = try RawJSON(
      parsing: #"{"name":"a","inputSchema":{"type":"object"},"annotations":"#
        + #"{"readOnlyHint":true,"idempotentHint":true}}"#)
    let tool = try tool(json)
    #expect(!tool.isIdempotent)
    #expect(tool.approval == .ask)
  }

  // MARK: Arguments

  @Test func `arguments that fit come back as they were written`() throws {
    let tool = try tool(
      .tool("a", schema: #"{"type":"object","properties":{"n":{"type":"number"}}}"#))
    #expect(
      try ToolArguments.read(#"{"n": 1.0, "more":"\u0041"}"#, for: tool).text
        == #"{"n": 1.0, "more":"\u0041"}"#)
    #expect(try ToolArguments.read("{\n\"n\":1}", for: tool).text == "{ \"n\":1}")
    #expect(try ToolArguments.read(" ", for: tool).text == "{}")
  }

  @Test(arguments: [
    ("{", "arguments are not JSON"), ("[]", "found [], expected an object"),
    ("{}", "$: found no member \"n\", expected one"),
    (#"{"n":"x"}"#, #"$.n: found "x", expected an integer"#),
    (#"{"n":1,"n":2}"#, "stands twice"), (#"{"n":1,"m":2}"#, "found member \"m\""),
  ])
  func `arguments that do not fit are told what was expected`(
    _ arguments: String, _ expected: String
  ) throws {
    let schema =
      #"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"#
      + #""additionalProperties":false}"#
    let tool = try tool(.tool("a", schema: schema))
    let error = try #require(throws: ToolArguments.Mismatch.self) {
      try ToolArguments.read(arguments, for: tool)
    }
    #expect(error.message.contains(expected))
  }

  @Test func `a schema made to take for ever is given up soon`() throws {
    let schema =
      ##"{"type":"object","anyOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":"##
      + ##"[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"type":"string"}}}"##
    let tool = try tool(.tool("a", schema: schema))
    let start = ContinuousClock.now
    let error = try #require(throws: ToolArguments.Mismatch.self) {
      try ToolArguments.read("{}", for: tool)
    }
    #expect(error.message.contains("too much to check"))
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  // MARK: Results

  private func result(_ text: String, maximumBytes: Int = 1000) throws -> ToolResult {
    try ToolResult(try RawJSON(parsing: text), maximumBytes: maximumBytes)
  }

  @Test(arguments: [
    (#"{"content":[{"type":"text","text":"a\nb"}]}"#, "a\nb"),
    (#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, "a\nb"),
    (#"{"content":[],"structuredContent":{"n":1.0}}"#, #"{"n":1.0}"#),
    (#"{"content":[{"type":"text","text":"a"}],"structuredContent":{"n":1}}"#, "a"),
    (#"{"content":[]}"#, ""),
    (#"{"structuredContent":{}}"#, "{}"),
    (#"{"content":null,"structuredContent":[1],"isError":null}"#, "[1]"),
    (
      #"{"content":[{"type":"resource","resource":{"uri":"file:///a","text":"hi"}}]}"#,
      "file:///a:\nhi"
    ),
    (
      #"{"content":[{"type":"resource_link","uri":"file:///a","name":"A"}]}"#,
      "A resource: A, file:///a"
    ),
    (
      #"{"content":[{"type":"audio","data":"AAAA","mimeType":"audio/wav"}]}"#,
      "[audio of type \"audio/wav\", 3 bytes, not shown]"
    ),
    (
      #"{"content":[{"type":"image","data":"!!","mimeType":"image/png"}]}"#,
      "[an image of type \"image/png\", 0 bytes, not shown]"
    ),
    (#"{"content":[{"type":"hologram"}]}"#, "[a part of the unknown type \"hologram\"]"),
    (
      #"{"content":[{"type":"text","text":"no"}],"isError":true}"#,
      "The tool reports an error:\nno"
    ),
    (
      #"{"resultType":"input_required","inputRequests":{}}"#,
      "The tool asks for input that can't be given here; nothing came of the call."
    ),
  ])
  func `a result without an image is text`(_ result: String, _ text: String) throws {
    #expect(try self.result(result).output.string == text)
  }

  @Test func `images are shown beside the text`() throws {
    let result = try result(
      #"{"content":[{"type":"text","text":"a"},"#
        + #"{"type":"image","data":"iVBORw==","mimeType":"image/png"},"#
        + #"{"type":"resource","resource":{"uri":"x:/","blob":"AAAA","mimeType":"image/webp"}}]}"#)
    #expect(
      result.output.text
        == #"[{"type":"input_text","text":"a"},"#
        + #"{"type":"input_image","image_url":"data:image/png;base64,iVBORw=="},"#
        + #"{"type":"input_image","image_url":"data:image/webp;base64,AAAA"}]"#)
    #expect(!result.isError)
  }

  @Test func `what is beyond the bound is cut and says so`() throws {
    let text = String(repeating: "é", count: 600)
    let cut = try result(
      #"{"content":[{"type":"text","text":"\#(text)"},{"type":"text","text":"later"}]}"#)
    let output = try #require(cut.output.string)
    #expect(output.hasSuffix("…\n[cut here: 1200 bytes were too many]"))
    #expect(output.utf8.count < 1100)
    let data = String(repeating: "AAAA", count: 300)
    let image = try result(
      #"{"content":[{"type":"image","data":"\#(data)","mimeType":"image/png"}]}"#)
    #expect(image.output.string == "[an image of 900 bytes, too large to be shown]")
  }

  @Test func `a result of very many parts is gathered within its bound`() throws {
    let part = #"{"type":"text","text":""}"#
    let parts = Array(repeating: part, count: 50_000).joined(separator: ",")
    let many = try result(#"{"content":[\#(parts)]}"#)
    #expect(try #require(many.output.string).utf8.count < 2000)
  }
}
