internal import EventLoop

extension PluginProcess {
  /// Between the end of its input and SIGTERM.
  private static let patience: Duration = .seconds(1)
  /// Between SIGTERM and SIGKILL.
  static let grace: Duration = .seconds(2)
  /// From the end of one of its streams to SIGKILL, unless it ends by itself.
  private static let hangUpPatience: Duration = .seconds(1)
  /// For the kernel to end what was killed. What can't be ended is given up.
  private static let lastPatience: Duration = .seconds(1)

  /// Asks it to end: by the end of its input, by SIGTERM, by SIGKILL.
  func stop() {
    guard !isStopping, !hasEnded else { return }
    isStopping = true
    input.close()
    failCalls(.unavailable, "is being stopped")
    if cause == nil { endTimer?.arm(after: Self.patience) }
  }

  /// Ends it at once.
  ///
  /// - Parameter reason: goes on behind the plugin's name.
  func kill(_ reason: String) {
    guard cause == nil, !hasEnded else { return }
    cause = reason
    stopReading()
    input.close()
    failCalls(.died, reason)
    child.kill()
    endTimer?.arm(after: Self.lastPatience)
  }

  /// One without input or output is of no use. Mostly it is about to end, and that is the better
  /// reason.
  func hungUp(_ what: String) {
    guard !isStopping, cause == nil, !hasEnded else { return }
    hangUp = what
    endTimer?.arm(after: Self.hangUpPatience)
  }

  func goOnEnding() {
    if cause != nil || isTerminated { return finish(cause ?? "could not be ended") }
    if let hangUp, !isStopping { return kill(hangUp) }
    isTerminated = true
    child.terminate()
    endTimer?.arm(after: Self.grace + Self.lastPatience)
  }

  func ended(as exit: ChildExit) {
    let how: String
    switch exit {
    case .exited(let status): how = "exited with status \(status)"
    case .killed(let signal): how = "was ended by signal \(signal)"
    }
    finish(cause ?? how)
  }
}
