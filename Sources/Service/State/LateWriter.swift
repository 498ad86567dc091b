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
  private var gathering: Task<Void, Never>?

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
    if writing == nil { start() }
    if !hasRoom { gathering?.cancel() }
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
    gathering?.cancel()
    while written < taken, let writing { await writing.value }
  }

  private func start() {
    let pause = pause
    let gathering = EventLoop.start { await EventLoop.sleep(for: pause) }
    self.gathering = gathering
    writing = EventLoop.start { [self] in
      await gathering.value
      let elements = waiting
      waiting = []
      await write(elements)
      written += elements.count
      writing = nil
      if !waiting.isEmpty { start() }
    }
  }
}
