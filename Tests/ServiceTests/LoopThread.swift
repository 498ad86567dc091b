import EventLoop
import Foundation
import Testing

/// The loop, running for as long as the tests do.
enum LoopThread {
  private static let isRunning: Void = Thread.detachNewThread {
    SignalSource.blockSignals()
    do throws(LoopError) { try EventLoop.run() } catch { Issue.record("\(error)") }
  }

  /// Call it where the loop is not needed yet: in the initializer of a suite, for its tests.
  static func start() { _ = isRunning }
}

/// Looks at a condition of the loop until it holds; a hang is a failure and nothing else is.
@EventLoop
func eventually(_ what: Comment, _ condition: () throws -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(30)
  while try !condition() {
    try #require(ContinuousClock.now < end, "waited in vain: \(what)")
    await EventLoop.sleep(for: .milliseconds(2))
  }
}
