import ArgumentParser
import Client
import JSON

/// How the result of a query is printed.
struct Printer: ParsableArguments {
  @Flag(help: "Print the result as JSON.")
  var json = false

  @Option(help: "Style the text: auto (on a terminal), always, never.")
  var color = ColorChoice.auto

  private var stream: StandardStream { StandardStream(StandardStream.outputDescriptor) }

  var isForTerminal: Bool { stream.isTerminal }

  /// The terminal's columns; nil where something else is printed to.
  var columns: Int? { stream.columns }

  var styles: Bool {
    color.allowsStyle(isTerminal: stream.isTerminal, environment: Environment.value)
  }

  /// Prints a result as it came, or as a text for people.
  func print(_ result: RawJSON, _ text: () -> String) throws(Failure) {
    try print(json ? result.text + "\n" : text())
  }

  func print(_ text: String) throws(Failure) {
    try stream.write(text)
  }

  /// Prints Markdown, styled where that is wanted.
  func printMarkdown(_ markdown: String) throws(Failure) {
    var renderer = AnswerRenderer(
      styles ? .styled : isForTerminal ? .terminal : .plain, columns: columns)
    try stream.write(renderer.append(markdown) + renderer.finish())
  }
}
