import ArgumentParser
import Client
import JSON

/// `halley list`: the conversations.
struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List conversations, the last used first.")

  @Option(
    name: [.customShort("l"), .long], parsing: .unconditional,
    help: ArgumentHelp("How many.", valueName: "n"),
    transform: OptionNumber.integer(1...1_000_000))
  var limit = 20

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let conversations = try daemon.list("conversations.list", limit: limit)
    guard !printer.json else {
      return try printer.print(conversations.map { $0.text + "\n" }.joined())
    }
    guard !conversations.isEmpty else {
      try requireOwnStore()
      return try printer.print(
        printer.isForTerminal ? "no conversations yet; begin one with: halley -C NAME …\n" : "")
    }
    var table = Table(["NAME", "ID", "USED"])
    for conversation in conversations {
      let time =
        conversation.nonNull("last_used_at") ?? conversation.nonNull("updated_at")
        ?? conversation.nonNull("created_at")
      table.add([
        conversation["name"]?.string ?? conversation["title"]?.string.map { "“\($0)”" },
        conversation["id"]?.string,
        time.map { FieldText.text($0, of: "used_at") },
      ])
    }
    try printer.print(table.text(styles: printer.styles))
  }

  /// A store in which only others have anything is not an empty one.
  private func requireOwnStore() throws {
    let owners = try daemon.call("daemon.status", .emptyObject)["store"]?["belongs_to"]?.elements
    let names = (owners ?? []).compactMap(\.string)
    guard !names.isEmpty else { return }
    throw Failure(
      .failed, "everything in the daemon's store belongs to \(names.joined(separator: ", "))",
      advice: "halleyd(8) says under MOVING what can be done")
  }
}
