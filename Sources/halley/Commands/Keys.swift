import ArgumentParser
import Client
import JSON

/// `halley keys`: the keys of the upstreams, in files that the daemon reads.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Keep the keys of upstreams.", subcommands: [Set.self])

  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Ask for an upstream's key, without showing it, and keep it (mode 0600).",
      discussion: """
        The key is read from the terminal, or from a piped stdin; it is never an argument, which
        others could see.

        EXAMPLES
          halley keys set cometapi
          pass show cometapi | halley keys set cometapi
        """)

    @Argument(help: "The upstream's name in the configuration.")
    var name: String

    @OptionGroup(title: "Daemon") var daemon: DaemonOptions

    func run() throws {
      let file = try KeyFile(ofUpstream: name)
      if let failure = objection(to: file) { throw failure }
      let call = try AnswerCall(OutputOptions.parse([]))
      try file.write(
        SecretInput.read("Key for \(name) (it is not shown): ", interrupts: call.interrupts))
      if call.notes.isTerminal { try call.notes.write("kept in \(file.path)\n") }
    }

    /// What the daemon has against the file. A key may be kept before there is one.
    private func objection(to file: KeyFile) -> Failure? {
      do throws(Failure) {
        let connection = try daemon.connect()
        let status = try Session(connection).call("daemon.status", .emptyObject)
        return file.objection(status, at: connection.path)
      } catch {
        return nil
      }
    }
  }
}
