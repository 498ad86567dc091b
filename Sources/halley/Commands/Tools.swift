import ArgumentParser
import Client
import JSON

/// `halley tools`: what the daemon can do for a model.
struct Tools: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tools",
    abstract: "List the daemon's tools: a name a line, a table on a terminal.",
    discussion: "Offer some to a model with: halley --tool 'git.*' …")

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let result = try daemon.call("tools.list", .emptyObject)
    let tools = ToolList(result)
    let notes = StandardStream(StandardStream.errorDescriptor)
    for failure in tools.failures { try notes.write(TerminalText.safe("halley: \(failure)\n")) }
    try printer.print(result) {
      guard let columns = printer.columns else { return tools.lines }
      return tools.isEmpty
        ? "no plugin brings tools; see halley plugins\n"
        : tools.table(styles: printer.styles, columns: columns)
    }
  }
}

/// `halley plugins`: the daemon's children.
struct Plugins: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins", abstract: "List the plugins, their state and their last error.")

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let result = try daemon.call("plugins.list", .emptyObject)
    let plugins = result["data"]?.elements ?? []
    try printer.print(result) {
      guard !plugins.isEmpty else {
        return printer.isForTerminal ? "no plugins are configured\n" : ""
      }
      return table(plugins)
    }
  }

  /// Errors stand below the table: they are sentences.
  private func table(_ plugins: [RawJSON]) -> String {
    var table = Table(["PLUGIN", "STATE", "PID", "RESTARTS", "HOOKS", "TOOLS"])
    var errors = ""
    for plugin in plugins {
      let name = plugin["name"]?.string
      table.add(
        [name]
          + ["state", "pid", "restarts", "hooks", "tools"].map { Self.text(plugin.nonNull($0)) })
      if let error = plugin["last_error"].flatMap(Self.text) {
        errors += TerminalText.safe("\(name ?? "–"): \(error)\n")
      }
    }
    return table.text(styles: printer.styles) + (errors.isEmpty ? "" : "\n" + errors)
  }

  /// A list of names, or of objects that have one, is shown as its names.
  private static func text(_ value: RawJSON) -> String? {
    switch value.kind {
    case .null: return nil
    case .array:
      let names = value.elements.map { $0.string ?? $0["name"]?.string ?? $0.text }
      return names.isEmpty ? nil : names.joined(separator: ", ")
    case .object: return value["message"]?.string ?? value.text
    default: return FieldText.text(value, of: "")
    }
  }

  private static func text(_ value: RawJSON?) -> String? {
    value.flatMap { (value: RawJSON) in text(value) }
  }
}
