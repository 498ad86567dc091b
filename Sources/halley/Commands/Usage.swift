import ArgumentParser
import Client
import JSON

/// `halley usage`: what was used and what it cost.
struct Usage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usage", abstract: "Show tokens, cost and latency, with bars on a terminal.")

  enum Group: String, ExpressibleByArgument, CaseIterable {
    case day, model, upstream, client, conversation, uid
  }

  @Option(help: "Rows for each day, model, upstream, client, conversation or uid.")
  var by = Group.day

  @Option(help: ArgumentHelp("From this Unix time on.", valueName: "seconds"))
  var since: Int?

  @Option(help: ArgumentHelp("Before this Unix time.", valueName: "seconds"))
  var until: Int?

  @Flag(help: "Print the rows as CSV.")
  var csv = false

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func validate() throws {
    if csv, printer.json { throw ValidationError("--csv and --json can't both be given") }
  }

  func run() throws {
    let result = try daemon.call(
      "usage.summary",
      .object { params in
        params.member("by", by.rawValue)
        if let since { params.member("since", since) }
        if let until { params.member("until", until) }
      })
    let records = Records((result["data"] ?? result["rows"])?.elements ?? [])
    if csv { return try printer.print(records.csv) }
    try printer.print(result) {
      guard !records.isEmpty else { return printer.isForTerminal ? "nothing was used yet\n" : "" }
      let bars = printer.isForTerminal ? ["cost_usd", "total_tokens", "output_tokens"] : []
      return records.table(styles: printer.styles, barsOf: bars)
    }
  }
}
