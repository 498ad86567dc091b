import Glibc
import JSON
import Store
import Synchronization
import Testing

@Suite struct ReadingTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
  }

  @Test func `what is read does not wait for a commit that is held up`() async throws {
    let clock = HeldClock()
    let directory = try TemporaryDirectory()
    let store = try Store.open(StoreConfiguration(directory: directory.path, clock: clock.read))
    let conversation = try await store.createConversation(as: .user(1000), name: "read")
    let id = try await store.say("asked", "answered", after: .conversation(conversation.id))
    clock.holdNext()
    let write = Task { try await store.createConversation(as: .user(1000), name: "written") }
    while !clock.isHeld { try await Task.sleep(for: .milliseconds(1)) }
    // The writer's thread stands in the middle of a transaction from here on.
    #expect(try await store.texts(ofConversation: conversation.id) == ["asked", "answered"])
    #expect(try await store.texts(ofResponse: id) == ["asked", "answered"])
    let names = try await store.conversations(as: .user(1000), PageRequest()).elements.map(\.name)
    #expect(names == ["read"])
    #expect(try await store.events(of: store.response(id, as: .user(1000)).handle, after: -1) == [])
    #expect(clock.isHeld)
    clock.release()
    #expect(try await write.value.name == "written")
    try await store.close()
  }

  @Test func `reading leaves the locks that keep others from ending the log`() async throws {
    try await store.say("1", "one")
    let before = try locks()
    #expect(before > 0)
    _ = try await store.conversations(as: .user(1000), PageRequest())
    #expect(try locks() >= before)
  }

  /// The locks that this process has on the database's file (proc_locks(5)).
  private func locks() throws -> Int {
    var status = stat()
    guard unsafe stat(temporary.databasePath, &status) == 0 else { throw TestFailure("stat") }
    let lines = String(decoding: try contents(of: "/proc/locks"), as: UTF8.self)
      .split(separator: "\n")
    return lines.count { line in
      line.contains("POSIX") && line.contains(":\(status.st_ino) ")
        && line.split(separator: " ").contains("\(getpid())")
    }
  }

  @Test func `a write that has returned is seen by every read`() async throws {
    for number in 0..<200 {
      let made = try await store.createConversation(as: .user(1000), name: "\(number)")
      #expect(try await store.conversation(made.id, as: .user(1000)).name == "\(number)")
      let id = try await store.say("q\(number)", "a", after: .conversation(made.id))
      #expect(try await store.texts(ofConversation: made.id) == ["q\(number)", "a"])
      let handle = try await store.start(NewResponse(as: .user(1000), input: []))
      let adopted = try await store.adoptID("given_\(number)", for: handle)
      #expect(try await store.response(adopted, as: .user(1000)).status == .inProgress)
      #expect(try await store.response(id, as: .user(1000)).status == .completed)
    }
  }

  @Test func `usage that was answered before its commit is summed up`() async throws {
    let usage = NewUsage(
      of: .user(1000), client: "a", upstream: "b", model: "c", day: 20_260_131)
    for number in 1...100 {
      try await store.recordUsage(usage, UsageEnding(status: "completed", origin: .joined))
      #expect(try await store.usageSummary(UsageQuery()).first?.requests == number)
    }
  }

  @Test func `a store that is being closed ends what is read`() async throws {
    try await store.say("1", "one")
    let store = store
    let reads = (0..<8).map { _ in
      Task {
        while true { _ = try await store.conversations(as: .user(1000), PageRequest()) }
      }
    }
    try await store.close()
    for read in reads { #expect(try await code { try await read.value } == .closed) }
  }
}

/// A clock at which one who looks at it can be held.
private final class HeldClock: Sendable {
  private let holdsNext = Atomic<Bool>(false)
  private let held = Atomic<Bool>(false)

  var isHeld: Bool { held.load(ordering: .acquiring) }

  var read: @Sendable () -> Int64 {
    {
      if self.holdsNext.exchange(false, ordering: .acquiringAndReleasing) {
        self.held.store(true, ordering: .releasing)
        while self.isHeld { usleep(1000) }
      }
      return 1_700_000_000_000
    }
  }

  func holdNext() { holdsNext.store(true, ordering: .releasing) }
  func release() { held.store(false, ordering: .releasing) }
}
