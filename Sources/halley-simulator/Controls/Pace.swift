/// Says when events go out.
struct Pace: Sendable {
  /// Nanoseconds before the first event.
  let firstEventDelay: UInt64
  /// Nanoseconds before every other event.
  let eventDelay: UInt64
  /// Nanoseconds from one delta to the next.
  let deltaInterval: UInt64

  init(_ reader: ControlReader, _ options: Options) throws(APIError) {
    let fallback = UInt64(options.firstEventDelayMilliseconds) * Clock.nanosecondsPerMillisecond
    firstEventDelay = try reader.milliseconds("first_event_delay_ms") ?? fallback
    eventDelay = try reader.milliseconds("event_delay_ms") ?? 0
    let rate = try reader.number("rate") ?? options.wordsPerSecond
    // The slowest that makes sense is a word a day.
    deltaInterval = rate > 0 ? UInt64(min(1e9 / rate, 86_400e9)) : 0
  }

  var isUnlimited: Bool { eventDelay == 0 && deltaInterval == 0 }
}
