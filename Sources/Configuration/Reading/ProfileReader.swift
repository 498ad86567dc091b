internal import JSON
internal import Wire

extension ProfileConfiguration {
  /// Members of `responses.create` that make sense as defaults. What is part of one exchange
  /// (input, stream, conversation, previous_response_id) does not.
  private static let apiParameters = [
    "background", "context_management", "include", "max_output_tokens", "max_tool_calls",
    "metadata", "parallel_tool_calls", "prompt", "prompt_cache_key", "prompt_cache_retention",
    "reasoning", "safety_identifier", "service_tier", "store", "stream_options", "temperature",
    "text", "tool_choice", "top_logprobs", "top_p", "truncation", "user",
  ]

  mutating func read(_ table: inout TableReader) {
    table.read("model", as: .model, into: &model)
    table.read(
      "upstream", as: .name(of: "an upstream", maximumBytes: 64), into: &upstream)
    table.read(
      "instructions", as: .text("a text of 1 to 262144 bytes", bytes: 1...262_144),
      into: &instructions)
    table.read("tools", as: .array(of: .glob(of: "plugin.tool")), into: &tools)
    for name in Self.apiParameters { readParameter(name, &table) }
    for entry in table.entries("parameters") { readFree(entry, table) }
    table.finish()
  }

  private mutating func readParameter(_ name: String, _ table: inout TableReader) {
    guard let node = table.take(name) else { return }
    append(name, node, table, path: table.path)
  }

  /// Reads a member of `parameters`, where anything may stand that the upstream understands.
  private mutating func readFree(_ entry: TOMLTable.Entry, _ table: TableReader) {
    let taken = [
      "model", "instructions", "input", "stream", "conversation", "previous_response_id",
    ]
    guard !taken.contains(entry.key), !parameters.contains(where: { $0.name == entry.key }) else {
      return table.refuse(
        entry.keyOrigin, "parameters", found: TOMLText.quoted(entry.key),
        expected: "a parameter that the profile does not set yet and that may be a default")
    }
    append(entry.key, entry.node, table, path: table.path + ["parameters"])
  }

  private mutating func append(
    _ name: String, _ node: TOMLNode, _ table: TableReader, path: [String]
  ) {
    guard let value = node.json else {
      table.findings.refuse(
        ConfigurationError(
          node.origin, key: TOMLText.path(path + [name]), found: node.described(),
          expected: "a value that JSON has too (no dates, no infinity, at most 64 levels)"))
      return
    }
    parameters.append(Parameter(name: name, value: value))
    table.findings.record(path, name, TOMLText.value(node), node.origin)
  }
}
