import Client
import JSON
import Wire

/// Shows a command while it is written.
struct LineObserver: CallObserver {
  var progress: LineProgress?
  private var stream = AnswerStream()
  private var text = ""
  private var isInterrupted = false

  init(_ progress: LineProgress?) {
    self.progress = progress
  }

  mutating func receive(_ notification: RPCRequest) throws(Failure) {
    guard notification.method == "responses.event", let event = notification.params["event"],
      !isInterrupted
    else { return }
    for case .text(let piece) in stream.receive(event) { text += piece }
    try progress?.show(CommandText(text).text, now: Clock.milliseconds)
  }

  mutating func callWasInterrupted() { isInterrupted = true }

  /// The row below the prompt is the line's, not for messages.
  mutating func daemonIsSilent(_ words: String) {}

  var tickInterval: Int32? { progress == nil ? nil : LineProgress.interval }

  mutating func tick() throws(Failure) {
    guard !isInterrupted else { return }
    try progress?.show(CommandText(text).text, now: Clock.milliseconds)
  }
}
