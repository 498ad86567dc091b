internal import JSON

/// Tools, whose members stand in an object of their own in a chat completion and in the tool itself
/// in the other API. A tool that stands there as the other API wants it is taken as it is: many
/// clients send those.
extension ChatTranslation {
  mutating func translateTools() throws(Refusal) {
    var tools = try elements("tools") { (tool) throws(Refusal) in try Self.tool(tool) }
    let functions = try elements("functions") { (function) throws(Refusal) in
      try Shape.chatFunction.check(function.members)
      return Self.function(function)
    }
    if !functions.isEmpty, !tools.isEmpty {
      throw Refusal("found together with tools, one of them was expected").inside("functions")
    }
    reply.usesFunctions = !functions.isEmpty
    tools += functions
    for tool in tools { if let name = tool["name"]?.string { reply.toolNames.insert(name) } }
    if let options = self["web_search_options"] { tools.append(Self.webSearch(options)) }
    if !tools.isEmpty || self["tools"] != nil { set("tools", .array(tools)) }
    set("tool_choice", try choice())
    // There is one `function_call` in an answer.
    set(
      "parallel_tool_calls",
      self["parallel_tool_calls"] ?? (functions.isEmpty ? nil : .boolean(false)))
  }

  private func elements(
    _ key: String, _ body: (RawJSON) throws(Refusal) -> RawJSON
  ) throws(Refusal) -> [RawJSON] {
    var translated: [RawJSON] = []
    for (index, element) in (self[key]?.elements ?? []).enumerated() {
      do throws(Refusal) {
        translated.append(try body(element))
      } catch {
        throw error.inside(index).inside(key)
      }
    }
    return translated
  }

  private static func tool(_ tool: RawJSON) throws(Refusal) -> RawJSON {
    switch (tool.nonNull("type")?.string, tool.nonNull("function"), tool.nonNull("custom")) {
    case ("function", let function?, _), (nil, let function?, _):
      try Rule.object(.chatFunction).check(function, inside: "function")
      return Self.function(function)
    case ("custom", _, let custom?):
      try Rule.object(.chatCustomTool).check(custom, inside: "custom")
      return Self.custom(custom)
    default:
      try Rule.tool.check(tool)
      return tool
    }
  }

  /// Left out, `strict` is false here and may be true there; without parameters there are none.
  private static func function(_ function: RawJSON) -> RawJSON {
    var tool = function.unnested("function")
    if function.nonNull("strict") == nil { tool = tool.setting("strict", to: .boolean(false)) }
    if function.nonNull("parameters") == nil {
      tool = tool.setting("parameters", to: .noParameters)
    }
    return tool
  }

  private static func custom(_ custom: RawJSON) -> RawJSON {
    let tool = custom.unnested("custom")
    guard let format = custom.nonNull("format"), let grammar = format.nonNull("grammar") else {
      return tool
    }
    return tool.setting("format", to: grammar.unnested("grammar"))
  }

  private static func webSearch(_ options: RawJSON) -> RawJSON {
    let tool = options.unnested("web_search")
    guard let place = options.nonNull("user_location")?.nonNull("approximate") else { return tool }
    return tool.setting("user_location", to: place.unnested("approximate"))
  }

  private func choice() throws(Refusal) -> RawJSON? {
    if let choice = self["tool_choice"] {
      do throws(Refusal) {
        return try Self.choice(choice)
      } catch {
        throw error.inside("tool_choice")
      }
    }
    guard let call = self["function_call"] else { return nil }
    guard call.kind == .object else { return reply.usesFunctions ? call : nil }
    return call.unnested("function")
  }

  private static func choice(_ choice: RawJSON) throws(Refusal) -> RawJSON {
    guard let type = choice.nonNull("type")?.string,
      ["function", "custom", "allowed_tools"].contains(type), let inner = choice.nonNull(type)
    else {
      try Rule.toolChoice.check(choice)
      return choice
    }
    try Rule.anyObject.check(inner, inside: type)
    let flat = (type == "allowed_tools" ? allowedTools(inner) : inner).unnested(type)
    try Rule.toolChoice.check(flat, inside: type)
    return flat
  }

  private static func allowedTools(_ allowed: RawJSON) -> RawJSON {
    guard let tools = allowed.nonNull("tools"), tools.kind == .array else { return allowed }
    return allowed.setting(
      "tools",
      to: .array(
        tools.elements.map { tool in
          guard let type = tool.nonNull("type")?.string, let inner = tool.nonNull(type),
            inner.kind == .object
          else { return tool }
          return inner.unnested(type)
        }))
  }
}

extension Rule {
  /// Checks a member of the object that is being checked.
  fileprivate func check(_ value: RawJSON, inside key: String) throws(Refusal) {
    do throws(Refusal) {
      try check(value)
    } catch {
      throw error.inside(key)
    }
  }
}

extension RawJSON {
  fileprivate static let noParameters = RawJSON.object { schema in
    schema.member("type", "object")
    schema.key("properties")
    schema.object { _ in }
  }
}
