import HTTPClient
import Synchronization
import Testing

@Suite struct SleepDetectorTests {
  /// By how many nanoseconds CLOCK_BOOTTIME is ahead.
  private final class Offset: Sendable {
    let value = Mutex<Int64>(7_000_000_000)

    func add(_ nanoseconds: Int64) { value.withLock { $0 += nanoseconds } }
  }

  /// What a detector says after each change of the offset, in nanoseconds.
  private func answers(_ changes: [Int64]) -> [Bool] {
    let offset = Offset()
    var detector = SleepDetector { offset.value.withLock { $0 } }
    return changes.map { change in
      offset.add(change)
      return detector.hasSlept()
    }
  }

  @Test func `a sleep is noticed once`() {
    #expect(answers([0, 30_000_000_000, 0]) == [false, true, false])
  }

  @Test func `clocks that are read one after the other are no sleep`() {
    #expect(answers([900, -900, 20_000_000, -20_000_000]) == [false, false, false, false])
  }

  @Test func `a machine that is awake has not slept`() {
    var detector = SleepDetector()
    let hasSlept = detector.hasSlept()
    #expect(!hasSlept)
  }
}
