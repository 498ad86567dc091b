import ArgumentParser
import Client
import JSON

/// Turns a command line that comes on stdin into a command on stdout, and shows it while it comes.
struct WriteLine: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "write")

  @Option(help: "The shell that the line is for.")
  var shell: Shell

  @Option(
    parsing: .unconditional,
    help: "Show the line while it comes on stderr's row of the terminal, behind this prompt.")
  var prompt: String?

  @Flag(help: "Print the line as it grows, each time whole and ended by NUL.")
  var growing = false

  @OptionGroup var model: ModelOptions
  @OptionGroup var thread: ThreadOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var daemon: DaemonOptions

  func run() throws {
    // First of all: a daemon that sees a client opens its connection to the upstream.
    let connection = Result { () throws(Failure) in try daemon.connect() }
    let call = try AnswerCall(output)
    var request = CreateRequest()
    try model.apply(to: &request)
    thread.apply(to: &request)
    request.isStored = false
    if !thread.continues { request.scope = nil }
    let line = try StandardInput.text(
      of: StandardInput.read(daemon.inputLimit, interrupts: call.interrupts) {})
    guard !line.allSatisfy(\.isWhitespace) else {
      throw Failure.usage("there is nothing on the line to make a command of")
    }
    request.text = line
    request.instructions = request.instructions ?? instructions
    try write(line, request, call, call.session(connection.get()))
  }

  private var instructions: String {
    "\(ShellTask.write.instructions) The shell is \(shell.rawValue) on Linux."
  }

  private func write(
    _ line: String, _ request: CreateRequest, _ call: AnswerCall, _ session: Session
  ) throws(Failure) {
    var observer = LineObserver(view(call).map { LineProgress($0, old: line) })
    let response: RawJSON
    do throws(Failure) {
      response = try session.call("responses.create", request.json, observer: &observer)
    } catch {
      try observer.progress?.end()
      throw error
    }
    try observer.progress?.end()
    if let failure = AnswerVerdict(response).failure { throw failure }
    let command = CommandText(ResponseText.text(of: response)).text
    guard !command.isEmpty else { throw Failure(.failed, "the model wrote no command") }
    try call.output.write(growing ? command + "\0" : command + "\n")
  }

  private func view(_ call: AnswerCall) -> LineProgress.View? {
    if growing { return .growing(call.output) }
    guard let prompt, call.notes.isTerminal else { return nil }
    return .row(call.notes, prompt: prompt)
  }
}
