import ArgumentParser
import Client
import JSON

/// `halley search`: finds what was said.
struct Search: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Search all conversations, or one.")

  @Argument(help: "The words to look for.")
  var query: [String]

  @Option(
    name: [.customShort("C"), .long],
    help: ArgumentHelp("Only in this conversation.", valueName: "name"))
  var conversation: String?

  @Option(
    name: [.customShort("l"), .long], parsing: .unconditional,
    help: ArgumentHelp("How many.", valueName: "n"),
    transform: OptionNumber.integer(1...100))
  var limit = 20

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let result = try daemon.call(
      "conversations.search",
      .object { params in
        params.member("query", query.joined(separator: " "))
        params.member("limit", limit)
        if let conversation { params.member("conversation", conversation) }
      })
    let hits = result["data"]?.elements ?? []
    try printer.print(result) { hits.map(line).joined() }
    // As grep has it, so that a script can tell.
    guard !hits.isEmpty else { throw Failure(.failed, "nothing was found") }
  }

  /// As in `refactor  2026-03-01 14:05  user: … snippet …`.
  private func line(_ hit: RawJSON) -> String {
    let conversation = hit["conversation"]
    let name =
      conversation?.string ?? conversation?["name"]?.string ?? conversation?["id"]?.string
      ?? hit["response_id"]?.string ?? "–"
    let time = hit.nonNull("created_at").map { FieldText.text($0, of: "created_at") } ?? "–"
    let snippet = (hit["snippet"]?.string ?? "").replacing("\n", with: " ")
    let text = "\(name)  \(time)  \(hit["role"]?.string ?? "–"): \(snippet)\n"
    return printer.isForTerminal ? TerminalText.safe(text) : text
  }
}
