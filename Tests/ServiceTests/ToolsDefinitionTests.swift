import JSON
import Service
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
        == #"{"type":"function","name":"git__push","description":"Pushes.","parameters":"# + schema
        + #","strict":false}"#)
  }

  @Test(arguments: ["a.b", "a b", "ä", "", String(repeating: "x", count: 60), "a\u{1B}[2J", "a/b"])
  func `a name that upstreams do not take is refused`(_ name: String) throws {
    let reason = try reason(.tool(name))
    #expect(reason.contains("A-Z a-z 0-9 _ -"))
    #expect(!reason.unicodeScalars.contains("\u{1B}"))
  }

  @Test func `a name of 64 characters in all is taken`() throws {
    let name = String(repeating: "x", count: 59)
    #expect(try tool(.tool(name)).name.function.utf8.count == 64)
  }

  @Test(arguments: [#"{}"#, #"{"type":"string"}"#, "[]", "null", "true", #"{"type":["object"]}"#])
  func `a schema that is not of an object is refused`(_ schema: String) throws {
    #expect(try reason(.tool("a", schema: schema)).contains(#"a schema of "type": "object""#))
  }

  @Test func `a schema that is too large is refused`() throws {
    let text = String(repeating: "x", count: 65_536)
    #expect(
      try reason(.tool("a", schema: #"{"type":"object","title":"\#(text)"}"#))
        .contains("at most 65536"))
    #expect(try reason(.emptyObject).contains("found the name \"\""))
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
        + #""z":{"title":"tu","enum":["a\u0007"]}}}"#)
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
    ToolResult(try RawJSON(parsing: text), maximumBytes: maximumBytes)
  }

  @Test(arguments: [
    (#"{"content":[{"type":"text","text":"a\nb"}]}"#, "a\nb"),
    (#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, "a\nb"),
    (#"{"content":[],"structuredContent":{"n":1.0}}"#, #"{"n":1.0}"#),
    (#"{"content":[{"type":"text","text":"a"}],"structuredContent":{"n":1}}"#, "a"),
    ("{}", ""),
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
}
