import Client
import JSON

/// Makes a call whose result is a response, and shows the answer while it comes.
struct AnswerCall {
  let options: OutputOptions
  let output: StandardStream
  let notes = StandardStream(StandardStream.errorDescriptor)
  let interrupts: Interrupts
  /// Whether tools are allowed what would be asked.
  var allowsTools = false
  var schema: AnswerSchema?
  /// Whether only what comes behind an event is asked for.
  var startsLate = false

  init(_ options: OutputOptions) throws(Failure) {
    self.options = options
    do throws(SystemError) {
      interrupts = try Interrupts()
    } catch {
      throw Failure(.failed, "signals can't be awaited: \(error.operation): \(error.reason)")
    }
    output = StandardStream(StandardStream.outputDescriptor, interrupts: interrupts)
  }

  func session(_ connection: Connection) -> Session {
    Session(connection, interrupts: interrupts, output: output)
  }

  /// Calls, shows, judges.
  ///
  /// - Parameter whenEnded: gets the response, whatever is then thought of it, or what came of it.
  func run(
    _ session: Session, _ method: String, _ params: RawJSON,
    onInterrupt: Session.OnInterrupt = .cancel, whenEnded: (RawJSON) -> Void = { _ in }
  ) throws(Failure) {
    var answerOptions = options.answerOptions(output, notes)
    answerOptions.startsLate = startsLate
    var observer = AnswerObserver(
      answerOptions, output: output, notes: notes,
      approval: Approval(allowsAll: allowsTools, interrupts: interrupts))
    let response: RawJSON
    do throws(Failure) {
      response = try session.call(method, params, onInterrupt: onInterrupt, observer: &observer)
      try observer.finish(response)
    } catch {
      if let result = error.result ?? error.remote?["data"]?["response"] { whenEnded(result) }
      try end(&observer, after: error)
      throw ModelAdvice.added(to: error, asking: params["model"]?.string, session)
    }
    whenEnded(response)
    try tellUsage(response)
    try judge(response, observer)
  }

  /// Ends what was shown of an answer that is not whole.
  private func end(_ observer: inout AnswerObserver, after failure: Failure) throws(Failure) {
    guard failure.status != .brokenPipe else { return }
    try observer.endText()
    guard options.json else { return }
    let error = failure.remote.map { error in RawJSON.object { $0.member("error", error) } }
    guard let line = failure.result ?? error else { return }
    try output.write(Array(line.bytes) + [0x0A])
  }

  private func tellUsage(_ response: RawJSON) throws(Failure) {
    guard options.usage || (options.showsNotes(output, notes) && !options.json) else { return }
    let line = TerminalText.safe(UsageLine.text(of: response))
    guard !line.isEmpty else { return }
    try notes.write((options.styles(notes) ? TerminalStyle.dim(line) : line) + "\n")
  }

  private func judge(_ response: RawJSON, _ observer: AnswerObserver) throws(Failure) {
    if let failure = AnswerVerdict(response).failure { throw failure }
    if observer.hasRefusal, observer.text.isEmpty {
      throw Failure(.failed, "the model refused to answer")
    }
    if let schema {
      if let failure = AnswerVerdict.mismatch(observer.text, schema) { throw failure }
      if !options.quiet, let note = AnswerVerdict.note(on: schema, observer.text) {
        try notes.write(note)
      }
    }
    if observer.text.isEmpty, !options.json, !startsLate { throw silence(response) }
    if observer.lacksCode {
      throw Failure(
        .failed, "the answer holds no fenced code block",
        advice: "ask without \(options.extract ? "-x" : "--xl") to see it")
    }
  }

  /// Why a whole answer without a word of text is none.
  private func silence(_ response: RawJSON) -> Failure {
    let calls = ResponseText.pendingCalls(of: response).joined(separator: ", ")
    return Failure(
      .failed,
      calls.isEmpty ? "the answer holds no text" : "the model asks for \(calls) and says nothing",
      advice: "--json prints the whole response")
  }
}
