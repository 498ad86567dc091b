package import JSON

extension RawJSON {
  /// The object without `authorization` and `headers` of the `mcp` tools in its `tools`: what they
  /// log in with is the request's, which says it again each time, and is kept nowhere.
  package var withoutToolSecrets: RawJSON { strippedOfToolSecrets ?? self }

  private static let toolMembers = MemberNames("type", "tools")

  /// Nil where there is nothing to take out.
  private var strippedOfToolSecrets: RawJSON? {
    guard kind == .object else { return nil }
    var type: String?
    var tools: [RawJSON] = []
    forEach(Self.toolMembers) { name, value in
      if name == 0 { type = value.string } else { tools = value.elements }
    }
    if type == "mcp" {
      let stripped = removing("authorization", "headers")
      return stripped.bytes.count < bytes.count ? stripped : nil
    }
    let stripped = tools.map(\.strippedOfToolSecrets)
    guard stripped.contains(where: { $0 != nil }) else { return nil }
    return setting(
      "tools",
      to: .build { writer in
        writer.array { array in
          for (tool, stripped) in zip(tools, stripped) { array.value(stripped ?? tool) }
        }
      })
  }
}
