import ArgumentParser
import Client

/// What the shells' integrations ask for: `halley __shell TASK [OPTION…]`, with the text on stdin.
///
/// The options are those of `ask`, and win over the task's own.
enum ShellTask: String, CaseIterable {
  /// Turns words or a half-written command into a command.
  case write
  /// Explains a command.
  case explain
  /// Explains how a command ended.
  case outcome
  /// Writes a commit message for a diff.
  case commit

  /// The first word of the command line; no prompt begins with it.
  static let word = "__shell"
  /// Bytes of a text; some tens of thousands of tokens.
  private static let longest = 200_000

  static func command(_ arguments: ArraySlice<String>) throws -> any ParsableCommand {
    guard let name = arguments.first, let task = ShellTask(rawValue: name) else {
      let names = allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\(word) needs one of: \(names)")
    }
    let options = Array(arguments.dropFirst())
    guard task != .write else { return try WriteLine.parse(options) }
    let text = try task.text()
    return try Ask.parse(
      ["--system", task.instructions] + task.storage + options + ["--no-stdin", "--", text])
  }

  /// What a command or a diff has written need not be UTF-8, nor fit a model.
  private func text() throws -> String {
    let bytes = try FileContents.readStandardInput()
    let part = self == .outcome ? bytes.suffix(Self.longest) : bytes.prefix(Self.longest)
    return String(decoding: part, as: UTF8.self)
  }

  /// What is asked about a line or a diff is done with when it is answered; what went wrong is talked
  /// about further, with `halley -c`.
  private var storage: [String] { self == .outcome ? [] : ["--no-store"] }

  var instructions: String {
    switch self {
    case .write:
      """
      You complete a user's command line. The input is a task in words, or a command that is not \
      finished or not right. Answer with the one command line that does it and nothing else: no \
      explanation, no Markdown, no prompt sign. Keep to one line where that can be read.
      """
    case .explain:
      """
      Explain this command line to somebody who is about to run it: first in one sentence what it \
      does, then its parts as a short list, and last, only if there is any, what it destroys or \
      makes public. Do not repeat the whole command.
      """
    case .outcome:
      """
      A command was run in a shell. Say in a few sentences what its exit status and its output mean \
      and, if it failed, the likely cause and the command that mends it.
      """
    case .commit:
      """
      Write a Git commit message for this diff. The first line has at most 72 characters, begins \
      with a capital, is in the imperative and has no full stop. If the reason can be seen, a blank \
      line and a short text that says why follow, wrapped at 72 columns. Answer with the message \
      alone, without Markdown.
      """
    }
  }
}
