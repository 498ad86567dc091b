/// Produces an answer without a connection, into the stored response's log.
final class BackgroundRun: EventSink {
  /// How long a cancel may go unnoticed.
  private static let sliceNanoseconds = 5 * Clock.nanosecondsPerMillisecond

  private let stored: StoredResponse

  private init(_ stored: StoredResponse) {
    self.stored = stored
  }

  /// Starts a thread that ends with the answer or with its cancelling.
  static func start(_ answer: Answer, _ pace: Pace, into stored: StoredResponse) throws(SystemError)
  {
    try Thread.start {
      do throws(ConnectionEnd) {
        try BackgroundRun(stored).run(answer, pace)
      } catch {
        // Cancelled: the stored response says so already.
      }
    }
  }

  private func run(_ answer: Answer, _ pace: Pace) throws(ConnectionEnd) {
    var player = Player(pace)
    try player.play(answer.script.steps.dropLast(), into: self)
    guard case .event(let last)? = answer.script.steps.last else { return }
    stored.finish(answer, last: last)
  }

  func wait(until deadline: UInt64) throws(ConnectionEnd) {
    while true {
      guard !stored.isFinished else { throw .closed }
      let now = Clock.monotonic()
      guard now < deadline else { return }
      Clock.sleep(nanoseconds: min(deadline - now, Self.sliceNanoseconds))
    }
  }

  func take(_ event: Event) throws(ConnectionEnd) {
    guard stored.append(event) else { throw .closed }
  }
}
