import EventLoop

/// Holds back those who wait until it is opened.
@EventLoop
final class Gate {
  private var isOpen = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func wait() async {
    await withCheckedContinuation { continuation in
      if isOpen { return continuation.resume() }
      waiting.append(continuation)
    }
  }

  func open() {
    isOpen = true
    for waiter in waiting { waiter.resume() }
    waiting = []
  }
}
