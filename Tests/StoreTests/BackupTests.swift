import Glibc
import JSON
import Store
import Synchronization
import Testing

/// Copies that are made while others read and write.
@Suite struct BackupTests {
  private let temporary: TemporaryStore
  private var store: Store { temporary.store }
  private var path: String { "\(temporary.directory)/copy.db" }

  init() throws {
    temporary = try TemporaryStore()
  }

  private func fill(_ mebibytes: Int) async throws {
    let text = String(repeating: "ballast ", count: 1 << 17)
    for _ in 0..<mebibytes {
      _ = try await store.createConversation(as: .user(1), items: [message(text)])
    }
  }

  private func backUp() async throws -> BackupFile {
    let file = try BackupFile(path)
    try await store.copy(to: file) {}
    try file.publish()
    return file
  }

  /// Opens the copy as the state of another store.
  private func restored() throws -> Store {
    let state = "\(temporary.directory)/restored"
    unsafe mkdir(state, 0o700)
    unsafe rename(path, "\(state)/halley.db")
    return try Store.open(StoreConfiguration(directory: state, clock: temporary.clock.read))
  }

  @Test func `a copy is a whole database`() async throws {
    let conversation = try await store.createConversation(as: .user(1000), name: "garden")
    try await store.say("tulip", "re", after: .conversation(conversation.id))
    #expect(try await backUp().size > 0)
    #expect(try mode(of: path) == 0o600)
    let (ours, theirs) = (try SQLiteFile(temporary.databasePath), try SQLiteFile(path))
    #expect(try theirs.column("PRAGMA integrity_check") == ["ok"])
    #expect(try theirs.rowCounts() == ours.rowCounts())
    let copy = try restored()
    #expect(copy.opening.damage == nil && copy.opening.migration == nil)
    #expect(try await copy.texts(ofConversation: conversation.id) == ["tulip", "re"])
    #expect(try await copy.search(SearchRequest(query: "tulip"), as: .user(1000)).count == 1)
    try await copy.say("more", "re", after: .conversation(conversation.id))
    try await copy.close()
  }

  @Test func `what is written while it is made is in it, and waits for no end of it`() async throws
  {
    try await fill(12)
    let file = try BackupFile(path)
    let (store, done) = (store, Counter())
    let writer = Task {
      while !done.isSet {
        try await store.say("meanwhile", "re", scope: "tty")
        done.add()
      }
    }
    // Syncs come every so many steps; the writer gets its turns between them.
    let during = Counter()
    try await store.copy(to: file) {
      let seen = done.count
      while done.count == seen { await Task.yield() }
      during.add()
    }
    done.set()
    try await writer.value
    try file.publish()
    #expect(during.count > 0)
    let copy = try restored()
    let found = try await copy.search(
      SearchRequest(query: "meanwhile", limit: 100), as: .user(1000))
    #expect(found.count >= min(during.count, 100))
    try await copy.close()
  }

  @Test func `a large write that is undone leaves no trace in a copy`() async throws {
    try await fill(10)
    let store = store
    let handle = try await store.start(NewResponse(as: .user(1), id: "resp_a", input: []))
    let file = try BackupFile(path)
    let refused = Counter()
    try await store.copy(to: file) {
      // More than the page cache holds, so that it is in the log and the copy when it is undone.
      var update = ResponseUpdate()
      update.object = .string(String(repeating: "undone ", count: 2 << 20))
      let ending = ResponseEnding(
        status: .completed, object: nil, output: [], continuesConversation: false)
      do throws(StoreError) {
        _ = try await store.finishResponse(handle, ending, after: update, events: [[0]], from: 7)
      } catch {
        refused.add()
      }
    }
    try file.publish()
    #expect(refused.count > 0)
    #expect(try SQLiteFile(path).column("PRAGMA integrity_check") == ["ok"])
    let copy = try restored()
    let response = try await copy.response("resp_a", as: .user(1))
    #expect(response.object == nil && response.status == .inProgress)
    try await copy.close()
  }

  @Test func `what is there is not replaced`() async throws {
    unsafe symlink("nowhere", path)
    #expect(try await code { _ = try await backUp() } == .conflict)
    unsafe unlink(path)
    _ = try await backUp()
    let before = try contents(of: path)
    #expect(try await code { _ = try await backUp() } == .conflict)
    #expect(try contents(of: path) == before)
    unsafe unlink(path)
    // Somebody else was faster.
    let file = try BackupFile(path)
    try await store.copy(to: file) {}
    try overwrite(path, with: Array("other".utf8))
    #expect(try await code { try file.publish() } != nil)
    #expect(try contents(of: path) == Array("other".utf8))
  }

  @Test func `a copy that is given up leaves nothing`() async throws {
    try await fill(10)
    let (store, path) = (store, path)
    let task = Task {
      try await store.copy(to: BackupFile(path)) {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      }
    }
    #expect(try await code { try await task.value } == .cancelled)
    #expect(!fileNames(in: temporary.directory).contains { $0.hasPrefix("copy.db") })
    #expect(try await store.say("after", "re").isEmpty == false)
  }

  @Test func `an error of the file's disk ends it and nothing else`() async throws {
    try await fill(10)
    let limit = Counter()
    let (store, path) = (store, path)
    #expect(
      try await code {
        try await store.copy(to: BackupFile(path)) { () throws(StoreError) in
          limit.add()
          throw StoreError.noConversation("x")
        }
      } == .notFound)
    #expect(limit.count == 1)
    #expect(!fileNames(in: temporary.directory).contains { $0.hasPrefix("copy.db") })
    _ = try await backUp()
  }

  @Test func `a store that is closed ends it`() async throws {
    try await fill(10)
    let (store, path) = (store, path)
    #expect(
      try await code {
        try await store.copy(to: BackupFile(path)) { () throws(StoreError) in
          try await store.close()
        }
      } == .closed)
    #expect(!fileNames(in: temporary.directory).contains { $0.hasPrefix("copy.db") })
  }
}

private final class Counter: Sendable {
  private let value = Atomic(0)
  private let flag = Atomic(false)

  var count: Int { value.load(ordering: .relaxed) }
  var isSet: Bool { flag.load(ordering: .relaxed) }
  func add() { value.add(1, ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}
