import ArgumentParser
import Client
import JSON

/// `halley status`: how the daemon is.
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show the daemon's upstreams, connections, clients and running responses.")

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let result = try daemon.call("daemon.status", .emptyObject)
    try printer.print(result) { Report.text(result, styles: printer.styles) }
  }
}
