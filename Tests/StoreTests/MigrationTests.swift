import Glibc
import JSON
import Store
import Testing

/// Databases that an older program made.
@Suite struct MigrationTests {
  private let directory: TemporaryDirectory
  private var state: String { "\(directory.path)/state" }
  private var database: String { "\(state)/halley.db" }
  private var backup: String { "\(database).schema-3.backup" }

  /// The version of a database that this program makes.
  private let current: Int64

  init() throws {
    directory = try TemporaryDirectory()
    let fresh = try TemporaryStore()
    let version = try withExtendedLifetime(fresh) {
      try SQLiteFile(fresh.databasePath).column("PRAGMA user_version")
    }
    current = try #require(version.first.flatMap { Int64($0) })
    try writeOldDatabase()
  }

  private func writeOldDatabase() throws {
    let fixture = #filePath.replacing("MigrationTests.swift", with: "Released/schema-3.sql")
    let script = String(decoding: try contents(of: fixture), as: UTF8.self)
    unsafe mkdir(state, 0o700)
    let file = try SQLiteFile(database)
    try file.run(script)
    // As the store leaves it.
    try file.run("PRAGMA journal_mode = WAL")
    unsafe chmod(database, 0o600)
  }

  private func open() throws -> Store {
    let clock = ManualClock()
    clock.advance(by: 86_400_000)
    return try Store.open(StoreConfiguration(directory: state, clock: clock.read))
  }

  /// What the database holds, and that it's sound.
  private func counts(_ path: String) throws -> [String: String] {
    let file = try SQLiteFile(path)
    #expect(try file.column("PRAGMA integrity_check") == ["ok"])
    #expect(try file.column("PRAGMA foreign_key_check").isEmpty)
    return try file.rowCounts()
  }

  // MARK: What becomes of an older database

  @Test func `what an older program stored is read by its users as before`() async throws {
    let store = try open()
    #expect(store.opening.damage == nil)
    let migration = try #require(store.opening.migration)
    #expect(migration.from == 3 && migration.to == current && migration.backup == backup)
    let anna = Principal.user(1000)
    let garden = try #require(try await store.conversation(named: "garden", as: anna))
    #expect(garden.metadata["k"]?.string == "v")
    let said = ["tulip question", "tulip answer", "a rose was added"]
    #expect(try await store.texts(ofConversation: garden.id) == said)
    let fork = try #require(try await store.conversation(named: "greenhouse", as: anna))
    #expect(try await store.texts(ofConversation: fork.id) == Array(said.prefix(2)))
    let tulip = try await store.response("resp_tulip", as: anna)
    #expect(tulip.instructions == .string("Be brief.") && tulip.upstreamID == "up_resp_tulip")
    #expect(try await store.events(of: tulip.handle, after: -1).count == 2)
    #expect(try await store.item("msg_rose", as: anna).id == "msg_rose")
    #expect(try await store.texts(ofResponse: "resp_other", as: .user(1001)).count == 2)
    #expect(
      try await code { _ = try await store.response("resp_other", as: anna) } == .notFound)
    try await checkTheRest(store)
    try await store.close()
    #expect(try open().opening.migration == nil)
  }

  /// Scopes, search, cache, usage, tools, prices, running responses.
  private func checkTheRest(_ store: Store) async throws {
    let anna = Principal.user(1000)
    #expect(try await store.lastResponse(ofScope: "tty", as: anna) == "resp_tulip")
    #expect(try await store.lastResponse(ofScope: "tty", as: .user(1001)) == "resp_other")
    for (query, found) in [("tulip", "resp_tulip"), ("waiting", "resp_waiting")] {
      let hits = try await store.search(SearchRequest(query: query), as: anna)
      #expect(Set(hits.map(\.responseID)) == [found])
    }
    #expect(try await store.search(SearchRequest(query: "another's"), as: anna).isEmpty)
    let key = [UInt8](repeating: 7, count: 32)
    #expect(try await store.cachedResponse(key, of: .user(1000), since: 0)?.id == "resp_cached")
    #expect(try await store.cachedResponse(key, of: .user(1001), since: 0) == nil)
    let spending = try await store.spending(sinceDay: 20_231_114)
    #expect(Set(spending.map(\.subject)) == [.user(1000), .user(1001)])
    var query = UsageQuery()
    query.grouping = .uid
    #expect(try await store.usageSummary(query).map(\.group) == ["1000", "1001"])
    let definition = ToolDefinitionRow(plugin: "git", tool: "push", digest: [9, 9])
    #expect(try await store.toolDefinitions(of: .user(1000)) == [definition])
    #expect(try await store.priceLists().map(\.upstream) == ["openai"])
    let running = try await store.interruptedResponses().map { try $0.get() }
    #expect(running.map(\.id) == ["resp_running"])
    #expect(try await store.principal(of: running[0]) == anna)
    var again = NewResponse(as: anna, input: [])
    again.idempotency = .init(key: "key-resp_tulip", bodyHash: [1, 2, 3])
    again.idempotencyLifetime = .max
    guard case .existing(let existing) = try await store.beginResponse(again) else {
      throw TestFailure("it was begun again")
    }
    #expect(existing.id == "resp_tulip")
  }

  @Test func `what is written after is beside what was there`() async throws {
    let store = try open()
    let editor = Principal(.user(1000), token: "editor")
    try await store.say("tulip again", "re", as: editor, scope: "tty")
    let garden = try #require(try await store.conversation(named: "garden", as: .user(1000)))
    try await store.say("more", "re", after: .conversation(garden.id))
    #expect(try await store.texts(ofConversation: garden.id).suffix(2) == ["more", "re"])
    #expect(
      try await store.search(SearchRequest(query: "tulip"), as: .user(1000)).count == 3)
    #expect(try await store.search(SearchRequest(query: "tulip"), as: editor).count == 1)
    #expect(try await store.lastResponse(ofScope: "tty", as: .user(1000)) == "resp_tulip")
    try await store.close()
    _ = try counts(database)
  }

  // MARK: The copy

  @Test func `a copy of the older database is there, whole and private`() async throws {
    let before = try counts(database)
    #expect(before.count > 12 && before.values.allSatisfy { $0 != "0" })
    let store = try open()
    #expect(try mode(of: backup) == 0o600)
    #expect(fileNames(in: state).filter { $0.contains("partial") }.isEmpty)
    #expect(try counts(backup) == before)
    #expect(try SQLiteFile(backup).column("PRAGMA user_version") == ["3"])
    let after = try counts(database)
    // What was to be erased is, as soon as a program runs.
    #expect(before.allSatisfy { after[$0.key] == $0.value || $0.key == "erasures" })
    try await store.close()
    // It's brought to the new version too, should somebody go back to it.
    unsafe rename(backup, database)
    let again = try open()
    #expect(again.opening.migration?.from == 3)
    try await again.close()
  }

  @Test func `a new database and one of this version are not copied`() async throws {
    unsafe unlink(database)
    for _ in 0..<2 {
      let store = try open()
      #expect(store.opening.migration == nil)
      try await store.close()
    }
    #expect(!fileNames(in: state).contains { $0.contains("backup") })
  }

  @Test func `the copy goes with what is deleted, and keeps nothing`() async throws {
    let store = try open()
    let events = RetentionPolicy(eventAge: .zero)
    #expect(try await store.expire(events).eventLogs > 0)
    #expect(unsafe access(backup, F_OK) == 0)
    #expect(
      try await code { try await store.deleteResponse("resp_none", as: .user(1000)) } == .notFound)
    #expect(unsafe access(backup, F_OK) == 0)
    try await store.deleteResponse("resp_cached", as: .user(1000))
    #expect(unsafe access(backup, F_OK) != 0)
    try await store.close()
    for name in fileNames(in: state) {
      #expect(try contents(of: "\(state)/\(name)").offset(of: "cached answer") == nil)
    }
  }

  @Test func `a copy is kept for a month`() async throws {
    let store = try open()
    for (days, isKept) in [(29, true), (31, false)] {
      let then = timespec(tv_sec: time(nil) - days * 86_400, tv_nsec: 0)
      unsafe utimensat(AT_FDCWD, backup, [then, then], 0)
      _ = try await store.expire(RetentionPolicy())
      #expect(unsafe access(backup, F_OK) == (isKept ? 0 : -1))
    }
    try await store.close()
  }

  @Test func `a newer database is refused with where an older one is`() async throws {
    try await open().close()
    let file = try SQLiteFile(database)
    try file.run("PRAGMA user_version = 999")
    unsafe rename(backup, "\(database).schema-\(current).backup")
    let said = try await refusal { _ = try open() }
    #expect(said?.contains("version 999") == true && said?.contains("up to \(current):") == true)
    #expect(said?.contains("\(database).schema-\(current).backup") == true)
  }

  // MARK: Failures

  /// Expects a start that fails, says why, and leaves everything as it was.
  private func expectLeftAlone(
    _ code: StoreError.Code, _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let before = try contents(of: database)
    do {
      try await open().close()
      Issue.record("it was opened", sourceLocation: sourceLocation)
    } catch let error as StoreError {
      #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
      let text = error.description
      #expect(
        text.contains("from version 3 to \(current)"), "\(error)", sourceLocation: sourceLocation)
      #expect(text.contains(reason), "\(error)", sourceLocation: sourceLocation)
      #expect(text.contains("as it was"), "\(error)", sourceLocation: sourceLocation)
    }
    #expect(try contents(of: database) == before, sourceLocation: sourceLocation)
    let names = fileNames(in: state)
    #expect(!names.contains { $0.contains("damaged") || $0.contains("partial") })
  }

  @Test func `a step that fails changes nothing`() async throws {
    // Renames are done by then.
    try SQLiteFile(database).run("CREATE TABLE scopes_by_token (x)")
    try await expectLeftAlone(.failed, "step 4 failed")
    #expect(unsafe access(backup, F_OK) == 0)
    try SQLiteFile(database).run("DROP TABLE scopes_by_token")
    let store = try open()
    #expect(store.opening.migration?.from == 3)
    try await store.close()
  }

  @Test func `what a crash left of a copy is no obstacle`() async throws {
    try overwrite("\(database).schema.backup.partial", with: Array("half".utf8))
    try overwrite(backup, with: Array("of an earlier try".utf8))
    let store = try open()
    #expect(store.opening.migration != nil)
    try await store.close()
    #expect(try SQLiteFile(backup).column("PRAGMA user_version") == ["3"])
    #expect(!fileNames(in: state).contains { $0.contains("partial") })
  }

  @Test func `without room for a copy nothing changes`() async throws {
    guard geteuid() == 0, unsafe mount("tmpfs", state, "tmpfs", 0, "size=300k,mode=700") == 0 else {
      withKnownIssue("only root may mount the small file system") {
        Issue.record("not run: errno \(errno)")
      }
      return
    }
    defer { unsafe umount2(state, CInt(MNT_DETACH)) }
    try writeOldDatabase()
    try await expectLeftAlone(.full, "no room for")
    #expect(unsafe access(backup, F_OK) != 0)
    unsafe mount("tmpfs", state, "tmpfs", UInt(MS_REMOUNT), "size=2m,mode=700")
    let store = try open()
    #expect(store.opening.migration?.from == 3)
    try await store.close()
  }

  @Test func `where no file can be made nothing changes`() async throws {
    // A directory has the name that the copy needs.
    unsafe mkdir(backup, 0o700)
    try await expectLeftAlone(.io, "the copy that has to be made before failed")
    unsafe rmdir(backup)
    try await open().close()
  }
}
