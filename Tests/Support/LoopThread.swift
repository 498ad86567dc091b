internal import EventLoop
internal import Foundation
package import Testing

/// The loop, running for as long as the tests do.
package enum LoopThread {
  private static let isRunning: Void = Thread.detachNewThread {
    SignalSource.blockSignals()
    do throws(LoopError) { try EventLoop.run() } catch { Issue.record("\(error)") }
  }

  package static func start() { _ = isRunning }
}

/// Runs the tests of a suite by the loop alone, as the daemon runs everything: a task that prefers no
/// executor passes through the global pool after each wait, and tests that block keep that busy for
/// minutes.
package struct LoopTrait: SuiteTrait, TestTrait, TestScoping {
  package var isRecursive: Bool { true }

  @concurrent
  package func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @Sendable @concurrent () async throws -> Void
  ) async throws {
    LoopThread.start()
    try await withTaskExecutorPreference(EventLoop.shared.executor) { try await function() }
  }
}

extension Trait where Self == LoopTrait {
  package static var onLoop: Self { Self() }
}

/// Looks at a condition of the loop until it holds; a hang is a failure and nothing else is.
@EventLoop
package func eventually(_ what: Comment, _ condition: () throws -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(30)
  while try !condition() {
    try #require(ContinuousClock.now < end, "waited in vain: \(what)")
    await EventLoop.sleep(for: .milliseconds(2))
  }
}
