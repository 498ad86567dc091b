import ArgumentParser
import Client
import JSON

/// `halley store`: what the daemon keeps.
struct Store: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Back up what the daemon keeps.", subcommands: [Backup.self])

  struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "backup",
      abstract: "Write a copy of all conversations, answers and usage while the daemon runs.")

    @Argument(help: "A file that is not there yet.")
    var file: String

    @OptionGroup(title: "Output") var printer: Printer
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let path = try AbsolutePath.of(file)
      let call = try AnswerCall(OutputOptions.parse([]))
      let result = try call.session(daemon.connect())
        .call("store.backup", .object { $0.member("path", path) })
      guard AbsolutePath.isThere(path) else {
        throw Failure(
          .failed, "the daemon wrote \(path) where this program does not see it",
          advice: "its service has directories of its own, /tmp among them: name a file below"
            + " its state, such as /var/lib/halley/backup.db")
      }
      try printer.print(result) { "\(path)\n" }
    }
  }
}
