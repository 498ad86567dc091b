/// Shows on stderr that something is awaited, and for how long.
package struct Spinner {
  package static let interval: Int32 = 100

  private static let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
  private static let erase = "\r\u{1B}[K"

  private let start: Int64
  private var frame = 0
  private var isShown = false
  private var isOver = false

  package init(start: Int64) {
    self.start = start
  }

  package var isRunning: Bool { !isOver }

  /// The bytes of the next frame. The first 300 ms stay blank: a quick answer needs no spinner.
  package mutating func next(now: Int64) -> String {
    guard !isOver, now - start >= 300 else { return "" }
    isShown = true
    frame = (frame + 1) % Self.frames.count
    let seconds = (now - start) / 1_000
    return Self.erase + Self.frames[frame] + (seconds > 0 ? " \(seconds) s" : "")
  }

  /// Ends the spinner and returns what takes it off the screen.
  package mutating func stop() -> String {
    defer { isOver = true }
    return isShown && !isOver ? Self.erase : ""
  }
}
