import ArgumentParser
import Client
import JSON
import Wire

/// `halley models`: what can answer.
struct Models: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the models of the upstreams: one id a line, a table on a terminal.")

  @Argument(help: "Show what is known of this model, or of what an alias stands for.")
  var name: String?

  @Option(help: ArgumentHelp("Only the models of this upstream.", valueName: "name"))
  var upstream: String?

  @Flag(help: "Ask the upstreams again instead of taking what the daemon remembers.")
  var refresh = false

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func validate() throws {
    if name != nil, upstream != nil || refresh {
      throw ValidationError("a model's name takes neither --upstream nor --refresh")
    }
  }

  func run() throws {
    if let name {
      let session = Session(try daemon.connect())
      return try printOne(name, session)
    }
    let result = try daemon.call(
      "models.list",
      .object { params in
        if let upstream { params.member("upstream", upstream) }
        if refresh { params.member("refresh", true) }
      })
    let models = result["data"]?.elements ?? []
    try printer.print(result) {
      printer.isForTerminal
        ? table(models)
        : models.compactMap { $0["id"]?.string }.map { $0 + "\n" }.joined()
    }
  }

  private func printOne(_ name: String, _ session: Session) throws(Failure) {
    do throws(Failure) {
      let model = try session.call("models.retrieve", .object { $0.member("model", name) })
      try printer.print(model) { Report.text(model, styles: printer.styles) }
    } catch {
      guard error.remote?["data"]?["code"]?.string == "not_found" else { throw error }
      let near = closest(to: name, among: ModelAdvice.names(session))
      throw Failure(
        error.status, error.message,
        advice: (near.map { "did you mean \($0)? " } ?? "")
          + "to ask it as a prompt: halley ask models \(ShellText.word(name))",
        remote: error.remote)
    }
  }

  /// Prices are in dollars for a million tokens.
  private func table(_ models: [RawJSON]) -> String {
    guard !models.isEmpty else { return "no upstream offers a model\n" }
    var table = Table(["MODEL", "UPSTREAM", "$/M IN", "CACHED", "$/M OUT"])
    for model in models {
      let halley = model["halley"] ?? .emptyObject
      let price = halley["price"] ?? .emptyObject
      table.add(
        [model["id"]?.string, halley["upstream"]?.string]
          + ["input", "cached_input", "output"].map { price[$0]?.double.map(Quantity.dollars) })
    }
    return table.text(styles: printer.styles)
  }
}
