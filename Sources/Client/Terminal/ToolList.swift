package import JSON

/// Shows the tools that the daemon has, as `tools.list` tells them.
package struct ToolList {
  private let tools: [RawJSON]
  /// Why the tools of a plugin are not known, a sentence each.
  package let failures: [String]

  /// - Parameter list: the result of `tools.list`.
  package init(_ list: RawJSON) {
    tools = list["data"]?.elements ?? []
    failures = (list["failures"]?.elements ?? []).map { failure in
      let plugin = failure["plugin"]?.string ?? "–"
      return "the tools of \(plugin) are not known: \(failure["detail"]?.string ?? "–")"
    }
  }

  package var isEmpty: Bool { tools.isEmpty }

  /// A tool a line: its name, and the first line of what is said of it.
  package var lines: String {
    tools.map { tool in
      let parts = [
        Self.name(tool) ?? "–", Self.otherName(tool).map { "(\($0))" }, Self.summary(tool),
      ]
      return TerminalText.safe(parts.compactMap { $0 }.joined(separator: "  ") + "\n")
    }.joined()
  }

  /// A table that fits a terminal: descriptions are cut.
  package func table(styles: Bool, columns: Int) -> String {
    let hasOthers = tools.contains { Self.otherName($0) != nil }
    var table = Table(
      ["TOOL"] + (hasOthers ? ["NAME"] : []) + ["APPROVAL", "STATE", "DESCRIPTION"])
    for tool in tools {
      table.add(
        [Self.name(tool)] + (hasOthers ? [tool["name"]?.string] : []) + [
          tool["approval"]?.string, tool["state"]?.string?.replacing("_", with: " "),
          Self.summary(tool),
        ])
    }
    return table.text(styles: styles, columns: columns)
  }

  /// The name that `--tool` takes.
  private static func name(_ tool: RawJSON) -> String? {
    (tool.nonNull("tool") ?? tool["name"])?.string
  }

  /// The name that models see, where it is not the one that goes without saying.
  private static func otherName(_ tool: RawJSON) -> String? {
    guard let name = tool["name"]?.string, let shown = tool.nonNull("tool")?.string,
      let plugin = tool["plugin"]?.string
    else { return nil }
    return name == "\(plugin)__\(shown.dropFirst(plugin.count + 1))" ? nil : name
  }

  /// What a tool does or, where it can't be used, why not.
  private static func summary(_ tool: RawJSON) -> String? {
    let text = (tool.nonNull("reason") ?? tool["description"])?.string
    return text?.split(separator: "\n").first.map(String.init)
  }
}
