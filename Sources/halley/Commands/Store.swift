import ArgumentParser
import Client
import JSON

/// `halley store`: what the daemon keeps.
struct Store: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Look at, check and back up what the daemon keeps.",
    subcommands: [StoreStatus.self, Backup.self, Check.self])

  struct StoreStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "Show how large it is, what is in it and what waits.")

    @OptionGroup(title: "Output") var printer: Printer
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let result = try Store.call("store.status", .emptyObject, daemon)
      try printer.print(result) { Report.text(result, styles: printer.styles) }
    }
  }

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
      let result = try Store.call("store.backup", .object { $0.member("path", path) }, daemon)
      guard AbsolutePath.isThere(path) else {
        throw Failure(
          .failed, "the daemon wrote \(path) where this program does not see it",
          advice: "its service has directories of its own, /tmp among them: name a file below"
            + " its state, such as /var/lib/halley/backup.db")
      }
      try printer.print(result) { "\(path)\n" }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Read all of it and compare the checksums.")

    @OptionGroup(title: "Output") var printer: Printer
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let result = try Store.call("store.check", .emptyObject, daemon)
      try printer.print(result) { Report.text(result, styles: printer.styles) }
      guard result["sound"]?.boolean == true else {
        throw Failure(
          .failed, "the database is damaged",
          advice: "what is not named above can be read; halleyd(8) says how to go back to a backup")
      }
    }
  }

  /// Calls a method that may take long, and can be interrupted.
  private static func call(
    _ method: String, _ params: RawJSON, _ daemon: DaemonOptions
  ) throws -> RawJSON {
    try AnswerCall(OutputOptions.parse([])).session(daemon.connect()).call(method, params)
  }
}
