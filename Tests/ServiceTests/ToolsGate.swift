import EventLoop
import Service

/// Holds back those who wait until it is opened.
@EventLoop
final class Gate {
  private var isOpen = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func wait() async {
    guard !isOpen else { return }
    await withCheckedContinuation { waiting.append($0) }
  }

  func open() {
    isOpen = true
    for waiter in waiting { waiter.resume() }
    waiting = []
  }
}

/// What came of something that a task of its own did.
@EventLoop
final class Outcome {
  private(set) var error: PluginError?
  private let end = Gate()

  func take(_ body: @EventLoop () async throws(PluginError) -> some Sendable) async {
    do throws(PluginError) { _ = try await body() } catch { self.error = error }
    end.open()
  }

  func ended() async { await end.wait() }
}
