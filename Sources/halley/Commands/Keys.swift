import ArgumentParser
import Client
import JSON

/// `halley keys`: the keys of the upstreams, in files that the daemon reads.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Keep, list, test and remove the keys of upstreams.",
    subcommands: [Set.self, List.self, Test.self, Remove.self])

  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Ask for an upstream's key, without showing it, and keep it (mode 0600).",
      discussion: """
        The key is read from the terminal, or from a piped stdin; it is never an argument, which \
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
      if let failure = try objection(to: file) { throw failure }
      let call = try AnswerCall(OutputOptions.parse([]))
      try file.write(
        SecretInput.read("Key for \(name) (it is not shown): ", interrupts: call.interrupts))
      if call.notes.isTerminal { try call.notes.write("kept in \(file.path)\n") }
    }

    /// What the daemon has against the file; nil where it does not tell.
    private func objection(to file: KeyFile) throws(Failure) -> Failure? {
      guard let connection = try connection() else { return nil }
      do throws(Failure) {
        let status = try Session(connection).call("daemon.status", .emptyObject)
        return file.objection(status, at: connection.path)
      } catch {
        guard error.remote != nil else { throw error }
        return nil
      }
    }

    /// Nil where there is no daemon yet: a key may be kept before.
    private func connection() throws(Failure) -> Connection? {
      do throws(Failure) {
        return try daemon.connect()
      } catch {
        guard error.status == .noDaemon else { throw error }
        return nil
      }
    }
  }
}
