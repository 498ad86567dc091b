internal import EventLoop

/// Gathers what may be written a little later, so that it is written together.
@EventLoop
final class LateWriter<Element: Sendable> {
  private let pause: Duration
  private let mostWaiting: Int
  private let write: @EventLoop ([Element]) async -> Void
  private var waiting: [Element] = []
  /// Elements that came and that were written since the start.
  private var taken = 0
  private var written = 0
  private var writing: Task<Void, Never>?
  /// Runs while more is waited for.
  private var pausing: TimerSource?
  private var isPausing = false

  /// - Parameters:
  ///   - pause: how long an element may wait.
  ///   - mostWaiting: elements that may wait; more of them are written at once.
  ///   - write: returns when the elements are written, or can't be.
  init(
    pause: Duration, mostWaiting: Int, write: @escaping @EventLoop ([Element]) async -> Void
  ) {
    self.pause = pause
    self.mostWaiting = mostWaiting
    self.write = write
  }

  func add(_ element: Element) {
    waiting.append(element)
    taken += 1
    if writing == nil, !isPausing { gather() }
    if !hasRoom { endPause() }
  }

  /// Whether another element may wait.
  var hasRoom: Bool { waiting.count < mostWaiting }

  /// Returns when another element may wait.
  func room() async {
    while !hasRoom, let writing { await writing.value }
  }

  /// Returns when what came before is written; later elements may still wait.
  func flush() async {
    let taken = taken
    while written < taken {
      endPause()
      guard let writing else { return }
      await writing.value
    }
  }

  /// Waits for more, where there is a timer to end that.
  private func gather() {
    guard hasRoom else { return start() }
    do throws(LoopError) {
      if pausing == nil { pausing = try TimerSource { [unowned self] in endPause() } }
      pausing?.arm(after: pause)
      isPausing = true
    } catch {
      start()
    }
  }

  private func endPause() {
    guard isPausing else { return }
    isPausing = false
    pausing?.disarm()
    start()
  }

  private func start() {
    writing = EventLoop.start { [self] in
      let elements = waiting
      waiting = []
      await write(elements)
      written += elements.count
      writing = nil
      if !waiting.isEmpty { gather() }
    }
  }
}
