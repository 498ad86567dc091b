import ArgumentParser
import Client
import Wire

/// Words that were hardly meant as a prompt, which costs money and time.
extension Halley {
  /// One word that is nearly a command's name is a slip, and not worth a model's time.
  static func check(_ arguments: [String]) throws(Failure) {
    guard let first = arguments.first else { return }
    if first == "help" { return try check(help: arguments.dropFirst(), arguments) }
    if [Config._commandName, Init._commandName].contains(first), arguments.contains(where: isSocket)
    {
      throw .usage("halley \(first) asks no daemon, and so takes no --socket")
    }
    if let command = configuration.subcommands.first(where: { $0._commandName == first }) {
      return try check(Array(arguments.dropFirst()), behind: command)
    }
    guard let near = slip(first, commandNames), isAlone(arguments, near) else { return }
    throw .usage(
      "\"\(first)\" is no command; did you mean: halley \(near)",
      advice: "to ask it as a prompt: \(promptCommand(arguments))")
  }

  /// Whether a word that is nearly a command stands as one: with options at most, or with a command
  /// of its own behind it.
  private static func isAlone(_ arguments: [String], _ near: String) -> Bool {
    let rest = arguments.dropFirst().filter { !$0.hasPrefix("-") }
    guard let next = rest.first else { return true }
    let command = configuration.subcommands.first { $0._commandName == near }
    let below = command?.configuration.subcommands ?? []
    return next == arguments[1] && below.contains { $0._commandName == next }
  }

  /// The same for one word behind options, as in `halley -q logs`.
  static func check(_ ask: Ask, _ arguments: [String]) throws(Failure) {
    let words = ask.prompt.prompt
    guard arguments.first?.hasPrefix("-") == true, !arguments.contains("--"), words.count == 1,
      ask.prompt.isOnlyWords, let near = slip(words[0], commandNames)
    else { return }
    throw .usage(
      "\"\(words[0])\" is no command; did you mean: halley \(near)",
      advice: "to ask it as a prompt: \(promptCommand(arguments))")
  }

  /// What asks the same words as a prompt, for a shell to take.
  static func promptCommand(_ arguments: [String]) -> String {
    (["halley", "ask"] + arguments.map(ShellText.word)).joined(separator: " ")
  }

  /// The same for a command that has commands of its own, such as `halley cache stats`.
  private static func check(
    _ arguments: [String], behind command: any ParsableCommand.Type
  ) throws(Failure) {
    let names = command.configuration.subcommands.map { $0._commandName }
    guard let first = arguments.first, let near = slip(first, names) else { return }
    throw .usage(
      "\"\(first)\" is no command; did you mean: halley \(command._commandName) \(near)",
      advice: "there are: \(names.joined(separator: ", "))")
  }

  /// What help is asked for has to be a command, and behind it one of its own.
  private static func check(
    help topics: ArraySlice<String>, _ arguments: [String]
  ) throws(Failure) {
    let topics = topics.prefix { !$0.hasPrefix("-") }
    guard let first = topics.first else { return }
    let command = configuration.subcommands.first { $0._commandName == first }
    let below = command?.configuration.subcommands.map { $0._commandName } ?? []
    let isPrompt = command == nil && topics.count > 1
    let unknown = commandNames.contains(first) ? topics.dropFirst().first : first
    guard !isPrompt, let unknown, !below.contains(unknown) else { return }
    let names = command == nil ? commandNames : below
    let near = closest(to: unknown, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
    throw .usage(
      "there is no command \"\(unknown)\" to help with\(near)",
      advice: "to ask it as a prompt: \(promptCommand(arguments))")
  }

  private static func slip(_ word: String, _ names: [String]) -> String? {
    guard !word.hasPrefix("-"), !names.contains(word) else { return nil }
    // Stricter than for what can only be a name: hello is no help.
    return closest(to: word, among: names, edits: word.utf8.count < 6 ? 1 : 2)
  }
}
