/// Who waits for what was deleted to be gone.
///
/// One round at a time takes away what is hidden and erases its text. A caller that comes during a
/// round waits for the next one: the search index may have been read past its words already.
struct Sweeper {
  enum Outcome: Sendable {
    case done
    case failed(StoreError)
    /// The caller's patience is over; the round goes on.
    case unfinished
  }

  private struct Waiter {
    let number: Int
    let round: Int
    let continuation: CheckedContinuation<Outcome, Never>
  }

  var isRunning = false
  /// Whether hidden rows are being deleted, by a round or because there is too much of all.
  var isDeleting = false
  /// The rounds that were asked for, and those that began.
  private var wanted = 0
  private var begun = 0
  private var waiting: [Waiter] = []
  private var lastNumber = 0

  /// Asks for a round that begins after now.
  mutating func ask() {
    wanted = begun + 1
  }

  /// Adds a caller that waits for the round that was asked for last; returns its number.
  mutating func wait(_ continuation: CheckedContinuation<Outcome, Never>) -> Int {
    lastNumber += 1
    waiting.append(Waiter(number: lastNumber, round: wanted, continuation: continuation))
    return lastNumber
  }

  /// Lets a caller go on that still waits.
  mutating func giveUp(_ number: Int) {
    guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
    waiting.remove(at: index).continuation.resume(returning: .unfinished)
  }

  /// Begins a round, if one is wanted.
  mutating func begin() -> Bool {
    guard wanted > begun else { return false }
    begun += 1
    return true
  }

  /// Answers those who waited for the round that has begun.
  mutating func end(with error: StoreError?) {
    let answered = waiting.filter { $0.round <= begun || error?.code == .closed }
    waiting.removeAll { waiter in answered.contains { $0.number == waiter.number } }
    for waiter in answered {
      waiter.continuation.resume(returning: error.map { .failed($0) } ?? .done)
    }
  }
}
