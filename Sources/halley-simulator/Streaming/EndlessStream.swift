internal import JSON

/// Goes on until the peer has left.
struct EndlessStream {
  private let kind: Controls.Endless
  private let pace: Pace

  init(_ kind: Controls.Endless, _ pace: Pace) {
    self.kind = kind
    self.pace = pace
  }

  /// Plays the opening of an answer, then what has no end.
  func run(_ answer: Answer, into writer: StreamWriter) throws(ConnectionEnd) {
    var player = Player(pace)
    // In a text answer these are the events up to the first delta.
    try player.play(answer.script.steps.prefix(4), into: writer)
    switch kind {
    case .deltas: try runDeltas(answer, &player, into: writer)
    case .comments: try repeating(": ping\n\n", into: writer)
    case .line: try repeating("data: endless ", into: writer)
    }
  }

  private func runDeltas(
    _ answer: Answer, _ player: inout Player, into writer: StreamWriter
  ) throws(ConnectionEnd) -> Never {
    let burst = Burst(
      itemID: answer.output.last?["id"]?.string ?? "", outputIndex: 0, numbers: 4..<Int.max)
    var number = 4
    while true {
      try player.play(burst.event(number: number), into: writer)
      number += 1
    }
  }

  private func repeating(_ text: String, into writer: StreamWriter) throws(ConnectionEnd) -> Never {
    let bytes = Array(text.utf8)
    while true {
      if pace.eventDelay > 0 { try writer.wait(until: Clock.monotonic() + pace.eventDelay) }
      try writer.take(raw: bytes)
    }
  }
}
