package import Configuration
package import EventLoop
package import JSON
package import Store

/// The response cache of the daemon: the last answers in memory, all of them in the store.
///
/// What the store holds is known by eight bytes of each key, so that a miss waits for no disk.
@EventLoop
package final class ResponseCache {
  /// Uses are written together; a crash forgets only which answer leaves first.
  private static let pauseBetweenWrites: Duration = .seconds(1)

  package var configuration: CacheConfiguration {
    didSet { memory.maximumBytes = configuration.memorySize }
  }
  private let clock: @Sendable () -> Int64
  private let onTrouble: @EventLoop (String) -> Void
  /// Requests that were answered from here, ready to be answered again.
  let ready = ReadyRequests()
  private var memory: AnswerMemory
  private var store: Store?
  private var storedKeys: Set<UInt64> = []
  private var storedBytes = 0
  private var uses: [CacheKey: Subject] = [:]
  private var writing: Task<Void, Never>?
  package private(set) var counters = Counters()

  /// What happened since the start.
  package struct Counters: Sendable, Equatable {
    package var hits = 0
    package var misses = 0
    package var joined = 0
    package var stored = 0
    /// Removed for their age or for room.
    package var removed = 0
  }

  /// - Parameter clock: milliseconds since 1970.
  package nonisolated init(
    _ configuration: CacheConfiguration,
    clock: @escaping @Sendable () -> Int64 = SystemClock.milliseconds,
    onTrouble: @escaping @EventLoop (String) -> Void
  ) {
    self.configuration = configuration
    self.clock = clock
    self.onTrouble = onTrouble
    memory = AnswerMemory(maximumBytes: configuration.memorySize)
  }

  /// Takes the store, once it is open, and removes what is too old or too much.
  package func use(_ store: Store) async throws(StoreError) {
    guard self.store !== store else { return }
    storedKeys = Set(try await store.cacheKeyPrefixes())
    self.store = store
    try await trim(store)
  }

  // MARK: Reading

  /// Returns an answer that is in memory.
  package func rememberedAnswer(_ key: CacheKey) -> CachedAnswer? {
    memory.answer(key, since: oldest)
  }

  /// Returns an answer from memory or from the store; nil when there is none, or when it can't be
  /// read, which is logged.
  package func answer(_ key: CacheKey, of subject: Subject) async -> CachedAnswer? {
    if let answer = rememberedAnswer(key) { return answer }
    guard let store, storedKeys.contains(key.prefix) else { return nil }
    do throws(StoreError) {
      let found = try await store.cachedResponse(key.digest.bytes, of: subject, since: oldest)
      guard let answer = found.map({ CachedAnswer($0) }) else { return nil }
      memory.insert(answer, of: subject, as: key)
      return answer
    } catch {
      onTrouble("A cached answer could not be read: \(error)")
      return nil
    }
  }

  /// Makes a response of its own from an answer that was found.
  package func copy(
    _ answer: CachedAnswer, _ key: CacheKey, of subject: Subject, echoes: [FreshCopy.Echo]
  ) -> AnswerTemplate.Answer {
    counters.hits += 1
    note(use: key, of: subject)
    let seconds = clock() / 1000
    // What is too large for the memory is laid out for this once.
    return memory.copy(key, echoes: echoes, at: seconds)
      ?? AnswerTemplate(answer.object, echoes: echoes).answer(at: seconds)
  }

  package func noteMiss() { counters.misses += 1 }
  package func noteJoin() { counters.joined += 1 }

  private var oldest: Int64 { clock() - configuration.timeToLive.wholeMilliseconds }

  // MARK: Writing

  /// Keeps the answer to a request.
  ///
  /// - Parameter handle: of the stored response, whose end is on disk; nil keeps it in memory only.
  package func keep(
    _ object: RawJSON, for request: CacheableRequest, of subject: Subject, upstream: String,
    upstreamID: String?, handle: ResponseHandle?
  ) async {
    guard object.bytes.count <= configuration.diskSize else { return }
    let answer = CachedAnswer(
      responseID: object["id"]?.string ?? "", object: object, cachedAt: clock(),
      upstream: upstream, upstreamID: upstreamID, isOnDisk: handle != nil)
    memory.insert(answer, of: subject, as: request.key)
    counters.stored += 1
    guard let handle, let store else { return }
    do throws(StoreError) {
      let isKept = try await store.cache(
        handle, as: request.key.digest.bytes, parts: request.parts.encoded)
      guard isKept else { return memory.remove(request.key) }
      storedKeys.insert(request.key.prefix)
      storedBytes += object.bytes.count
      if storedBytes > configuration.diskSize { try await trim(store) }
    } catch {
      onTrouble("An answer was not cached on disk: \(error)")
    }
  }

  private func trim(_ store: Store) async throws(StoreError) {
    let trim = try await store.trimCache(
      cachedBefore: oldest, maximumBytes: configuration.diskSize)
    storedBytes = trim.left.bytes
    counters.removed += trim.removed
    if trim.removed > 0 { storedKeys = Set(try await store.cacheKeyPrefixes()) }
  }

  private func note(use key: CacheKey, of subject: Subject) {
    guard store != nil else { return }
    uses[key] = subject
    if writing == nil {
      writing = EventLoop.start { [weak self] in
        await EventLoop.sleep(for: Self.pauseBetweenWrites)
        await self?.writeUses()
      }
    }
  }

  /// Writes when answers were used. Called once a second, and before the store is closed.
  package func writeUses() async {
    writing = nil
    guard let store, !uses.isEmpty else { return }
    let written = uses.map { (subject: $0.value, key: $0.key.digest.bytes) }
    uses = [:]
    do throws(StoreError) {
      try await store.noteCacheUse(written)
    } catch {
      onTrouble("The use of cached answers was not stored: \(error)")
    }
  }

  // MARK: Forgetting

  /// Forgets the answer of a response that was deleted; in the store it went with the response.
  package func forget(responseID: String, of subject: Subject) {
    ready.removeAll()
    memory.remove(of: subject) { $0.responseID == responseID }
  }

  /// Forgets what is in memory of a user; called when a conversation or an item was deleted. What is
  /// left in the store is found there.
  package func forgetAll(of subject: Subject) {
    ready.removeAll()
    memory.remove(of: subject) { _ in true }
  }

  /// Removes a user's answers from cache, those of a certain age and older where one is given;
  /// returns how many the store had.
  package func clear(of subject: Subject, olderThan age: Duration?) async throws(StoreError) -> Int
  {
    ready.removeAll()
    let time = age.map { clock() - $0.wholeMilliseconds }
    memory.remove(of: subject) { time == nil || $0.cachedAt < time ?? 0 }
    guard let store else { return 0 }
    let removed = try await store.clearCache(of: subject, before: time)
    storedKeys = Set(try await store.cacheKeyPrefixes())
    storedBytes = try await store.cacheContents().bytes
    return removed
  }

  // MARK: Telling

  /// The answer to `cache.stats`: the user's answers, and what happened to everybody's since the
  /// start.
  package func statistics(of subject: Subject) async throws(StoreError) -> RawJSON {
    let contents = try await store?.cacheContents(of: subject)
    return .object { result in
      result.member("enabled", configuration.isEnabled)
      result.member("entries", contents?.entries ?? 0)
      result.member("bytes", contents?.bytes ?? 0)
      result.member("max_bytes", configuration.maximumSize)
      result.member("ttl_s", configuration.timeToLive.wholeMilliseconds / 1000)
      result.member("memory_entries", memory.count)
      result.member("memory_bytes", memory.bytes)
      result.member("hits", counters.hits)
      result.member("misses", counters.misses)
      result.member("joined", counters.joined)
      result.member("stored", counters.stored)
      result.member("removed", counters.removed)
    }
  }

  /// The answer to `cache.explain`: whether the request would be answered from the cache, and why.
  package func explain(
    _ request: CacheableRequest, _ policy: CachePolicy, of subject: Subject
  ) async throws(StoreError) -> RawJSON {
    let answer = policy.reads ? await answer(request.key, of: subject) : nil
    let explanation = CacheExplanation(
      key: request.key, age: answer.map { clock() - $0.cachedAt }, obstacle: policy.obstacle,
      nearest: answer == nil ? try await nearest(to: request, of: subject) : nil)
    return explanation.json
  }

  /// How many of the last used entries are compared.
  private static let comparedEntries = 1000

  private func nearest(
    to request: CacheableRequest, of subject: Subject
  ) async throws(StoreError) -> CacheExplanation.Nearest? {
    let entries = try await store?.cacheParts(of: subject, limit: Self.comparedEntries) ?? []
    return CacheExplanation.nearest(to: request, among: entries, at: clock(), oldest: oldest)
  }
}

extension Duration {
  fileprivate var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}
