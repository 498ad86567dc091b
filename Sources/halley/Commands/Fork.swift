import ArgumentParser
import Client
import JSON

/// `halley fork`: a second way on from the same beginning.
struct Fork: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fork", abstract: "Fork a conversation; both go their own way from there.")

  @Argument(help: "The conversation's name or id.")
  var conversation: String

  @Argument(help: ArgumentHelp("The fork's name.", valueName: "name"))
  var name: String?

  @Option(help: ArgumentHelp("The last response or item to keep.", valueName: "id"))
  var at: String?

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let fork = try daemon.call(
      "conversations.fork",
      .object { params in
        params.member("conversation", conversation)
        if let at { params.member("at", at) }
        if let name { params.member("name", name) }
      })
    try printer.print(fork) { (fork["name"]?.string ?? fork["id"]?.string ?? "") + "\n" }
  }
}

/// `halley rename`: gives a conversation another name.
struct Rename: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rename", abstract: "Rename a conversation.")

  @Argument(help: "The conversation's name or id.")
  var conversation: String

  @Argument(help: "Its new name.")
  var name: String

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let result = try daemon.call(
      "conversations.update",
      .object { params in
        params.member("conversation", conversation)
        params.member("name", name)
      })
    try printer.print(result) { (result["name"]?.string ?? name) + "\n" }
  }
}
