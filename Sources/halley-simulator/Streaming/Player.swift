/// Hands events to a sink at their times.
struct Player {
  private let pace: Pace
  private var isFirst = true
  /// When the next delta is due; counted on from one to the next, so that delays do not add up.
  private var due: UInt64 = 0

  init(_ pace: Pace) {
    self.pace = pace
  }

  mutating func play(
    _ steps: some Sequence<EventScript.Step>, into sink: some EventSink
  ) throws(ConnectionEnd) {
    for step in steps {
      switch step {
      case .event(let event): try play(event, into: sink)
      case .burst(let burst) where pace.isUnlimited: try sink.take(burst)
      case .burst(let burst):
        for number in burst.numbers { try play(burst.event(number: number), into: sink) }
      }
    }
  }

  mutating func play(_ event: Event, into sink: some EventSink) throws(ConnectionEnd) {
    let delay = isFirst ? pace.firstEventDelay : pace.eventDelay
    isFirst = false
    if delay > 0 { try sink.wait(until: Clock.monotonic() + delay) }
    if event.isDelta, pace.deltaInterval > 0 {
      if due == 0 { due = Clock.monotonic() }
      due += pace.deltaInterval
      try sink.wait(until: due)
    }
    try sink.take(event)
  }
}
