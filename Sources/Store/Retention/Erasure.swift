/// Who erases what was deleted, and who waits for it.
///
/// 1. At most one caller erases at a time.
/// 2. A caller that comes while another erases waits for the round that begins after that: the
///    index may have been read past its words already.
struct Erasure {
  /// What a waiting caller has to do next.
  enum Turn: Sendable {
    /// Another caller erased for it.
    case done(StoreError?)
    /// It erases for all that wait.
    case lead
  }

  private var isRunning = false
  private var waiting: [CheckedContinuation<Turn, Never>] = []

  /// Returns whether the caller has to erase; else it has to wait.
  mutating func begin() -> Bool {
    guard !isRunning else { return false }
    isRunning = true
    return true
  }

  mutating func wait(_ continuation: CheckedContinuation<Turn, Never>) {
    // The one who erased may have ended meanwhile.
    if begin() { return continuation.resume(returning: .lead) }
    waiting.append(continuation)
  }

  /// Begins a round; returns who waits for it beside its leader.
  mutating func takeFollowers() -> [CheckedContinuation<Turn, Never>] {
    defer { waiting = [] }
    return waiting
  }

  /// Ends a round; returns who leads the next one, which has to be resumed.
  mutating func end() -> CheckedContinuation<Turn, Never>? {
    guard !waiting.isEmpty else {
      isRunning = false
      return nil
    }
    return waiting.removeFirst()
  }
}
