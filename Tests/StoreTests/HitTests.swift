import JSON
import Store
import Testing

/// Responses that repeat a cached answer.
@Suite struct HitTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  private func hit(
    _ question: String, _ reply: String, after parent: NewResponse.Parent = .none,
    scope: String? = nil
  ) -> CacheHit {
    var new = NewResponse(as: .user(1000), parent: parent, input: [message(question)])
    new.scope = scope
    var origin = ResponseUpdate()
    origin.upstream = "cometapi"
    origin.upstreamID = "resp_upstream"
    return CacheHit(
      CacheHit.Stored(new, object(new.id, [answer(reply)])), origin: origin,
      usage: NewUsage(
        of: .user(1000), client: "t", upstream: "cometapi", model: "m", day: 20_260_131),
      settled: UsageEnding(status: "completed", origin: .hit))
  }

  private func id(_ hit: CacheHit) -> String { hit.responseID ?? "" }

  private func search(_ query: String) async throws -> [SearchHit] {
    try await store.search(SearchRequest(query: query), as: .user(1000))
  }

  @Test func `it is a completed response with its items, its scope and its usage`() async throws {
    let hit = hit("which flower?", "the tulip", scope: "tty")
    #expect(try await store.record([hit]).isEmpty)
    let stored = try await store.response(id(hit), as: .user(1000))
    #expect(stored.status == .completed && stored.endedAt == temporary.clock.read())
    #expect(stored.upstream == "cometapi" && stored.upstreamID == "resp_upstream")
    #expect(stored.object?["id"]?.string == id(hit))
    #expect(try await store.texts(ofResponse: id(hit)) == ["which flower?", "the tulip"])
    #expect(try await store.lastResponse(ofScope: "tty", as: .user(1000)) == id(hit))
    #expect(try await store.usageSummary(UsageQuery()).first?.hits == 1)
    let again = try await temporary.reopened().response(id(hit), as: .user(1000))
    #expect(again.object == stored.object && again.status == .completed)
  }

  @Test func `one that can't be written takes no other with it`() async throws {
    let hits = [
      hit("one", "1"), hit("two", "2", after: .response("resp_nowhere")), hit("three", "3"),
    ]
    #expect(try await store.record(hits).map(\.code) == [.notFound])
    #expect(try await store.texts(ofResponse: id(hits[0])) == ["one", "1"])
    #expect(try await store.texts(ofResponse: id(hits[2])) == ["three", "3"])
    #expect(
      try await code { _ = try await store.response(id(hits[1]), as: .user(1000)) } == .notFound)
    #expect(try await store.usageSummary(UsageQuery()).first?.hits == 2)
  }

  @Test func `what is said over and over is found once, and where something goes on from it`()
    async throws
  {
    let first = try await store.say("which flower?", "the tulip")
    let repeats = (0..<3).map { _ in hit("which flower?", "the tulip") }
    #expect(try await store.record(repeats).isEmpty)
    #expect(try await search("flower").map(\.responseID) == [first])
    try await store.say("and then?", "the rose", after: .response(id(repeats[1])))
    let found = try await search("flower").compactMap(\.responseID)
    #expect(Set(found) == [first, id(repeats[1])] && found.count == 2)
    let chained = hit("again?", "the lily", after: .response(id(repeats[2])))
    #expect(try await store.record([chained]).isEmpty)
    #expect(try await search("lily").map(\.responseID) == [id(chained)])
  }

  @Test func `one that is deleted is gone, and the one that it repeated is not`() async throws {
    let first = try await store.say("which flower?", "the tulip")
    let hit = hit("which flower?", "the tulip")
    #expect(try await store.record([hit]).isEmpty)
    try await store.deleteResponse(id(hit), as: .user(1000))
    #expect(try await code { _ = try await store.response(id(hit), as: .user(1000)) } == .notFound)
    #expect(try await search("flower").map(\.responseID) == [first])
  }

  @Test func `ids are unique and in the order in which they were made`() {
    let ids = (0..<20_000).map { _ in StoreID.response() }
    #expect(Set(ids).count == ids.count)
    let times = ids.map { $0.dropFirst(5).prefix(12) }
    #expect(times == times.sorted())
    #expect(ids.allSatisfy { $0.utf8.count == 37 })
  }
}
