import ArgumentParser
import Client
import JSON

/// `halley usage`: what was used and what it cost.
struct Usage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usage", abstract: "Show tokens, cost and latency, with bars on a terminal.",
    discussion: """
      EXAMPLES
        halley usage
        halley usage --by model --since 2026-01-01
        halley usage --by client --csv > usage.csv

      CACHED is a part of INPUT, REASONING one of OUTPUT. HITS were answered from the cache. FIRST \
      and TOTAL are medians: until the first event, and to the end.
      """)

  enum Group: String, ExpressibleByArgument, CaseIterable {
    case day, model, upstream, client, conversation, uid
  }

  @Option(help: "Rows for each day, model, upstream, client, conversation or uid.")
  var by = Group.day

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("From this day (2026-01-31) or Unix time on.", valueName: "day"))
  var since: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Up to the end of this day, or before a Unix time.", valueName: "day"))
  var until: String?

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
        if let since { params.member("since", Self.time(since)) }
        if let until { params.member("until", Self.time(until)) }
      })
    let rows = result["data"]?.elements ?? []
    if csv { return try printer.print(Records(rows).csv) }
    try printer.print(result) {
      let table = UsageTable(rows, by: by.rawValue)
      guard !table.isEmpty else { return printer.isForTerminal ? "nothing was used yet\n" : "" }
      return table.text(styles: printer.styles, width: printer.columns)
    }
  }

  /// A number is Unix seconds; the daemon reads days.
  private static func time(_ text: String) -> RawJSON {
    Int(text).map(RawJSON.integer) ?? .string(text)
  }
}
