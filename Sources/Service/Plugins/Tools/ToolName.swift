/// What a tool is called: `plugin.tool` by people, `plugin__tool` by models.
package struct ToolName: Sendable, Hashable, CustomStringConvertible {
  /// What upstreams take as the name of a function.
  private static let lengths = 1...64

  package let plugin: String
  package let tool: String

  /// - Parameter tool: as its server calls it.
  package init(plugin: String, tool: String) throws(ToolRefusal) {
    self.plugin = plugin
    self.tool = tool
    let isPlain = function.utf8.allSatisfy {
      $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
    }
    guard isPlain, !tool.isEmpty, Self.lengths ~= function.utf8.count else {
      throw ToolRefusal(
        plugin: plugin, tool: tool,
        "found the name \"\(PlainText.line(tool, maximumBytes: 80))\", expected one that makes "
          + "\(plugin)__NAME at most \(Self.lengths.upperBound) of A-Z a-z 0-9 _ -")
    }
  }

  package var description: String { "\(plugin).\(tool)" }

  /// The name of the function that models call.
  package var function: String { "\(plugin)__\(tool)" }

  /// Tells whether a glob of `halley.tools` names it, in either spelling.
  package func matches(_ glob: Glob) -> Bool {
    glob.matches(description) || glob.matches(function)
  }
}

/// Why a tool that a server listed is not offered to anybody.
package struct ToolRefusal: Error, Sendable, Equatable {
  package let plugin: String
  /// As its server calls it, made fit to be shown.
  package let tool: String
  package let reason: String

  package init(plugin: String, tool: String, _ reason: String) {
    self.plugin = plugin
    self.tool = PlainText.line(tool, maximumBytes: 80)
    self.reason = reason
  }
}
