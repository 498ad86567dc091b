import Client

/// Shows a line while it grows, no more often than eyes can follow.
struct LineProgress {
  enum View {
    /// The whole line each time, ended by NUL, for a shell that shows it itself; before it begins, the
    /// old one and a sign.
    case growing(StandardStream)
    /// The terminal's row that the cursor is in, behind the shell's prompt.
    case row(StandardStream, prompt: String)
  }

  /// Milliseconds between two looks.
  static let interval: Int32 = 40
  /// A line that comes at once needs no sign that it is awaited.
  private static let longestSilence: Int64 = 300

  private let view: View
  private let old: String
  private let start = Clock.milliseconds
  private var lastLook: Int64 = 0
  private var shown = ""
  private var isShowing = false

  init(_ view: View, old: String) {
    self.view = view
    self.old = old
  }

  mutating func show(_ text: String, now: Int64) throws(Failure) {
    guard now - lastLook >= Int64(Self.interval) else { return }
    lastLook = now
    switch view {
    case .growing(let output): try grow(text.isEmpty ? waiting(now) : text, output)
    case .row(let terminal, let prompt): try draw(text, prompt, terminal, now)
    }
  }

  /// Takes away what was drawn; the shell draws its line there.
  mutating func end() throws(Failure) {
    guard isShowing, case .row(let terminal, _) = view else { return }
    isShowing = false
    try terminal.write(TerminalRow.erase)
  }

  private mutating func grow(_ text: String, _ output: StandardStream) throws(Failure) {
    guard text != shown, text != old else { return }
    shown = text
    try output.write(text + "\0")
  }

  private mutating func draw(
    _ text: String, _ prompt: String, _ terminal: StandardStream, _ now: Int64
  ) throws(Failure) {
    let next = text.isEmpty ? waiting(now) : text
    guard next != shown || !isShowing else { return }
    shown = next
    isShowing = true
    try terminal.write(TerminalRow(prompt: prompt).showing(next))
  }

  /// The old line, and behind it how long the model has been at it.
  private func waiting(_ now: Int64) -> String {
    guard now - start >= Self.longestSilence else { return old }
    let seconds = (now - start) / 1_000
    return seconds > 0 ? "\(old) ⋯ \(seconds) s" : "\(old) ⋯"
  }
}
