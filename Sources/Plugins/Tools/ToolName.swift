package import Configuration

/// What a tool is called: `plugin.tool` by people, `plugin__tool` by models.
package struct ToolName: Sendable, Hashable, CustomStringConvertible {
  /// What upstreams take as the name of a function.
  private static let longestFunction = 64
  /// Bytes of the name that people read.
  private static let longestShown = 128

  package let plugin: String
  /// As its server calls it.
  package let tool: String
  /// The name of the function that models call.
  package let function: String

  /// Makes a name of which upstreams take every letter: others are replaced, and a hash of what was
  /// said keeps apart what would be alike.
  ///
  /// - Parameter tool: as its server calls it.
  package init(plugin: String, tool: String) throws(ToolRefusal) {
    guard !tool.isEmpty else {
      throw ToolRefusal(plugin: plugin, tool: tool, "found no name, a text was expected")
    }
    self.plugin = plugin
    self.tool = tool
    let plain = Self.plain("\(plugin)__\(tool)")
    guard plain != "\(plugin)__\(tool)" || plain.utf8.count > Self.longestFunction else {
      function = plain
      return
    }
    let hash = "_\(Self.hash(plugin, tool))"
    function = plain.prefix(Self.longestFunction - hash.utf8.count) + hash
  }

  private static func plain(_ name: String) -> String {
    String(String.UnicodeScalarView(name.unicodeScalars.map { isPlain($0) ? $0 : "_" }))
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    UInt8(exactly: scalar.value).map {
      $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
    } ?? false
  }

  /// Eight digits.
  private static func hash(_ plugin: String, _ tool: String) -> String {
    let digest = SHA256.digest(Array("\(plugin).\(tool)".utf8)).bytes
    return digest.prefix(4).map { byte in
      String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
  }

  /// As its server calls it, where people can read that.
  package var description: String {
    let isReadable = PlainText.line(tool, maximumBytes: Self.longestShown) == tool
    return isReadable ? "\(plugin).\(tool)" : "\(plugin).\(function.dropFirst(plugin.count + 2))"
  }

  /// Tells whether a glob of `halley.tools` names it, in either spelling.
  package func matches(_ glob: Glob) -> Bool {
    glob.matches(description) || glob.matches(function)
  }
}

extension ToolName {
  /// Whether one of some globs names it; nil stands for all.
  func isAllowed(by globs: [Glob]?) -> Bool { globs?.contains { matches($0) } ?? true }
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

extension PluginConfiguration {
  /// Returns what the configuration says about one of its tools: the most specific glob of
  /// `approvals`, else `approval`.
  package func approval(for tool: ToolName) -> Approval {
    let best = approvals.filter { tool.matches($0.tool) }
      .max { $0.tool.specificity < $1.tool.specificity }
    return best?.approval ?? approval
  }
}
