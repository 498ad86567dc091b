import ArgumentParser
import Client
import JSON

/// `halley cache`: the answers that the daemon keeps.
struct Cache: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Show the cache, clear it, or explain a hit or miss.",
    subcommands: [Stats.self, Clear.self, Explain.self], defaultSubcommand: Stats.self)

  struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "stats", abstract: "Show the cache's counters.")

    @OptionGroup(title: "Output") var printer: Printer
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let result = try daemon.call("cache.stats", .emptyObject)
      try printer.print(result) { Report.text(result, styles: printer.styles) }
    }
  }

  struct Clear: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "clear", abstract: "Remove what the cache holds.")

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("Only what is older, as in 12h or 7d.", valueName: "time"))
    var olderThan: String?

    @OptionGroup(title: "Output") var printer: Printer
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let result = try daemon.call(
        "cache.clear",
        .object { if let olderThan { $0.member("older_than", olderThan) } })
      try printer.print(result) { Report.text(result, styles: printer.styles) }
    }
  }

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "explain",
      abstract: "Say whether a prompt would be answered from the cache, and why.")

    @OptionGroup(title: "Prompt") var prompt: PromptOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Output") var printer: Printer
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      var request = CreateRequest()
      try model.apply(to: &request)
      let parts = try PromptParts(prompt, daemon.inputLimit)
      let call = try AnswerCall(OutputOptions.parse([]))
      let stdin =
        prompt.readsStdin
        ? try StandardInput.read(daemon.inputLimit, interrupts: call.interrupts) {} : nil
      try parts.apply(to: &request, stdin: stdin)
      let result = try daemon.call("cache.explain", request.json)
      try printer.print(result) { Report.text(result, styles: printer.styles) }
    }
  }
}
