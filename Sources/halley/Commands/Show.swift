import ArgumentParser
import Client
import JSON

/// `halley show`: what was said.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print a conversation, by its name or id, or a stored response.")

  @Argument(help: "A conversation's name or id, or a response's id.")
  var name: String

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    if name.hasPrefix("resp_") {
      let response = try daemon.call(
        "responses.retrieve", .object { $0.member("response_id", name) })
      guard !printer.json else { return try printer.print(response.text + "\n") }
      return try printer.printMarkdown(ResponseText.text(of: response))
    }
    let items = try ConversationItems.all(of: name, daemon)
    guard !printer.json else { return try printer.print(items.map { $0.text + "\n" }.joined()) }
    try printer.printMarkdown(Transcript.markdown(items))
  }
}

/// The items of a conversation, from its beginning.
enum ConversationItems {
  static func all(of name: String, _ daemon: DaemonOptions) throws(Failure) -> [RawJSON] {
    try daemon.list("conversations.items.list", limit: .max) { params in
      params.member("conversation", name)
      params.member("order", "asc")
    }
  }
}
