import ArgumentParser
import Client
import JSON

/// `halley tools`: what the daemon can do for a model.
struct Tools: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tools", abstract: "List the daemon's tools.")

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let result = try daemon.call("tools.list", .emptyObject)
    let tools = (result["data"] ?? result["tools"])?.elements ?? []
    try printer.print(result) {
      tools.map { tool in
        let name = tool["name"]?.string ?? "–"
        let text = tool["description"]?.string?.split(separator: "\n").first.map { "  \($0)" }
        return TerminalText.safe(name + (text ?? "") + "\n")
      }.joined()
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
    let plugins = Records((result["data"] ?? result["plugins"])?.elements ?? [])
    try printer.print(result) {
      guard !plugins.isEmpty else {
        return printer.isForTerminal ? "no plugins are configured\n" : ""
      }
      return plugins.table(styles: printer.styles)
    }
  }
}
