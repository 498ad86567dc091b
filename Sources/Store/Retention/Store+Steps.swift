/// Long work in short transactions.
///
/// A step runs when no write waits. While others write, steps leave them most of the time.
extension Store {
  /// How long after the last write the store counts as used by others.
  private static let use = Duration.milliseconds(100)
  /// How many times as long as a step took others have the database for themselves.
  private static let share = 3

  /// Runs a part of long work in a transaction of its own and returns when it is on disk.
  ///
  /// - Throws: `closed` when the store was closed before its turn came.
  func step<Value: Sendable>(
    _ body: @escaping (Transaction, inout StepBudget) throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    _ = try openDatabase()
    let outcome = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<Value, StoreError>, Never>) in
      let body = { (transaction: Transaction) throws(StoreError) -> Value in
        var budget = StepBudget()
        return try body(transaction, &budget)
      }
      steps.waiting.append(Self.pending(isEager: false, body, continuation))
    }
    return try outcome.get()
  }

  /// Runs the next step, if one waits and it is its time; returns when another one may run.
  func runStep() -> Duration? {
    guard !steps.waiting.isEmpty else { return nil }
    guard isTimeForStep else { return steps.next - .now }
    let before = database?.totalChanges ?? 0
    pace {
      commit([steps.waiting.removeFirst()])
      mergeLongLog()
    }
    counters.steps += 1
    counters.largestStep = max(
      counters.largestStep, Int((database?.totalChanges ?? before) - before))
    return steps.waiting.isEmpty ? nil : max(steps.next - .now, .zero)
  }

  var isTimeForStep: Bool { ContinuousClock.now >= steps.next }

  /// Does something for which others should not wait soon again.
  func pace(_ work: () -> Void) {
    let start = ContinuousClock.now
    work()
    let end = ContinuousClock.now
    let isInUse = end - steps.lastWrite < Self.use
    steps.next = isInUse ? end + (end - start) * Self.share : end
  }

  func refuseSteps() {
    for step in steps.waiting {
      step.answer(StoreError(.closed, "use the store", "the store was closed"))
    }
    steps.waiting = []
  }
}

/// Steps that wait for their turn.
struct StepQueue {
  var waiting: [WriteQueue.Write] = []
  /// When the next one may run.
  var next = ContinuousClock.now
  /// When others wrote.
  var lastWrite = ContinuousClock.now - .seconds(3600)
}
