import ArgumentParser
import Client
import JSON

/// `halley token`: what other programs come with over HTTP.
struct Token: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make, list and revoke tokens for the daemon's HTTP face.",
    subcommands: [New.self, List.self, Revoke.self])

  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new",
      abstract: "Make a token and print it, this once.",
      discussion: """
        The program that has it asks on your behalf, and is counted under the token's name. It sees \
        what was made with it, and may call none of the daemon's tools.

        EXAMPLES
          halley token new zed --budget 2
          halley token new notes --models 'gpt-5.4-mini*' --isolated
        """)

    @Argument(help: "What the program is called in usage: letters, digits and . _ + -")
    var name: String

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("What it may spend in a day.", valueName: "USD"), transform: Self.dollars)
    var budget: Double?

    @Option(help: ArgumentHelp("Only these models; repeatable.", valueName: "glob"))
    var models: [String] = []

    @Option(help: ArgumentHelp("These of the daemon's tools; repeatable.", valueName: "glob"))
    var tools: [String] = []

    @Flag(help: "It may look, and neither change anything nor spend.")
    var readOnly = false

    @Flag(help: "It sees all that is yours.")
    var shared = false

    @Flag(help: "It sees nothing of yours, nor you what it makes.")
    var isolated = false

    @OptionGroup(title: "Output") var output: JSONOption
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func validate() throws {
      if shared, isolated { throw ValidationError("--shared and --isolated can't both be given") }
    }

    func run() throws {
      let result = try daemon.call("tokens.create", params)
      let stdout = StandardStream(StandardStream.outputDescriptor)
      if output.json { return try stdout.write(result.text + "\n") }
      let notes = StandardStream(StandardStream.errorDescriptor)
      if result["unknown_price"]?.string == "allow" {
        try notes.write(
          "halley: models without a price count nothing against the budget;"
            + " budgets.on_unknown_price = \"deny\" refuses them\n")
      }
      if notes.isTerminal {
        try notes.write("halley: keep it well, it is not shown again; send it as the API key\n")
      }
      try stdout.write((result["token"]?.string ?? "") + "\n")
    }

    /// A day is what there is, so that it may be said: `2` and `2/day` are the same.
    private static let dollars: @Sendable (String) throws -> Double = { text in
      let number = text.hasSuffix("/day") ? String(text.dropLast(4)) : text
      return try OptionNumber.decimal(0...1_000_000)(number)
    }

    private var params: RawJSON {
      .object { params in
        params.member("name", name)
        if let budget {
          params.key("budget_usd_per_day")
          params.double(budget)
        }
        if !models.isEmpty { params.member("models", RawJSON.strings(models)) }
        if !tools.isEmpty { params.member("tools", RawJSON.strings(tools)) }
        for (name, isSet) in [("read_only", readOnly), ("shared", shared), ("isolated", isolated)]
        where isSet { params.member(name, true) }
      }
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List your tokens and what they allow; never the tokens.")

    @OptionGroup(title: "Output") var printer: Printer
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let result = try daemon.call("tokens.list", .emptyObject)
      let tokens = result["data"]?.elements ?? []
      try printer.print(result) {
        guard !tokens.isEmpty else {
          return printer.isForTerminal ? "no tokens; make one with: halley token new NAME\n" : ""
        }
        return table(tokens)
      }
    }

    private func table(_ tokens: [RawJSON]) -> String {
      var table = Table(["NAME", "A DAY", "MODELS", "TOOLS", "SEES", "MAY", "USED"])
      for token in tokens {
        let names = { (key: String) in
          token.nonNull(key)?.elements.compactMap(\.string).joined(separator: ", ")
        }
        let tools = names("tools") ?? ""
        table.add([
          token["name"]?.string,
          token.nonNull("budget_usd_per_day").map { FieldText.text($0, of: "budget_usd") } ?? "any",
          names("models") ?? "all", tools.isEmpty ? "none" : tools, token["sees"]?.string,
          token["read_only"]?.boolean == true ? "read" : "ask",
          token.nonNull("last_used_at").map { FieldText.text($0, of: "used_at") },
        ])
      }
      return table.text(styles: printer.styles)
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "revoke", abstract: "End tokens: what comes with them is refused from now on.")

    @Argument(help: "The names of tokens.")
    var names: [String]

    @OptionGroup(title: "Output") var printer: Printer
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let session = Session(try daemon.connect())
      for name in names {
        let result = try session.call("tokens.revoke", .object { $0.member("name", name) })
        try printer.print(result) { "revoked \(name)\n" }
      }
    }
  }
}

/// How a result that is one word is printed.
struct JSONOption: ParsableArguments {
  @Flag(help: "Print the result as JSON.")
  var json = false
}

extension RawJSON {
  fileprivate static func strings(_ texts: [String]) -> RawJSON {
    .build { $0.array { array in for text in texts { array.string(text) } } }
  }
}
