import ArgumentParser
import Client

/// `halley __complete WORD…`: what the last word may become; the shells' completions call it.
///
/// Prints a candidate a line, and behind a tab what it is. The line `:files` asks the shell for the
/// names of its files. Without a daemon there is nothing to print of what it knows, and no error.
struct Complete: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: word)

  /// The first word of the command line; no prompt begins with it.
  static let word = "__complete"

  @Argument
  var words: [String] = []

  func run() throws {
    let line = CompletionLine(words)
    let candidates = Candidates(line).all
    let text = candidates.filter { $0.text.hasPrefix(line.typed) && $0.isPlain }.map { candidate in
      let note = candidate.note.isEmpty ? "" : "\t" + TerminalText.safe(candidate.note)
      return line.stem + candidate.text + note + "\n"
    }.joined()
    let files = line.expected == .value(.files) ? ":files\n" : ""
    try StandardStream(StandardStream.outputDescriptor).write(files + text)
  }
}
