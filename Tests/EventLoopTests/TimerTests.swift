import EventLoop
import TestSupport
import Testing

@Suite(.onLoop) struct TimerTests {
  /// What happened, in its order.
  @EventLoop final class Record {
    var events: [String] = []
    var timers: [TimerSource] = []
    nonisolated init() {}
  }

  @EventLoop private func timer(_ record: Record, _ name: String) throws -> TimerSource {
    try TimerSource { record.events.append(name) }
  }

  @Test @EventLoop func `a timer fires once, and again when it is armed again`() async throws {
    let record = Record()
    let one = try timer(record, "one")
    one.arm(at: EventLoop.now + .milliseconds(1))
    try await eventually("it fires") { !record.events.isEmpty }
    await EventLoop.sleep(for: .milliseconds(3))
    #expect(record.events == ["one"])
    one.arm(after: .zero)
    try await eventually("it fires again") { record.events.count == 2 }
  }

  @Test @EventLoop func `a timer that was not armed, is disarmed or cancelled stays silent`()
    async throws
  {
    let record = Record()
    let idle = try timer(record, "idle")
    let disarmed = try timer(record, "disarmed")
    let cancelled = try timer(record, "cancelled")
    disarmed.arm(after: .milliseconds(1))
    cancelled.arm(after: .milliseconds(1))
    disarmed.disarm()
    cancelled.cancel()
    cancelled.arm(after: .milliseconds(1))
    await EventLoop.sleep(for: .milliseconds(5))
    #expect(record.events.isEmpty)
    withExtendedLifetime(idle) {}
  }

  @Test @EventLoop func `a timer may cancel itself and another that is due`() async throws {
    let record = Record()
    for name in ["one", "other"] {
      record.timers.append(
        try TimerSource {
          record.events.append(name)
          for timer in record.timers { timer.cancel() }
        })
    }
    let instant = EventLoop.now + .milliseconds(1)
    for timer in record.timers { timer.arm(at: instant) }
    try await eventually("one fires") { !record.events.isEmpty }
    await EventLoop.sleep(for: .milliseconds(3))
    #expect(record.events.count == 1)
  }

  @Test @EventLoop
  func `timers are called in the order of their times, however they were armed and moved`()
    async throws
  {
    var random = SystemRandomNumberGenerator()
    let record = Record()
    let start = EventLoop.now + .milliseconds(20)
    var wanted: [(at: Int, name: String)] = []
    for number in 0..<200 {
      let timer = try timer(record, "\(number)")
      record.timers.append(timer)
      timer.arm(at: start + .milliseconds(Int.random(in: 1...500, using: &random)))
      switch number % 4 {
      case 0: timer.disarm()
      case 1: timer.cancel()
      default:
        // No two at one time, whose order is open.
        let at = (number * 37) % 200 * 100
        timer.arm(at: start + .microseconds(at))
        wanted.append((at, "\(number)"))
      }
    }
    try await eventually("all are called") { record.events.count >= wanted.count }
    await EventLoop.sleep(for: .milliseconds(2))
    #expect(record.events == wanted.sorted { $0.at < $1.at }.map(\.name))
  }

  @Test @EventLoop func `a timer that arms itself for now keeps nobody waiting`() async throws {
    let record = Record()
    let timer = try TimerSource {
      record.events.append("again")
      record.timers.first?.arm(at: EventLoop.now)
    }
    record.timers = [timer]
    timer.arm(after: .zero)
    for _ in 0..<3 { await EventLoop.sleep(for: .milliseconds(1)) }
    timer.cancel()
    #expect(record.events.count > 1)
  }

  @Test @EventLoop func `a sleep ends with its task`() async throws {
    let woke = Promise<Void>()
    let task = EventLoop.start {
      await EventLoop.sleep(for: .seconds(3600))
      woke.resolve(())
    }
    await EventLoop.sleep(for: .zero)
    task.cancel()
    await woke.wait()
  }

  @Test func `durations and instants stay at their ends`() {
    #expect(Duration.milliseconds(-1).wholeMicroseconds == 0)
    #expect(Duration.nanoseconds(1999).wholeMicroseconds == 1)
    #expect(Duration.seconds(Int64.max).wholeMicroseconds == .max)
    let last = LoopInstant(microseconds: .max)
    #expect(last + .seconds(1) == last)
    #expect(LoopInstant(microseconds: 3) - LoopInstant(microseconds: 5) == .microseconds(-2))
    #expect(last - LoopInstant(microseconds: 0) == .microseconds(Int64.max))
    #expect(Int8(100).addingSaturating(100) == 127 && Int8(-100).addingSaturating(-100) == -128)
  }
}
