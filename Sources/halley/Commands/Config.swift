import ArgumentParser
import Client

/// `halley config`: the daemon reads its configuration itself; this runs it to say what it reads.
struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Begin, change, check or show the daemon's configuration.",
    subcommands: [Init.self, Edit.self, Path.self, Set.self, Check.self, Show.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Check the configuration; errors name file, line, column and key.")

    @OptionGroup var file: ConfigurationFile

    func run() throws { try file.runDaemon("--check-config") }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Show each value with its origin; secrets are never shown.")

    @OptionGroup var file: ConfigurationFile

    func run() throws { try file.runDaemon("--show-config") }
  }

  struct ConfigurationFile: ParsableArguments {
    @Option(help: ArgumentHelp("Another file than the usual ones.", valueName: "file"))
    var config: String?

    func runDaemon(_ task: String) throws(Failure) {
      throw Program.replace(with: "halleyd", [task] + (config.map { ["--config", $0] } ?? []))
    }
  }
}
