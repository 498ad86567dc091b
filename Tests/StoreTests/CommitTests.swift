internal import Glibc
import JSON
import Store
import Testing

@Suite struct CommitTests {
  @Test func `writes that wait together share a commit`() async throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    try await withThrowingTaskGroup { group in
      for number in 0..<500 {
        group.addTask { try await store.say("\(number)", "re \(number)") }
      }
      try await group.waitForAll()
    }
    let counters = try await store.statistics().counters
    #expect(counters.writes == 1000)
    #expect(counters.commits < 500)
    #expect(try await store.statistics().responses == 500)
  }

  @Test func `a write that fails takes no other with it`() async throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    _ = try await store.start(NewResponse(as: .user(1), id: "resp_taken", input: []))
    let results = await withTaskGroup { group in
      for number in 0..<100 {
        let id = number.isMultiple(of: 2) ? "resp_taken" : "resp_\(number)"
        group.addTask {
          do {
            _ = try await store.beginResponse(
              NewResponse(as: .user(1), id: id, input: [message("half")]))
            return true
          } catch {
            return false
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.count { $0 } == 50)
    let statistics = try await store.statistics()
    #expect(statistics.responses == 51)
    #expect(statistics.items == 50)
  }

  @Test func `what was acknowledged is in the files before anything is closed`() async throws {
    let temporary = try TemporaryStore()
    let id = try await temporary.store.say("asked", "answered")
    // A copy of the files is what a crash at this moment leaves.
    let copy = try makeTemporaryDirectory()
    defer { removeDirectory(copy) }
    for suffix in ["", "-wal"] {
      let bytes = try contents(of: temporary.databasePath + suffix)
      try overwrite("\(copy)/halley.db\(suffix)", with: bytes)
      unsafe chmod("\(copy)/halley.db\(suffix)", 0o600)
    }
    let store = try Store.open(StoreConfiguration(directory: copy))
    #expect(try await store.texts(ofResponse: id) == ["asked", "answered"])
    try await store.close()
  }

  @Test func `a full database says so and goes on when there is room`() async throws {
    let temporary = try TemporaryStore(maximumPages: 230)
    let store = temporary.store
    let large = String(repeating: "x", count: 300_000)
    let first = try await store.say(large, "kept")
    var refused: StoreError?
    for number in 0..<5 {
      do {
        _ = try await store.beginResponse(
          NewResponse(as: .user(1000), id: "resp_\(number)", input: [message(large)]))
      } catch {
        refused = error
        #expect(
          try await code { _ = try await store.response("resp_\(number)", as: .user(1000)) }
            == .notFound)
        break
      }
    }
    #expect(refused?.code == .full)
    #expect(refused?.sqliteCode == 13)
    let small = try await store.say("small", "still fits")
    try await store.deleteResponse(first, as: .user(1000))
    let second = try await store.say(large, "fits again")
    #expect(try await store.texts(ofResponse: small) == ["small", "still fits"])
    #expect(try await store.texts(ofResponse: second).last == "fits again")
  }

  @Test func `a large write that does not fit takes no small one with it`() async throws {
    let temporary = try TemporaryStore(maximumPages: 150)
    let store = temporary.store
    let large = message(String(repeating: "x", count: 2_000_000))
    let codes = await withTaskGroup { group in
      for number in 0..<40 {
        let item = number.isMultiple(of: 10) ? large : message("small")
        group.addTask { () -> StoreError.Code? in
          do throws(StoreError) {
            _ = try await store.beginResponse(NewResponse(as: .user(1), input: [item]))
            return nil
          } catch {
            return error.code
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(codes.count { $0 == .full } == 4)
    #expect(codes.count { $0 == nil } == 36)
    #expect(try await store.statistics().responses == 36)
  }

  @Test func `a full file system says so and goes on when there is room`() async throws {
    let mount = try makeTemporaryDirectory()
    defer { removeDirectory(mount) }
    guard geteuid() == 0, unsafe Glibc.mount("tmpfs", mount, "tmpfs", 0, "size=4m") == 0 else {
      withKnownIssue("only root may mount the small file system") {
        Issue.record("not run: errno \(errno)")
      }
      return
    }
    defer { unsafe umount2(mount, CInt(MNT_DETACH)) }
    let store = try Store.open(StoreConfiguration(directory: "\(mount)/state"))
    var acknowledged: [String] = []
    var refused: StoreError.Code?
    while refused == nil {
      do {
        acknowledged.append(try await store.say(String(repeating: "x", count: 100_000), "re"))
      } catch let error as StoreError {
        refused = error.code
      }
      try #require(acknowledged.count < 100)
    }
    #expect(refused == .full)
    #expect(acknowledged.count > 5)
    for id in acknowledged { #expect(try await store.texts(ofResponse: id).last == "re") }
    unsafe Glibc.mount("tmpfs", mount, "tmpfs", UInt(MS_REMOUNT), "size=16m")
    let id = try await store.say("there is room", "again")
    #expect(try await store.texts(ofResponse: id) == ["there is room", "again"])
    try await store.close()
  }

  @Test func `a directory is one store's at a time`() async throws {
    let temporary = try TemporaryStore()
    let id = try await temporary.store.say("asked", "answered")
    let configuration = StoreConfiguration(directory: "\(temporary.directory)/state")
    let words = try #require(try await refusal { _ = try Store.open(configuration) })
    #expect(words.contains("in use by process \(getpid())"), "\(words)")
    #expect(try await temporary.store.say("and", "on").isEmpty == false)
    try await temporary.store.close()
    let second = try Store.open(configuration)
    #expect(try await second.texts(ofResponse: id) == ["asked", "answered"])
    try await second.close()
  }

  @Test func `a closed store refuses everything`() async throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    let id = try await store.say("1", "one")
    try await store.close()
    try await store.close()
    let codes = [
      try await code { _ = try await store.response(id, as: .user(1000)) },
      try await code { _ = try await store.say("2", "two") },
      try await code { try await store.deleteResponse(id, as: .user(1000)) },
      try await code { _ = try await store.search(SearchRequest(query: "1"), as: .user(1000)) },
      try await code { _ = try await store.expire(RetentionPolicy()) },
    ]
    #expect(codes.allSatisfy { $0 == .closed })
  }

  @Test func `closing commits what waits`() async throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    async let write = store.beginResponse(NewResponse(as: .user(1), id: "resp_a", input: []))
    _ = try await write
    try await store.close()
    let reopened = try await temporary.reopened()
    #expect(try await reopened.response("resp_a", as: .user(1)).status == .inProgress)
    #expect(fileNames(in: "\(temporary.directory)/state").contains("halley.db"))
  }
}
