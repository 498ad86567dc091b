/// Takes the events of an answer as they happen.
protocol EventSink: AnyObject {
  /// Waits until a time of the monotonic clock; what was taken before has gone out by then.
  func wait(until deadline: UInt64) throws(ConnectionEnd)
  func take(_ event: Event) throws(ConnectionEnd)
  /// Takes a run of deltas at once.
  func take(_ burst: Burst) throws(ConnectionEnd)
}

extension EventSink {
  func take(_ burst: Burst) throws(ConnectionEnd) {
    for number in burst.numbers { try take(burst.event(number: number)) }
  }
}
