internal import EventLoop

/// A number of places and a line of those who wait for one: first come, first served.
@EventLoop
final class WaitingLine {
  private struct Waiter {
    let number: UInt64
    let continuation: CheckedContinuation<Void, any Error>
  }

  /// Applies from the next change on.
  var places: Int
  private(set) var taken = 0
  private var waiters: [Waiter] = []
  private var lastNumber: UInt64 = 0

  init(places: Int) {
    self.places = places
  }

  var waiting: Int { waiters.count }
  var isFree: Bool { taken < places && waiters.isEmpty }

  /// Waits for a place. Throws `CancellationError` when the task is cancelled before it has one.
  func enter() async throws {
    if isFree {
      taken += 1
      return
    }
    lastNumber += 1
    let number = lastNumber
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        // A place may have become free on the way here, when nobody waited.
        if isFree {
          taken += 1
          return continuation.resume()
        }
        waiters.append(Waiter(number: number, continuation: continuation))
        if Task.isCancelled { giveUp(number) }
      }
    } onCancel: {
      EventLoop.assumeIsolated { self.giveUp(number) }
    }
  }

  /// Gives the place to whoever waits the longest.
  func leave() {
    taken -= 1
    while taken < places, !waiters.isEmpty {
      taken += 1
      waiters.removeFirst().continuation.resume()
    }
  }

  private func giveUp(_ number: UInt64) {
    guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
    waiters.remove(at: index).continuation.resume(throwing: CancellationError())
  }
}
