internal import Glibc
import Store
import Testing

@Suite struct DamageTests {
  let temporary: TemporaryStore

  init() throws {
    temporary = try TemporaryStore()
  }

  private var state: String { "\(temporary.directory)/state" }

  private func open() throws -> Store {
    try Store.open(StoreConfiguration(directory: state, clock: temporary.clock.read))
  }

  private func change(_ body: (inout [UInt8]) throws -> Void) throws {
    var bytes = try contents(of: temporary.databasePath)
    try body(&bytes)
    try overwrite(temporary.databasePath, with: bytes)
  }

  @Test func `the files are for their owner only`() async throws {
    try await temporary.store.say("1", "one")
    #expect(try mode(of: state) == 0o700)
    #expect(fileNames(in: state) == ["halley.db", "halley.db-shm", "halley.db-wal", "halley.lock"])
    for name in fileNames(in: state) { #expect(try mode(of: "\(state)/\(name)") == 0o600) }
  }

  @Test(arguments: [0o640, 0o604] as [mode_t])
  func `a database that others may read is refused`(mode: mode_t) async throws {
    try await temporary.store.close()
    unsafe chmod(temporary.databasePath, mode)
    #expect(try await code { _ = try open() } == .permission)
  }

  @Test func `a directory that others may enter is refused`() async throws {
    try await temporary.store.close()
    unsafe chmod(state, 0o755)
    #expect(try await code { _ = try open() } == .permission)
  }

  @Test func `a link in place of the database is refused`() async throws {
    try await temporary.store.close()
    unsafe rename(temporary.databasePath, "\(state)/elsewhere.db")
    unsafe symlink("elsewhere.db", temporary.databasePath)
    #expect(try await code { _ = try open() } == .permission)
  }

  @Test func `what is no database is set aside under a name that tells when`() async throws {
    try await temporary.store.close()
    try change { $0.replaceSubrange(0..<16, with: Array("not a database!!".utf8)) }
    let store = try open()
    let damage = try #require(store.opening.damage)
    #expect(damage.finding.code == .corrupt)
    #expect(damage.path == "\(temporary.databasePath).damaged-20231114T221320Z")
    #expect(fileNames(in: state).contains("halley.db.damaged-20231114T221320Z"))
    let id = try await store.say("1", "one")
    #expect(try await store.texts(ofResponse: id) == ["1", "one"])
    try await store.close()
  }

  @Test func `a second damage in one second overwrites nothing`() async throws {
    try await temporary.store.close()
    for _ in 0..<2 {
      try change { $0 = Array(repeating: 0x41, count: 8192) }
      let store = try open()
      #expect(store.opening.damage != nil)
      try await store.close()
    }
    #expect(fileNames(in: state).count { $0.contains("damaged") } == 2)
  }

  @Test func `a torn page is found at the start`() async throws {
    for number in 0..<50 {
      try await temporary.store.say("\(number) \(String(repeating: "x", count: 2000))", "re")
    }
    try await temporary.store.close()
    try change { bytes in
      for offset in 4096..<bytes.count { bytes[offset] = UInt8(truncatingIfNeeded: offset &* 31) }
    }
    let store = try open()
    #expect(store.opening.damage?.finding.code == .corrupt)
    try await store.close()
  }

  @Test(arguments: ["flipped question", "flipped answer", "resp_flipped", "conv_"])
  func `a flipped bit is never read as other text`(place: String) async throws {
    let store = temporary.store
    let conversation = try await store.createConversation(as: .user(1000))
    let handle = try await store.start(
      NewResponse(
        as: .user(1000), id: "resp_flipped", parent: .conversation(conversation.id),
        input: [message("flipped question")]))
    let output = [answer("flipped answer")]
    _ = try await store.finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: object("resp_flipped", output), output: output,
        continuesConversation: true))
    try await store.close()
    let places = try allOffsets(of: place)
    try #require(!places.isEmpty)
    let intact = try contents(of: temporary.databasePath)
    for offset in places {
      var bytes = intact
      bytes[offset + place.utf8.count - 1] ^= 1
      try overwrite(temporary.databasePath, with: bytes)
      try await check(conversation.id)
    }
  }

  @Test func `a damaged row of a running response does not hide the others`() async throws {
    for (id, model) in [("resp_a", "one"), ("resp_b", "flipped model"), ("resp_c", "three")] {
      var response = NewResponse(as: .user(1000), id: id, input: [])
      response.model = model
      _ = try await temporary.store.start(response)
    }
    try await temporary.store.close()
    let places = try allOffsets(of: "flipped model")
    try #require(!places.isEmpty)
    try change { bytes in for place in places { bytes[place] ^= 1 } }
    let store = try open()
    let found = try await store.interruptedResponses()
    var codes: [StoreError.Code] = []
    var ids: [String] = []
    for result in found {
      switch result {
      case .success(let response): ids.append(response.id)
      case .failure(let error): codes.append(error.code)
      }
    }
    #expect(ids == ["resp_a", "resp_c"] && codes == [.corrupt])
    try await store.close()
  }

  /// Reads everything; each answer is the right one or an error.
  private func check(_ conversation: String) async throws {
    let store = try open()
    if let items = try await readable({ try await store.texts(ofConversation: conversation) }) {
      #expect(items == ["flipped question", "flipped answer"])
    }
    if let items = try await readable({ try await store.texts(ofResponse: "resp_flipped") }) {
      #expect(items == ["flipped question", "flipped answer"])
    }
    if let response = try await readable({
      try await store.response("resp_flipped", as: .user(1000))
    }) {
      #expect(response.object == object("resp_flipped", [answer("flipped answer")]))
    }
    let hits = try await readable {
      try await store.search(SearchRequest(query: "flipped"), as: .user(1000))
    }
    for hit in hits ?? [] {
      #expect(["flipped question", "flipped answer"].contains(hit.snippet))
    }
    try await store.close()
  }

  private func readable<Value>(_ body: () async throws -> Value) async throws -> Value? {
    do {
      return try await body()
    } catch let error as StoreError {
      #expect(error.code == .corrupt || error.code == .notFound)
      return nil
    }
  }

  private func allOffsets(of text: String) throws -> [Int] {
    let bytes = try contents(of: temporary.databasePath)
    let wanted = Array(text.utf8)
    return (0..<bytes.count - wanted.count).filter { start in
      bytes[start] == wanted[0] && Array(bytes[start..<start + wanted.count]) == wanted
    }
  }

  @Test(arguments: [true, false])
  func `a damaged turn or item costs a search itself alone`(isIndexed: Bool) async throws {
    let store = temporary.store
    let conversation = try await store.createConversation(as: .user(1000))
    for number in 0..<5 {
      try await store.say("tulip \(number)", "re", after: .conversation(conversation.id))
    }
    let request = SearchRequest(query: "tulip")
    if isIndexed { #expect(try await store.search(request, as: .user(1000)).count == 5) }
    try await store.close()
    let file = try SQLiteFile(temporary.databasePath)
    try file.run("UPDATE turns SET checksum = checksum + 1 WHERE id = 2")
    try file.run("UPDATE items SET checksum = checksum + 1 WHERE turn = 4 AND is_output = 0")
    let again = try open()
    for place in [nil, conversation.id] {
      let request = SearchRequest(query: "tulip", conversation: place)
      let found = try await again.search(request, as: .user(1000)).map(\.snippet)
      #expect(Set(found) == ["tulip 0", "tulip 2", "tulip 4"])
    }
    #expect(try await again.search(SearchRequest(query: "re"), as: .user(1000)).count == 4)
    try await again.close()
  }

  @Test func `a damaged search index is made anew`() async throws {
    // The item spells the word in capitals, so that the small letters are the index's.
    let id = try await temporary.store.say("MARIGOLD", "re")
    let request = SearchRequest(query: "marigold")
    #expect(try await temporary.store.search(request, as: .user(1000)).count == 1)
    try await temporary.store.close()
    let places = try allOffsets(of: "marigold")
    try #require(!places.isEmpty)
    try change { bytes in
      for place in places {
        for offset in place - 6..<place + 8 { bytes[offset] = 0xFF }
      }
    }
    let store = try open()
    #expect(store.opening.damage == nil)
    #expect(try await store.search(request, as: .user(1000)).map(\.responseID) == [id])
    try await store.deleteResponse(id, as: .user(1000))
    try await store.close()
    #expect(try contents(of: temporary.databasePath).offset(of: "marigold") == nil)
  }

  @Test func `a damaged search index stops no deletion`() async throws {
    let id = try await temporary.store.say("MARIGOLD", "re")
    _ = try await temporary.store.search(SearchRequest(query: "marigold"), as: .user(1000))
    try await temporary.store.close()
    let places = try allOffsets(of: "marigold")
    try change { bytes in
      for place in places {
        for offset in place - 6..<place + 8 { bytes[offset] = 0xFF }
      }
    }
    let store = try open()
    try await store.deleteResponse(id, as: .user(1000))
    #expect(try await store.search(SearchRequest(query: "marigold"), as: .user(1000)).isEmpty)
    try await store.close()
    #expect(try contents(of: temporary.databasePath).offset(of: "marigold") == nil)
  }

  @Test func `a database of a newer version is refused and left alone`() async throws {
    try await temporary.store.close()
    // The user version is the big-endian integer at byte 60 of the header (SQLite file format).
    try change { $0[63] = 200 }
    let before = try contents(of: temporary.databasePath)
    let said = try await refusal { _ = try open() }
    #expect(said?.contains("version 200") == true)
    #expect(try await code { _ = try open() } == .tooNew)
    #expect(fileNames(in: state).allSatisfy { !$0.contains("damaged") })
    #expect(try contents(of: temporary.databasePath).count == before.count)
  }

  @Test func `another program's database is refused and left alone`() async throws {
    try await temporary.store.close()
    // The application id is at byte 68.
    try change { $0[68] = 1 }
    #expect(try await code { _ = try open() } == .foreign)
    #expect(fileNames(in: state).allSatisfy { !$0.contains("damaged") })
  }

  @Test(
    arguments: [
      (0, "", 0xEF46_DB37_51D8_E999), (0, "a", 0xD24E_C4F1_A98C_6E5B),
      (0, "abc", 0x44BC_2CF5_AD77_0999),
      (0, "Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
    ] as [(UInt64, String, UInt64)])
  func `the checksum is XXH64`(seed: UInt64, text: String, expected: UInt64) {
    let bytes = Array(text.utf8)
    let hash = unsafe bytes.withUnsafeBytes { unsafe XXHash64.hash($0, seed: seed) }
    #expect(hash == expected)
  }

  @Test func `an integer hashes like its eight bytes`() {
    let bytes: [UInt8] = [8, 7, 6, 5, 4, 3, 2, 1]
    let hash = unsafe bytes.withUnsafeBytes { unsafe XXHash64.hash($0, seed: 42) }
    #expect(XXHash64.hash(0x0102_0304_0506_0708, seed: 42) == hash)
  }
}
