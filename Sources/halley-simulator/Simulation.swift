internal import Glibc
internal import Synchronization

/// What all connections share.
final class Simulation: Sendable {
  let options: Options
  let store = ResponseStore()
  let statistics = Statistics()
  let requests = RequestLog()
  /// How often a request of each key was refused by `status_times`.
  private let refusals = Mutex<[String: Int]>([:])

  init(_ options: Options) {
    self.options = options
  }

  /// Tells whether another request of a key is to be refused, and counts it if so.
  func countRefusal(key: String, limit: Int) -> Bool {
    refusals.withLock { refusals in
      guard refusals[key, default: 0] < limit else { return false }
      refusals[key, default: 0] += 1
      return true
    }
  }

  /// Forgets all that was counted, logged and stored.
  func reset() {
    store.removeAll()
    statistics.reset()
    requests.removeAll()
    refusals.withLock { $0.removeAll() }
  }

  func warn(_ message: String) {
    guard !options.isQuiet else { return }
    let line = Array("halley-simulator: \(message)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
  }
}
