/// Breaks an answer off where that was asked for.
struct Interrupter {
  private let channel: Channel
  private let controls: Controls

  init(_ channel: Channel, _ controls: Controls) {
    self.channel = channel
    self.controls = controls
  }

  /// Holds the headers back, and interrupts where they should not come at all.
  func openHeaders() throws(ConnectionEnd) {
    if controls.headerDelay > 0 {
      try channel.wait(until: Clock.monotonic() + controls.headerDelay)
    }
    try run(at: .beforeHeaders, flush: {}, finish: {})
  }

  /// - Parameters:
  ///   - flush: writes what should have gone out by now.
  ///   - finish: does the same and ends the body.
  func run(
    at place: Place, flush: () throws(ConnectionEnd) -> Void,
    finish: () throws(ConnectionEnd) -> Void
  ) throws(ConnectionEnd) {
    guard let interruption = controls.interruptions[place] else { return }
    switch interruption {
    case .reset:
      try flush()
      channel.reset()
    case .closeCleanly: try finish()
    case .closeRaw: try flush()
    case .stall:
      try flush()
      try channel.waitForPeerToLeave()
    }
    throw .closed
  }
}
