import ArgumentParser

/// A command line up to the cursor, read as far as it takes to know what may stand there.
struct CompletionLine {
  enum Expected: Equatable {
    case command
    case option
    case value(CompletionValue)
  }

  /// The command whose options count; of one that has commands and no default, their parent.
  private(set) var command: any ParsableCommand.Type
  private(set) var surface: CommandSurface
  private(set) var expected = Expected.value(.words)
  /// What the last word begins with and no candidate does, as in `--model=`.
  private(set) var stem = ""
  private(set) var typed: String
  /// What `--socket` says.
  private(set) var socket: String?

  /// - Parameter words: those behind `halley`; the last is the one to complete, and may be empty.
  init(_ words: [String]) {
    typed = words.last ?? ""
    var rest = words.dropLast()[...]
    let isHelp = rest.first == "help"
    if isHelp { rest.removeFirst() }
    var command: any ParsableCommand.Type = Halley.self
    while let next = Self.subcommand(rest.first, of: command) {
      command = next
      rest.removeFirst()
    }
    let isName = rest.isEmpty && !typed.hasPrefix("-")
    if isName || isHelp, !command.configuration.subcommands.isEmpty {
      self.command = command
      surface = .none
      expected = .command
      return
    }
    self.command = command.configuration.defaultSubcommand ?? command
    surface = CommandSurface(self.command)
    read(rest)
  }

  private static func subcommand(
    _ name: String?, of command: any ParsableCommand.Type
  ) -> (any ParsableCommand.Type)? {
    guard let name else { return nil }
    return command.configuration.subcommands.first { $0._commandName == name }
  }

  private mutating func read(_ words: ArraySlice<String>) {
    var awaited: CommandSurface.Parameter?
    var arguments = 0
    var isOpen = true
    for word in words {
      if let option = awaited {
        note(option, word)
        awaited = nil
      } else if isOpen, word == "--" {
        isOpen = false
      } else if isOpen, word.hasPrefix("-"), word != "-" {
        awaited = optionThatWaits(word)
      } else {
        arguments += 1
      }
    }
    expect(awaited, isOpen: isOpen, argument: arguments)
  }

  /// The option that takes the next word for its value.
  private mutating func optionThatWaits(_ word: String) -> CommandSurface.Parameter? {
    let (name, value) = Self.parts(word)
    guard let option = surface.option(name), option.kind == .option else { return nil }
    guard let value else { return option }
    note(option, String(value))
    return nil
  }

  private mutating func note(_ option: CommandSurface.Parameter, _ value: String) {
    if option.names.contains("--socket") { socket = value }
  }

  private mutating func expect(
    _ awaited: CommandSurface.Parameter?, isOpen: Bool, argument index: Int
  ) {
    if let awaited {
      expected = .value(CompletionValue(awaited, of: surface.name))
    } else if isOpen, typed.hasPrefix("-") {
      expectOption()
    } else if let argument = surface.argument(index) {
      expected = .value(CompletionValue(argument, of: surface.name))
    }
  }

  private mutating func expectOption() {
    let (name, value) = Self.parts(typed)
    guard let value, let option = surface.option(name) else {
      expected = .option
      return
    }
    stem = name + "="
    typed = String(value)
    expected = .value(CompletionValue(option, of: surface.name))
  }

  private static func parts(_ word: String) -> (name: Substring, value: Substring?) {
    guard word.hasPrefix("--"), let equals = word.firstIndex(of: "=") else {
      return (word[...], nil)
    }
    return (word[..<equals], word[word.index(after: equals)...])
  }
}
