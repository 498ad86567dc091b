/// Lets the time of an answer pass that is not streamed.
final class SilentSink: EventSink {
  private let channel: Channel

  init(_ channel: Channel) {
    self.channel = channel
  }

  func wait(until deadline: UInt64) throws(ConnectionEnd) {
    try channel.wait(until: deadline)
  }

  func take(_ event: Event) {}
  func take(_ burst: Burst) {}
}
