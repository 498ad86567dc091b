import ArgumentParser
import Client
import JSON

/// `halley delete`: removes text for good.
struct Delete: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete conversations, or stored responses, for good.")

  @Argument(help: "Names or ids of conversations, ids of responses.")
  var names: [String]

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let session = Session(try daemon.connect())
    for name in names {
      let isResponse = name.hasPrefix("resp_")
      let result = try session.call(
        isResponse ? "responses.delete" : "conversations.delete",
        .object { $0.member(isResponse ? "response_id" : "conversation", name) })
      try printer.print(result) { "deleted \(name)\n" }
    }
  }
}

/// `halley cancel`: stops a running response.
struct Cancel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Stop a running response; what it has said is kept.")

  @Argument(help: "The response's id, such as resp_….")
  var id: String

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    let response = try daemon.call("responses.cancel", .object { $0.member("response_id", id) })
    try printer.print(response) { (response["status"]?.string ?? "cancelled") + "\n" }
  }
}
