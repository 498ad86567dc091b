package import Configuration
package import JSON
internal import Wire

/// A tool of a plugin, as models are told of it.
package struct Tool: Sendable {
  /// Bytes of a description.
  private static let longestDescription = 8 * 1024
  /// Bytes of a schema. It is sent with each request that offers the tool.
  private static let largestSchema = 64 * 1024

  package let name: ToolName
  /// For people.
  package let title: String?
  package let description: String
  /// A JSON Schema of an object, as upstreams take it.
  package let parameters: RawJSON
  /// The same as the server spells it, which arguments are checked by.
  package let schema: RawJSON
  /// SHA-256 of all that its server says about it that people or models read.
  package let digest: [UInt8]
  /// What the configuration says of calls to it.
  package let approval: PluginConfiguration.Approval
  /// Whether a call whose outcome is unknown may be made again, by the configuration. What a server
  /// says of itself does not count.
  package let isIdempotent: Bool

  /// Reads an element of `tools/list`.
  package init(
    _ json: RawJSON, of plugin: PluginConfiguration
  ) throws(ToolRefusal) {
    let name = try ToolName(plugin: plugin.name, tool: json["name"]?.string ?? "")
    let schema = json["inputSchema"] ?? .null
    let parameters = try Self.parameters(schema, of: name)
    self.name = name
    self.schema = schema
    title = json.nonNull("title")?.string.map { PlainText.line($0, maximumBytes: 200) }
    let said = try Self.description(json.nonNull("description"), of: name)
    description = PlainText.clean(said, maximumBytes: Self.longestDescription)
    self.parameters = PlainText.clean(schema: parameters, maximumBytes: Self.longestDescription)
    digest = Self.digest(json, schema)
    approval = plugin.approval(for: name)
    isIdempotent = plugin.idempotent.contains { $0.matches(name.description) }
  }

  private static func description(
    _ said: RawJSON?, of name: ToolName
  ) throws(ToolRefusal) -> String {
    guard let said else { return "" }
    guard let text = said.string else {
      throw ToolRefusal(
        plugin: name.plugin, tool: name.tool, "description: found \(said.excerpt), expected a text")
    }
    return text
  }

  private static func parameters(
    _ schema: RawJSON, of name: ToolName
  ) throws(ToolRefusal) -> RawJSON {
    func refusal(_ found: String, _ expected: String) -> ToolRefusal {
      ToolRefusal(
        plugin: name.plugin, tool: name.tool, "inputSchema: found \(found), expected \(expected)")
    }
    guard schema.bytes.count <= largestSchema else {
      throw refusal("\(schema.bytes.count) bytes", "at most \(largestSchema)")
    }
    guard let parameters = ToolSchema.ofObject(schema) else {
      throw refusal(
        PlainText.line(schema.excerpt, maximumBytes: 80), "a schema of \"type\": \"object\"")
    }
    return parameters
  }

  private static func digest(_ json: RawJSON, _ schema: RawJSON) -> [UInt8] {
    var text = CanonicalJSON()
    for key in ["name", "title", "description"] { text.add(json[key] ?? .null) }
    text.add(schema)
    return SHA256.digest(text.bytes).bytes
  }

  /// The first line of the description, for people.
  package var firstLine: String {
    let line = description.split(whereSeparator: \.isNewline).first ?? ""
    return PlainText.line(String(line), maximumBytes: 200)
  }

  /// The entry of a request's `tools`.
  package var function: RawJSON {
    .object { tool in
      tool.member("type", "function")
      tool.member("name", name.function)
      tool.member("description", description)
      tool.member("parameters", parameters)
      // Strict mode takes only some schemas, and it is the daemon that checks the arguments.
      tool.member("strict", false)
    }
  }
}
