import ArgumentParser
import Client
import JSON

/// What may stand at the cursor.
struct Candidates {
  struct Candidate: Equatable {
    let text: String
    var note = ""

    /// Whether a shell can take it from a line.
    var isPlain: Bool {
      !text.isEmpty && !text.hasPrefix(":") && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
  }

  private let line: CompletionLine

  init(_ line: CompletionLine) {
    self.line = line
  }

  var all: [Candidate] {
    switch line.expected {
    case .command: commands
    case .option: options
    case .value(let value): values(value)
    }
  }

  private var commands: [Candidate] {
    let commands = line.command.configuration.subcommands.map { command in
      Candidate(text: command._commandName, note: command.configuration.abstract)
    }
    let help = Candidate(text: "help", note: "Show the help of a command.")
    return line.command == Halley.self ? commands + [help] : commands
  }

  private var options: [Candidate] {
    let options = line.surface.parameters.flatMap { option in
      option.names.map { Candidate(text: $0, note: option.note) }
    }
    return options + [Candidate(text: "--version", note: "Show the version.")]
  }

  private func values(_ value: CompletionValue) -> [Candidate] {
    switch value {
    case .choices(let choices): choices.map { Candidate(text: $0) }
    case .templates: TemplateFiles.all.map { Candidate(text: $0.name) }
    case .files, .words: []
    default: DaemonCandidates(socket: line.socket, typed: line.typed).candidates(value)
    }
  }
}
