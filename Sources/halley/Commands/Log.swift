import ArgumentParser
import Client
import JSON

/// `halley log`: the answers that are kept.
struct Log: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "List stored answers, newest first, or print the last one.",
    discussion: """
      EXAMPLES
        halley log
        halley log -n 5 -m 'gpt-5.4*' --since yesterday
        halley log last
        halley log last -C refactor --json
      """)

  /// What may be asked for instead of a list.
  enum Part: String, ExpressibleByArgument, CaseIterable {
    case last
  }

  /// The columns that a prompt has at least.
  private static let narrowestTitle = 24

  @Argument(help: "Print the last answer.")
  var part: Part?

  @Option(
    name: [.customShort("n"), .customLong("limit")], parsing: .unconditional,
    help: ArgumentHelp("How many.", valueName: "n"),
    transform: OptionNumber.integer(1...1_000_000))
  var limit = 20

  @Option(name: [.customShort("m"), .long], help: "Only of this model, as in gpt-5.4*.")
  var model: String?

  @Option(
    name: [.customShort("C"), .long],
    help: ArgumentHelp("Only of this conversation.", valueName: "name"))
  var conversation: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only from then on: a day (2026-01-31), today, yesterday, 90m, 12h, 7d or Unix time.",
      valueName: "when"))
  var since: String?

  @Option(help: ArgumentHelp("Only what this client asked, such as nvim.", valueName: "name"))
  var client: String?

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let since = try since.map { (text) throws(Failure) in try Moment(text) }
    let session = Session(try daemon.connect())
    let answers = try session.list("responses.list", limit: part == nil ? limit : 1) { params in
      if let model { params.member("model", model) }
      if let conversation { params.member("conversation", conversation) }
      if let client { params.member("client", client) }
      if let since { params.member("since", since.json) }
    }
    if part == .last { return try printLast(answers, session) }
    guard !printer.json else {
      return try printer.print(answers.map { $0.text + "\n" }.joined())
    }
    guard !answers.isEmpty else {
      return try printer.print(printer.isForTerminal ? "no answers are kept of that\n" : "")
    }
    try printer.print(table(answers).text(styles: printer.styles, columns: printer.columns))
  }

  private func printLast(_ answers: [RawJSON], _ session: Session) throws(Failure) {
    guard let id = answers.first?["id"]?.string else {
      throw Failure(.failed, "no answer is kept of that", advice: "see: halley log")
    }
    let response = try session.call("responses.retrieve", .object { $0.member("response_id", id) })
    guard !printer.json else { return try printer.print(response.text + "\n") }
    try printer.printMarkdown(ResponseText.text(of: response))
  }

  /// On a narrow terminal the prompts win over the ids, which are in --json too.
  private func table(_ answers: [RawJSON]) -> Table {
    let rows = answers.map { answer in
      [
        answer.nonNull("created_at").map { FieldText.text($0, of: "created_at") },
        answer["model"]?.string,
        answer["cost_usd"]?.double.map(Quantity.dollars),
        Self.prompt(of: answer),
      ]
    }
    let ids = answers.compactMap { $0["id"]?.string }
    let others = rows.map { row in
      row.prefix(3).reduce(0) { $0 + TerminalText.width($1 ?? "–") + 2 }
    }
    let idWidth = ids.map(TerminalText.width).max() ?? 0
    let room = printer.columns.map { $0 - (others.max() ?? 0) - idWidth - 2 }
    let showsIDs = room.map { $0 >= Self.narrowestTitle } ?? true
    var table = Table(["WHEN", "MODEL", "COST", "PROMPT"] + (showsIDs ? ["ID"] : []))
    for (row, answer) in zip(rows, answers) {
      var row = row
      if showsIDs {
        row[3] = room.flatMap { room in row[3].map { TerminalText.cut($0, to: room) } } ?? row[3]
        row.append(answer["id"]?.string)
      }
      table.add(row)
    }
    return table
  }

  /// What was asked, and in which state an answer is that is not whole.
  private static func prompt(of answer: RawJSON) -> String? {
    let title = answer["title"]?.string
    guard let status = answer["status"]?.string, status != "completed" else { return title }
    return "\(title ?? "–") (\(status))"
  }
}
