internal import Glibc
import JSON
import Store
import Testing

/// What an operator sees of a database that is in use.
@Suite struct InspectionTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  private var configuration: StoreConfiguration {
    StoreConfiguration(
      directory: "\(temporary.directory)/state", clock: temporary.clock.read)
  }

  private func beside<Value: Sendable>(
    _ body: (Store) async throws -> Value
  ) async throws -> Value {
    let beside = try Store.openBeside(configuration)
    let value = try await body(beside)
    try await beside.close()
    return value
  }

  @Test func `what is stored is counted by kind and user`() async throws {
    let conversation = try await store.createConversation(as: .user(1000))
    for number in 0..<20 {
      let text = String(repeating: "tulip \(number) ", count: 200)
      try await store.say(text, "re", after: .conversation(conversation.id))
    }
    try await store.say("rose", "re", as: .user(1001))
    _ = try await store.search(SearchRequest(query: "tulip"), as: .user(1000))
    let contents = try await beside { try await $0.contents() }
    #expect(contents.statistics.responses == 21 && contents.statistics.conversations == 1)
    let kinds = try #require(contents.kinds)
    #expect(Set(["items", "responses", "search", "conversations"]).isSubset(of: kinds.map(\.name)))
    #expect(kinds.map(\.bytes) == kinds.map(\.bytes).sorted(by: >))
    let items = try #require(kinds.first { $0.name == "items" })
    #expect(items.bytes > 20 * 1600)
    #expect(contents.owners.map(\.subject) == [.user(1000), .user(1001)])
    #expect(contents.owners.map(\.conversations) == [1, 0])
    #expect(contents.owners.map(\.responses) == [20, 1])
  }

  @Test func `the size and what waits are known without asking`() async throws {
    try await store.say(String(repeating: "tulip ", count: 9000), "re")
    while store.gauge.databaseBytes + store.gauge.logBytes < 50_000 { await Task.yield() }
    _ = try await store.search(SearchRequest(query: "tulip"), as: .user(1000))
    while store.gauge.unindexedTurns > 0 { await Task.yield() }
  }

  @Test func `looking at a database stops no writes and no erasing`() async throws {
    for number in 0..<50 { try await store.say("tulip \(number)", "re") }
    let beside = try Store.openBeside(configuration)
    _ = try await beside.check()
    let id = try await store.say("marigold", "re")
    try await store.deleteResponse(id, as: .user(1000))
    #expect(try await beside.contents().statistics.responses == 50)
    try await beside.close()
  }

  @Test func `a check of a sound database finds nothing`() async throws {
    for number in 0..<300 { try await store.say("tulip \(number)", "re") }
    _ = try await store.search(SearchRequest(query: "tulip"), as: .user(1000))
    let check = try await beside { try await $0.check() }
    #expect(check.isSound && check.rows >= 1200, "\(check.findings)")
  }

  @Test(arguments: ["turns", "items", "responses", "events"])
  func `a check names each row that is damaged`(table: String) async throws {
    for number in 0..<3 {
      let handle = try await store.start(NewResponse(as: .user(1000), input: [message("tulip")]))
      try await store.appendEvents([Array("{\(number)}".utf8)[...]], from: 0, to: handle)
      _ = try await store.finishResponse(handle, .completed)
    }
    try SQLiteFile(temporary.databasePath).run(
      "UPDATE \(table) SET checksum = checksum + 1 WHERE id = 2")
    let findings = try await beside { try await $0.check() }.findings
    #expect(findings.map(\.table) == [table] && findings.map(\.row) == [2])
  }

  @Test func `a check finds an index that lacks a row, and rows of nothing`() async throws {
    try await store.say("tulip", "re")
    let file = try SQLiteFile(temporary.databasePath)
    try file.run("DELETE FROM responses; PRAGMA foreign_keys = OFF; UPDATE items SET turn = 99")
    let check = try await beside { try await $0.check() }
    #expect(!check.isSound)
    #expect(check.findings.contains { $0.table == "items" && $0.problem.contains("turns") })
  }

  @Test func `a user with nothing beside others is told of them`() async throws {
    #expect(try await store.others(than: 1000).isEmpty)
    try await store.say("tulip", "re", as: .user(1001))
    _ = try await store.createConversation(as: .user(1002))
    #expect(try await store.others(than: 1000) == [.user(1001), .user(1002)])
    try await store.say("tulip", "re", as: .user(1000))
    #expect(try await store.others(than: 1000).isEmpty)
  }

  // MARK: Names

  @Test func `conversations are listed by how their names or ids begin`() async throws {
    for name in ["tulip", "tulip-two", "TULIP", "rose", "tul", "тюльпан", "тюк"] {
      _ = try await store.createConversation(as: .user(1000), name: name)
    }
    let unnamed = try await store.createConversation(as: .user(1000))
    _ = try await store.createConversation(as: .user(1001), name: "tulip-other")
    func names(_ prefix: String, limit: Int = 100) async throws -> [String?] {
      var page = PageRequest(limit: limit)
      page.prefix = prefix
      return try await store.conversations(as: .user(1000), page).elements.map(\.name)
    }
    #expect(try await names("tuli") == ["tulip-two", "tulip"])
    #expect(try await names("tul", limit: 1) == ["tul"])
    #expect(try await names("тю") == ["тюк", "тюльпан"])
    #expect(try await names("x").isEmpty)
    var page = PageRequest()
    page.prefix = String(unnamed.id.dropLast(2))
    let found = try await store.conversations(as: .user(1000), page)
    #expect(found.elements.map(\.id).contains(unnamed.id))
  }

  // MARK: Copies that a crash left

  @Test func `a copy that a crash cut off is removed at the next start, and nothing else`()
    async throws
  {
    let state = "\(temporary.directory)/state"
    let digits = String(repeating: "0", count: 32)
    let partial = "\(temporary.directory)/copy.db.partial-\(digits)"
    let precious = "\(temporary.directory)/precious"
    for path in [partial, precious] { try overwrite(path, with: Array("half".utf8)) }
    unsafe symlink(partial, "\(state)/copy-\(digits)")
    unsafe symlink(precious, "\(state)/copy-1")
    unsafe symlink("\(temporary.directory)/gone.partial-2", "\(state)/copy-2")
    let again = try await temporary.reopened()
    #expect(unsafe access(partial, F_OK) != 0)
    #expect(unsafe access(precious, F_OK) == 0)
    #expect(fileNames(in: state).filter { $0.hasPrefix("copy-") }.isEmpty)
    try await again.close()
  }

  @Test func `a copy is noted while it is made`() throws {
    let path = "\(temporary.directory)/copy.db"
    let notes = { fileNames(in: "\(temporary.directory)/state").filter { $0.hasPrefix("copy-") } }
    let file = try BackupFile(path, of: configuration)
    #expect(notes().count == 1)
    try file.publish()
    withExtendedLifetime(file) {}
    _ = consume file
    #expect(notes().isEmpty)
    #expect(unsafe access(path, F_OK) == 0)
  }
}
