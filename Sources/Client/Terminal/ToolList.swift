package import JSON

/// Shows the tools that the daemon has, as `tools.list` tells them.
package struct ToolList {
  private let tools: [RawJSON]

  package init(_ tools: [RawJSON]) {
    self.tools = tools
  }

  package var isEmpty: Bool { tools.isEmpty }

  /// A tool a line: its name, and the first line of its description.
  package var lines: String {
    tools.map { tool in
      let description = Self.summary(tool).map { "  \($0)" } ?? ""
      return TerminalText.safe((tool["name"]?.string ?? "–") + description + "\n")
    }.joined()
  }

  /// A table that fits a terminal: descriptions are cut.
  package func table(styles: Bool, columns: Int) -> String {
    var table = Table(["TOOL", "PLUGIN", "APPROVAL", "STATE", "DESCRIPTION"])
    for tool in tools {
      table.add(
        ["name", "plugin", "approval", "state"].map { tool[$0]?.string } + [Self.summary(tool)])
    }
    return table.text(styles: styles, columns: columns)
  }

  private static func summary(_ tool: RawJSON) -> String? {
    tool["description"]?.string?.split(separator: "\n").first.map(String.init)
  }
}
