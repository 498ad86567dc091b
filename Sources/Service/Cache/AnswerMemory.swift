package import JSON
package import Store

/// The answers that were given last, ready to be given again.
///
/// 1. They take at most the size that was given, and what was used longest ago leaves first.
/// 2. Answers belong to a user by their key, which holds whose it is.
package struct AnswerMemory {
  /// What an entry takes beside its bytes, roughly.
  private static let overhead = 512
  /// An answer of more than this part of the memory would drive out too many others.
  private static let largestPart = 8

  private struct Entry {
    let answer: CachedAnswer
    let subject: Subject
    var template: AnswerTemplate?
    var lastUse: UInt64

    var size: Int { overhead + answer.object.bytes.count + (template?.size ?? 0) }
  }

  package var maximumBytes: Int {
    didSet { shrink() }
  }
  private var entries: [CacheKey: Entry] = [:]
  private var clock: UInt64 = 0
  package private(set) var bytes = 0

  package init(maximumBytes: Int) {
    self.maximumBytes = maximumBytes
  }

  package var count: Int { entries.count }

  /// Whether an answer is small enough to be held.
  package func takes(_ object: RawJSON) -> Bool {
    object.bytes.count <= maximumBytes / Self.largestPart
  }

  package mutating func insert(_ answer: CachedAnswer, of subject: Subject, as key: CacheKey) {
    remove(key)
    guard takes(answer.object) else { return }
    clock += 1
    // Bytes of its own: a slice would hold all that it was cut from.
    let own = CachedAnswer(
      responseID: answer.responseID, object: RawJSON(checked: Array(answer.object.bytes)[...]),
      cachedAt: answer.cachedAt, upstream: answer.upstream, upstreamID: answer.upstreamID,
      isOnDisk: answer.isOnDisk)
    let entry = Entry(answer: own, subject: subject, template: nil, lastUse: clock)
    entries[key] = entry
    bytes += entry.size
    shrink()
  }

  /// Returns an answer that was cached at or after a time in milliseconds since 1970.
  package mutating func answer(_ key: CacheKey, since time: Int64) -> CachedAnswer? {
    guard let answer = entries[key]?.answer else { return nil }
    guard answer.cachedAt >= time else {
      remove(key)
      return nil
    }
    clock += 1
    entries[key]?.lastUse = clock
    return answer
  }

  /// Makes a response of its own from the answer to a key, which is in the memory.
  package mutating func copy(
    _ key: CacheKey, echoes: [FreshCopy.Echo], at seconds: Int64
  ) -> AnswerTemplate.Answer? {
    guard let entry = entries[key] else { return nil }
    if let template = entry.template, template.echoes == echoes {
      return template.answer(at: seconds)
    }
    let template = AnswerTemplate(entry.answer.object, echoes: echoes)
    bytes += template.size - (entry.template?.size ?? 0)
    entries[key]?.template = template
    defer { shrink() }
    return template.answer(at: seconds)
  }

  // MARK: Removing

  package mutating func remove(_ key: CacheKey) {
    guard let entry = entries.removeValue(forKey: key) else { return }
    bytes -= entry.size
  }

  /// Removes a user's answers, or some of them.
  package mutating func remove(of subject: Subject, where isMeant: (CachedAnswer) -> Bool) {
    for (key, entry) in entries where entry.subject == subject && isMeant(entry.answer) {
      remove(key)
    }
  }

  package mutating func removeAll() {
    entries = [:]
    bytes = 0
  }

  /// Makes room for some time, so that not every answer sorts them all.
  private mutating func shrink() {
    guard bytes > maximumBytes else { return }
    for (key, _) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
      remove(key)
      if bytes <= maximumBytes / 8 * 7 { return }
    }
  }
}
