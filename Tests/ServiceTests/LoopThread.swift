import EventLoop
import Foundation
import Testing

/// The loop, running for as long as the tests do.
enum LoopThread {
  private static let isRunning: Void = Thread.detachNewThread {
    do throws(LoopError) { try EventLoop.run() } catch { Issue.record("\(error)") }
  }

  static func start() { _ = isRunning }
}
