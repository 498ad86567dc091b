package import JSON
package import Wire

/// Writes an answer to stdout while it comes, and notices to stderr.
package struct AnswerObserver: CallObserver {
  package struct Options: Sendable {
    /// Whether stdout gets the events and the result as lines of JSON.
    package var isJSON = false
    package var look = AnswerRenderer.Look.plain
    /// Of the terminal; nil where the answer goes elsewhere.
    package var columns: Int?
    package var extractsCode = false
    /// Whether the last block is wanted and not the first.
    package var takesLast = false
    /// Whether a spinner and the model's reasoning are shown: both streams are terminals, and
    /// nobody asked for quiet.
    package var showsProgress = false
    package var stylesNotes = false
    /// Whether what nobody asked for is left unsaid.
    package var isQuiet = false
    /// Whether the events begin in the middle: the rest is what they tell, and not the whole answer.
    package var startsLate = false

    package init() {}
  }

  private let options: Options
  private let output: StandardStream
  private let notes: StandardStream
  private let approval: Approval
  private var stream = AnswerStream()
  private var renderer: AnswerRenderer
  private var spinner: Spinner?
  private var isInterrupted = false
  /// Milliseconds for which a word waits for its end.
  private static let longestHold: Int32 = 50
  /// Since when a word is held back.
  private var held: Int64 = 0
  /// What was last written to stderr without a line end behind it.
  private var openNote: TerminalStyle?

  package init(
    _ options: Options, output: StandardStream, notes: StandardStream, approval: Approval
  ) {
    self.options = options
    self.output = output
    self.notes = notes
    self.approval = approval
    renderer = AnswerRenderer(
      options.look, columns: options.columns, extractsCode: options.extractsCode,
      takesLast: options.takesLast)
    spinner = options.showsProgress && !options.isJSON ? Spinner(start: Clock.milliseconds) : nil
  }

  /// The answer's text so far.
  package var text: [UInt8] { stream.text }
  package var hasRefusal: Bool { stream.hasRefusal }
  package var lacksCode: Bool { renderer.lacksCode }

  // MARK: CallObserver

  package mutating func receive(_ notification: RPCRequest) throws(Failure) {
    guard notification.method == "responses.event", let event = notification.params["event"] else {
      return
    }
    if options.isJSON {
      try output.write(Array(event.bytes) + [0x0A])
      _ = stream.receive(event)
    } else if !isInterrupted {
      try show(stream.receive(event))
    }
  }

  package mutating func answer(_ request: RPCRequest) throws(Failure) -> RawJSON {
    try stopSpinner()
    guard request.method == "tools.approve" else { return .emptyObject }
    let answer = approval.decide(request.params)
    if let note = Approval.note(on: answer, to: request.params) { try notes.write(note) }
    return answer
  }

  package mutating func callWasInterrupted() throws(Failure) {
    isInterrupted = true
    try endText()
  }

  package mutating func daemonIsSilent(_ words: String) throws(Failure) {
    guard !options.isQuiet else { return }
    try stopSpinner()
    try notes.write(words)
  }

  package var tickInterval: Int32? {
    if spinner?.isRunning == true { return Spinner.interval }
    return renderer.holdsWord ? Self.longestHold : nil
  }

  package mutating func tick() throws(Failure) {
    if renderer.holdsWord, Clock.milliseconds - held >= Int64(Self.longestHold) {
      try output.write(renderer.release())
    }
    guard let frame = spinner?.next(now: Clock.milliseconds), !frame.isEmpty else { return }
    try notes.write(frame)
  }

  // MARK: The end

  /// Takes the final response: shows what no event has told, and ends the last line.
  package mutating func finish(_ response: RawJSON) throws(Failure) {
    let rest = options.startsLate ? [] : stream.finish(response)
    guard !options.isJSON else { return try output.write(Array(response.bytes) + [0x0A]) }
    try show(rest)
    try endText()
  }

  /// Ends what was shown, whole or not, with a line end.
  package mutating func endText() throws(Failure) {
    try stopSpinner()
    try endNote()
    guard !options.isJSON else { return }
    try output.write(renderer.finish())
  }

  private mutating func show(_ pieces: [AnswerStream.Piece]) throws(Failure) {
    for piece in pieces {
      switch piece {
      case .text(let text):
        try stopSpinner()
        try endNote()
        if !renderer.holdsWord { held = Clock.milliseconds }
        try output.write(renderer.append(text))
      case .refusal(let text):
        try note(text, .warning)
      case .reasoning(let text):
        if options.showsProgress { try note(text, .dim) }
      }
    }
  }

  private mutating func note(_ text: String, _ style: TerminalStyle) throws(Failure) {
    guard !text.isEmpty else { return }
    try stopSpinner()
    try output.write(renderer.release())
    if openNote != style { try endNote() }
    openNote = style
    let text = TerminalText.safe(text)
    try notes.write(options.stylesNotes ? style(text) : text)
  }

  private mutating func endNote() throws(Failure) {
    guard openNote != nil else { return }
    openNote = nil
    try notes.write("\n")
  }

  private mutating func stopSpinner() throws(Failure) {
    guard let erase = spinner?.stop(), !erase.isEmpty else { return }
    try notes.write(erase)
  }
}
