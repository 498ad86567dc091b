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
      let summary = Self.summary(tool).map { "  \($0)" } ?? ""
      return TerminalText.safe((Self.name(tool) ?? "–") + summary + "\n")
    }.joined()
  }

  /// A table that fits a terminal: descriptions are cut.
  package func table(styles: Bool, columns: Int) -> String {
    var table = Table(["TOOL", "APPROVAL", "STATE", "DESCRIPTION"])
    for tool in tools {
      table.add([
        Self.name(tool), tool["approval"]?.string,
        tool["state"]?.string?.replacing("_", with: " "), Self.summary(tool),
      ])
    }
    return table.text(styles: styles, columns: columns)
  }

  /// The name that `--tool` takes.
  private static func name(_ tool: RawJSON) -> String? {
    (tool.nonNull("tool") ?? tool["name"])?.string
  }

  /// What a tool does or, where it can't be used, why not.
  private static func summary(_ tool: RawJSON) -> String? {
    let text = (tool.nonNull("reason") ?? tool["description"])?.string
    return text?.split(separator: "\n").first.map(String.init)
  }
}
