/// Writes that wait for the next commit.
struct WriteQueue {
  /// One write and who waits for it.
  struct Write {
    /// Runs the write and keeps its outcome; returns its error. May run again in another
    /// transaction when the first was lost.
    let perform: (Transaction) -> StoreError?
    /// Answers the caller with the kept outcome, or with the error that lost it.
    let answer: (StoreError?) -> Void
    /// Whether the caller is answered before the commit.
    let isEager: Bool
    var isAnswered = false
  }

  private(set) var writes: [Write] = []

  var isEmpty: Bool { writes.isEmpty }

  mutating func append(_ write: Write) {
    writes.append(write)
  }

  mutating func takeAll() -> [Write] {
    defer { writes = [] }
    return writes
  }
}
