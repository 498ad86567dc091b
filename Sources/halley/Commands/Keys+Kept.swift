import ArgumentParser
import Client
import JSON

extension Keys {
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "List the upstreams of the daemon in use, and where their keys come from.")

    @OptionGroup(title: "Output") var printer: Printer
    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let upstreams = try Keys.upstreams(daemon)
      guard !printer.json else {
        return try printer.print(upstreams.map { Keys.origin(of: $0).text + "\n" }.joined())
      }
      var table = Table(["UPSTREAM", "KEY", "KEPT"])
      for upstream in upstreams {
        let kept = upstream["key_file"]?.string.map { AbsolutePath.isThere($0) ? "yes" : "no" }
        table.add([upstream["name"]?.string, upstream["key"]?.string, kept])
      }
      try printer.print(table.text(styles: printer.styles, columns: printer.columns))
    }
  }

  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "test",
      abstract: "Ask upstreams for their models with their keys, which costs nothing.")

    @Argument(help: "The upstreams; else all.")
    var names: [String] = []

    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let all = try Keys.upstreams(daemon).compactMap { $0["name"]?.string }
      let output = StandardStream(StandardStream.outputDescriptor)
      var worst: Failure?
      for name in names.isEmpty ? all : names {
        do throws(Failure) {
          let models = try UpstreamTrial.models(of: name, daemon.call)
          try output.write("\(name): works, \(models)\n")
        } catch {
          guard error.remote != nil else { throw error }
          try output.write(TerminalText.safe("\(name): \(error.message)\n"))
          worst = error
        }
      }
      if let worst { throw Failure(worst.status, "", advice: nil) }
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "remove", abstract: "Remove the file that an upstream's key is kept in.")

    @Argument(help: "The upstream's name in the configuration.")
    var name: String

    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let path = try self.path
      do throws(SystemError) {
        try FileContents.remove(path)
      } catch {
        throw Failure(
          error.number == 2 ? .noInput : .failed, "no key was removed: \(path): \(error.reason)")
      }
      let notes = StandardStream(StandardStream.errorDescriptor)
      try StandardStream(StandardStream.outputDescriptor).write("removed \(path)\n")
      if notes.isTerminal {
        try notes.write("halley: a daemon that has read it goes on with it until it is restarted\n")
      }
    }

    /// Where the daemon in use reads it; without one, where the user's would.
    private var path: String {
      get throws(Failure) {
        let status = DaemonInUse(socket: daemon.socket).status
        guard let upstreams = status?["upstreams"]?.elements else {
          return try KeyFile(ofUpstream: name).path
        }
        guard let upstream = upstreams.first(where: { $0["name"]?.string == name }) else {
          let names = upstreams.compactMap { $0["name"]?.string }.joined(separator: ", ")
          throw .usage("the daemon has no upstream \"\(name)\"; there are: \(names)")
        }
        guard let file = upstream["key_file"]?.string else {
          throw Failure(
            .configuration,
            "the key of \"\(name)\" is in no file: \(upstream["key"]?.string ?? "none")",
            advice: "api_key in config.toml says where it comes from")
        }
        return file
      }
    }
  }

  static func upstreams(_ daemon: DaemonOptions) throws(Failure) -> [RawJSON] {
    try daemon.call("daemon.status", .emptyObject)["upstreams"]?.elements ?? []
  }

  static func origin(of upstream: RawJSON) -> RawJSON {
    .object { json in
      json.member("upstream", upstream["name"] ?? .null)
      json.member("key", upstream["key"] ?? .null)
      json.member("key_file", upstream["key_file"] ?? .null)
    }
  }
}
