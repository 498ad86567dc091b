import ArgumentParser
import Client
import CSpawn
import Glibc
import Wire

/// The command line.
@main
struct Halley: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "halley",
    abstract: "Ask language models through the local daemon halleyd.",
    discussion: """
      `halley PROMPT` asks: see halley help ask for the options.

      EXAMPLES
        halley "why is the sky blue?"
        git diff | halley "write a commit message"
        halley -C refactor "and now in Swift"
      """,
    version: Version.notice,
    subcommands: [
      Ask.self, Chat.self, Models.self, Status.self, Log.self, List.self, Show.self, Search.self,
      Fork.self,
      Rename.self, Delete.self, Export.self, Attach.self, Cancel.self, Usage.self, Cache.self,
      Store.self, Templates.self, Doctor.self,
      Tools.self, Plugins.self, Token.self, Env.self, Open.self, Config.self, Keys.self, Init.self,
      RPC.self,
    ],
    defaultSubcommand: Ask.self)

  static var commandNames: [String] {
    configuration.subcommands.map { $0._commandName } + ["help"]
  }

  static func main() {
    Interrupts.ignoreBrokenPipes()
    let arguments = commandFirst(CommandLine.arguments.dropFirst())
    do {
      try check(arguments)
      let words = AttachmentTypes.joined(arguments)
      var command = try quickly(words) ?? parseAsRoot(understood(words))
      if let ask = command as? Ask { try check(ask, arguments) }
      try command.run()
    } catch let failure as Failure {
      leave(failure)
    } catch {
      leave(error, arguments)
    }
  }

  /// `halley --socket PATH list` means `halley list --socket PATH`, and is no prompt.
  private static func commandFirst(_ arguments: ArraySlice<String>) -> [String] {
    var rest = arguments
    while let first = rest.first, isSocket(first) {
      rest = rest.dropFirst(first.contains("=") ? 1 : 2)
    }
    let options = arguments.prefix(arguments.count - rest.count)
    if rest.first == "help" { return Array(rest) + options }
    let command = configuration.subcommands.first { $0._commandName == rest.first }
    guard !options.isEmpty, let command else { return Array(arguments) }
    let words = command.configuration.subcommands.contains {
      $0._commandName == rest.dropFirst().first
    }
    let names = rest.prefix(words ? 2 : 1)
    return Array(names) + options + rest.dropFirst(names.count)
  }

  static func isSocket(_ word: String) -> Bool {
    word == "--socket" || word.hasPrefix("--socket=")
  }

  /// Parses the usual prompt without the other commands, whose description takes longer than all the
  /// rest. What is no plain prompt, or wrong, is left to the whole parser and its messages.
  private static func quickly(_ arguments: [String]) throws -> (any ParsableCommand)? {
    guard let first = arguments.first, !commandNames.contains(first) else { return nil }
    if let command = try forShells(first, arguments.dropFirst()) { return command }
    if let plain = PlainPrompt(arguments) { return plain.command }
    do {
      return try Ask.parseAsRoot(arguments) as? Ask
    } catch {
      return nil
    }
  }

  /// What the shells' integrations and completions call; people do not, so that no help names it.
  private static func forShells(
    _ word: String, _ arguments: ArraySlice<String>
  ) throws -> (any ParsableCommand)? {
    switch word {
    case ShellTask.word: try ShellTask.command(arguments)
    case Complete.word: try Complete.parse(["--"] + arguments)
    default: nil
    }
  }

  /// A prompt may begin with "help" too: `halley help me with …`. One word behind it is a command.
  private static func understood(_ arguments: [String]) -> [String] {
    guard arguments.count > 2, arguments[0] == "help", !commandNames.contains(arguments[1]),
      !arguments[1].hasPrefix("-")
    else { return arguments }
    return ["ask"] + arguments
  }

  private static func leave(_ failure: Failure) -> Never {
    say(failure.text)
    Glibc.exit(failure.status.rawValue)
  }

  private static func leave(_ error: any Error, _ arguments: [String]) -> Never {
    if exitCode(for: error) == .success { show(fullMessage(for: error)) }
    guard exitCode(for: error) == .validationFailure, arguments.count > 1,
      commandNames.contains(arguments[0]), arguments[0] != "ask"
    else { exit(withError: error) }
    say(fullMessage(for: error) + "\n")
    say("  to ask this as a prompt: \(promptCommand(arguments))\n")
    Glibc.exit(ExitStatus.usage.rawValue)
  }

  /// Prints what was asked for instead of a command: help, or the version.
  private static func show(_ text: String) -> Never {
    do throws(Failure) {
      try StandardStream(StandardStream.outputDescriptor).write(text + "\n")
    } catch {
      leave(error)
    }
    Glibc.exit(EXIT_SUCCESS)
  }

  /// Writes to stderr; when even that fails, the status has to say it all.
  private static func say(_ text: String) {
    let stream = StandardStream(StandardStream.errorDescriptor)
    do throws(Failure) { try stream.write(text) } catch { return }
  }
}
