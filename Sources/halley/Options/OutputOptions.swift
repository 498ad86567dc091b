import ArgumentParser
import Client

extension ColorChoice: ExpressibleByArgument {}

/// How an answer is written.
struct OutputOptions: ParsableArguments {
  @Flag(name: [.customShort("x"), .long], help: "Print only the first fenced code block.")
  var extract = false

  @Flag(
    name: [.customLong("xl"), .customLong("extract-last")],
    help: "Print only the last fenced code block.")
  var extractsLast = false

  @Flag(help: "Print one JSON object a line: the events as they come, then the result.")
  var json = false

  @Flag(help: "Print the text as it came: never styled, no line end added behind it.")
  var raw = false

  @Flag(name: [.customShort("q"), .long], help: "No spinner, no notes, no usage on stderr.")
  var quiet = false

  @Flag(name: [.customShort("u"), .long], help: "Print tokens, cost and time to stderr.")
  var usage = false

  @Option(help: "Style Markdown: auto (on a terminal), always, never.")
  var color = ColorChoice.auto

  func validate() throws {
    if extract, extractsLast { throw ValidationError("-x and --xl can't both be given") }
    if extractsLast, json { throw ValidationError("--xl and --json can't both be given") }
    if extract, json { throw ValidationError("-x and --json can't both be given") }
    if raw, json { throw ValidationError("--raw and --json can't both be given") }
  }

  func styles(_ stream: StandardStream) -> Bool {
    color.allowsStyle(isTerminal: stream.isTerminal, environment: Environment.value)
  }

  func answerOptions(_ output: StandardStream, _ notes: StandardStream) -> AnswerObserver.Options {
    var options = AnswerObserver.Options()
    options.isJSON = json
    options.extractsCode = extract || extractsLast
    options.takesLast = extractsLast
    options.look = look(output)
    options.columns = output.columns
    options.showsProgress = showsNotes(output, notes) && Environment.value("TERM") != "dumb"
    options.stylesNotes = styles(notes)
    options.isQuiet = quiet
    return options
  }

  /// Whether notices that nobody asked for may be printed: both streams are terminals and not
  /// quiet.
  func showsNotes(_ output: StandardStream, _ notes: StandardStream) -> Bool {
    output.isTerminal && notes.isTerminal && !quiet
  }

  private func look(_ output: StandardStream) -> AnswerRenderer.Look {
    if raw { return .raw }
    if styles(output) { return .styled }
    return output.isTerminal ? .terminal : .plain
  }
}
