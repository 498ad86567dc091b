import Configuration
import EventLoop
import Foundation
import JSON
import Service
import Store
import Synchronization
import Testing
import TestSupport
import Wire

/// The cache on the loop, before a store of its own.
@Suite(.onLoop) struct CacheServiceTests {
  private let place: Place

  init() throws {
    place = try Place()
  }

  /// A directory with a store, and a clock that the test moves.
  private final class Place: Sendable {
    let directory: String
    let store: Store
    let clock = Clock()

    init() throws {
      directory = "/tmp/halley-cache-\(UInt64.random(in: 0 ... .max))"
      store = try Store.open(StoreConfiguration(directory: directory, clock: clock.read))
    }

    deinit {
      do {
        try FileManager.default.removeItem(atPath: directory)
      } catch {
        Issue.record("\(directory) was not removed: \(error)")
      }
    }
  }

  private final class Clock: Sendable {
    private let milliseconds = Mutex<Int64>(1_700_000_000_000)

    var read: @Sendable () -> Int64 { { self.milliseconds.withLock { $0 } } }

    func advance(by duration: Int64) { milliseconds.withLock { $0 += duration } }
  }

  @EventLoop
  private func cache(
    _ change: (inout CacheConfiguration) -> Void = { _ in }, isOpen: Bool = true
  ) async throws -> ResponseCache {
    var configuration = CacheConfiguration()
    change(&configuration)
    let cache = ResponseCache(configuration, clock: place.clock.read) { Issue.record("\($0)") }
    if isOpen { try await cache.use(place.store) }
    return cache
  }

  private func request(_ text: String, of subject: Subject = .user(1000)) -> CacheableRequest {
    CacheableRequest(
      .init(subject: subject, upstream: "u", keyIdentity: "k", model: "m"), body: .emptyObject,
      items: [.string(text)])
  }

  /// Keeps the answer to a text, as a response does at its end.
  @EventLoop
  private func keep(
    _ answer: String, for text: String, in cache: ResponseCache, of subject: Subject = .user(1000),
    onDisk: Bool = true
  ) async throws {
    let id = StoreID.response()
    let object = RawJSON.object { response in
      response.member("id", id)
      response.member("created_at", 1)
      response.member("status", "completed")
      response.member("output", .emptyArray)
      response.member("text", answer)
    }
    guard
      case .started(let handle, _) = try await place.store.beginResponse(
        NewResponse(as: Principal(subject), id: id, input: []))
    else { return }
    _ = try await place.store.finishResponse(
      handle,
      ResponseEnding(status: .completed, object: object, output: [], continuesConversation: false))
    await cache.keep(
      object, for: request(text, of: subject), of: subject, upstream: "u", upstreamID: "up_1",
      handle: onDisk ? handle : nil)
  }

  @EventLoop
  private func answer(
    _ text: String, in cache: ResponseCache, of subject: Subject = .user(1000)
  ) async -> String? {
    await cache.answer(request(text, of: subject).key, of: subject)?.object["text"]?.string
  }

  @Test @EventLoop func `an answer is given from memory, and from disk after a restart`()
    async throws
  {
    let first = try await cache()
    try await keep("yes", for: "q", in: first)
    #expect(first.rememberedAnswer(request("q").key)?.isOnDisk == true)
    let second = try await cache()
    #expect(second.rememberedAnswer(request("q").key) == nil)
    #expect(await answer("q", in: second) == "yes")
    #expect(second.rememberedAnswer(request("q").key)?.upstream == "")
    #expect(await answer("other", in: second) == nil)
  }

  @Test @EventLoop func `an answer that may not be on disk ends with the daemon`() async throws {
    let first = try await cache()
    try await keep("yes", for: "q", in: first, onDisk: false)
    #expect(first.rememberedAnswer(request("q").key)?.isOnDisk == false)
    #expect(await answer("q", in: try await cache()) == nil)
  }

  @Test @EventLoop func `an answer ends with its time`() async throws {
    let cache = try await cache { $0.timeToLive = .seconds(10) }
    try await keep("yes", for: "q", in: cache)
    place.clock.advance(by: 10_000)
    #expect(await answer("q", in: cache) == "yes")
    place.clock.advance(by: 1)
    #expect(await answer("q", in: cache) == nil)
    #expect(await answer("q", in: try await self.cache()) == "yes")
  }

  @Test @EventLoop func `a new answer replaces the old one in memory and on disk`() async throws {
    let first = try await cache()
    try await keep("old", for: "q", in: first)
    try await keep("new", for: "q", in: first)
    #expect(await answer("q", in: first) == "new")
    #expect(await answer("q", in: try await cache()) == "new")
  }

  @Test @EventLoop func `the cache keeps within its size`() async throws {
    let text = String(repeating: "x", count: 1000)
    let cache = try await cache { $0.maximumSize = 5800 }
    for number in 0..<10 {
      place.clock.advance(by: 10)
      try await keep(text, for: "\(number)", in: cache)
    }
    let statistics = try await cache.statistics(of: .user(1000))
    #expect(statistics["entries"]?.integer == 4)
    #expect((statistics["bytes"]?.integer ?? .max) <= 5800 / 8 * 7)
    #expect((statistics["memory_bytes"]?.integer ?? .max) <= 5800 / 8)
    #expect(statistics["removed"]?.integer == 6)
    let reopened = try await self.cache()
    #expect(await answer("9", in: reopened) == text)
    #expect(await answer("0", in: reopened) == nil)
  }

  @Test @EventLoop func `an answer that is used stays longer`() async throws {
    let text = String(repeating: "x", count: 1000)
    let cache = try await cache { $0.maximumSize = 2900 }
    try await keep(text, for: "old", in: cache)
    place.clock.advance(by: 10)
    try await keep(text, for: "middle", in: cache)
    place.clock.advance(by: 10)
    let key = request("old").key
    let found = try #require(await cache.answer(key, of: .user(1000)))
    _ = cache.copy(found, key, of: .user(1000), echoes: [])
    await cache.writeUses()
    try await keep(text, for: "new", in: cache)
    let reopened = try await self.cache()
    #expect(await answer("old", in: reopened) == text)
    #expect(await answer("middle", in: reopened) == nil)
  }

  @Test @EventLoop func `what is deleted is forgotten`() async throws {
    let cache = try await cache()
    try await keep("yes", for: "q", in: cache)
    let id = try #require(cache.rememberedAnswer(request("q").key)?.responseID)
    try await place.store.deleteResponse(id, as: .user(1000))
    cache.forget(responseID: id, of: .user(1000))
    #expect(await answer("q", in: cache) == nil)
  }

  @Test @EventLoop func `clearing takes one user's answers of an age`() async throws {
    let cache = try await cache()
    try await keep("old", for: "a", in: cache)
    try await keep("another's", for: "a", in: cache, of: .user(1001))
    place.clock.advance(by: 60_000)
    try await keep("new", for: "b", in: cache)
    #expect(try await cache.clear(of: .user(1000), olderThan: .seconds(30)) == 1)
    #expect(await answer("a", in: cache) == nil)
    #expect(await answer("b", in: cache) == "new")
    #expect(try await cache.clear(of: .user(1000), olderThan: nil) == 1)
    #expect(await answer("b", in: cache) == nil)
    #expect(await answer("a", in: cache, of: .user(1001)) == "another's")
  }

  @Test @EventLoop func `an explanation names what differs, what hits and what hinders`()
    async throws
  {
    let cache = try await cache()
    let policy = CachePolicy(.default, body: .emptyObject, .init())
    func explain(_ text: String, _ policy: CachePolicy) async throws -> RawJSON {
      try await cache.explain(request(text), policy, of: .user(1000))
    }
    #expect(try await explain("q", policy)["reason"]?.string == "nothing was cached yet")
    try await keep("yes", for: "q", in: cache)
    place.clock.advance(by: 5000)
    let hit = try await explain("q", policy)
    #expect(hit["hit"]?.boolean == true && hit["age_s"]?.integer == 5)
    #expect(hit["key"]?.string == request("q").key.text)
    let miss = try await explain("other", policy)
    #expect(miss["hit"]?.boolean == false && miss["age_s"] == nil)
    #expect(
      miss["reason"]?.string == "of the request most like it, answered 5 s ago, input differs")
    let warm = CachePolicy(
      .default, body: try RawJSON(parsing: #"{"temperature":1}"#), .init())
    #expect(try await explain("q", warm)["reason"]?.string?.contains("temperature") == true)
    place.clock.advance(by: 24 * 3600 * 1000)
    #expect(try await explain("q", policy)["reason"]?.string?.contains("older") == true)
  }

  @Test @EventLoop func `without a store the memory alone answers`() async throws {
    let cache = try await cache(isOpen: false)
    try await keep("yes", for: "q", in: cache)
    #expect(await answer("q", in: cache) == "yes")
    #expect(try await cache.clear(of: .user(1000), olderThan: nil) == 0)
    #expect(await answer("q", in: cache) == nil)
  }
}
