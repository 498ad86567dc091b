import Glibc
import JSON
import Testing
import TestSupport

/// Copies of the store that are made while the daemon runs.
@Suite struct StateBackupTests {
  private let stage: StateStage

  init() throws {
    stage = try StateStage()
  }

  private var scratch: String { stage.daemon.scratch.path }

  private func backUp(_ path: String, _ client: SocketClient) throws -> Answer {
    try client.request(900, "store.backup", RawJSON.object { $0.member("path", path) }.text)
    return try client.answer(900)
  }

  /// Asks SQLite itself.
  private func column(_ sql: String, _ path: String) throws -> [String] {
    let end = try run(["sqlite3", path, sql])
    try #require(end.status == 0, "\(end.error)")
    return end.output.split(separator: "\n").map(String.init)
  }

  /// Starts a daemon whose state is a copy.
  private func restored(_ path: String) throws -> DaemonProcess {
    let scratch = try Scratch()
    _ = try scratch.makeDirectory("state")
    let end = try run(["cp", "-p", path, "\(scratch.path)/state/halley.db"])
    try #require(end.status == 0, "\(end.error)")
    return try DaemonProcess(stage.simulator, scratch: scratch)
  }

  /// Makes the database larger, so that a copy takes its time.
  private func addBallast(_ mebibytes: Int) throws -> DaemonProcess {
    // There is a database by then.
    try #require(try stage.client.say("first").status == "completed")
    _ = try stage.daemon.stop()
    _ = try column(
      """
      CREATE TABLE ballast (x);
      WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < \(mebibytes))
        INSERT INTO ballast SELECT randomblob(1048576) FROM n;
      """, "\(scratch)/state/halley.db")
    return try stage.restarted()
  }

  @Test func `a copy is made while clients talk, and holds what was acknowledged before`() throws {
    let daemon = try addBallast(32)
    let clients = try (0..<4).map { _ in try daemon.connect() }
    var before: [Answer] = []
    for turn in 0..<50 {
      for (number, client) in clients.enumerated() {
        try client.startSaying(turn, "turn \(turn)", #""conversation":"c\#(number)""#)
      }
      if turn == 10 {
        let path = RawJSON.object { $0.member("path", "\(scratch)/copy.db") }.text
        try clients[0].request(900, "store.backup", path)
      }
      let answers = try clients.map { try $0.answer(turn) }
      if turn < 10 { before += answers }
    }
    let made = try clients[0].answer(900)
    let size = try #require(made.result?["bytes"]?.integer, "\(made.message.text)")
    #expect(made.result?["path"]?.string == "\(scratch)/copy.db" && size > 32 << 20)
    #expect(
      try column("PRAGMA integrity_check; PRAGMA foreign_key_check", "\(scratch)/copy.db") == ["ok"]
    )
    let client = try restored("\(scratch)/copy.db").connect()
    for answer in before { #expect(try client.retrieve(answer.id).stored == answer.stored) }
    for number in 0..<4 {
      let said = try client.texts(of: "c\(number)")
      #expect(said.count >= 20 && said.count.isMultiple(of: 2))
    }
    #expect(try client.say("more", #""conversation":"c0""#).status == "completed")
  }

  @Test func `a copy is its owner's and appears when it is whole`() throws {
    let path = "\(scratch)/copy.db"
    let answer = try stage.client.say("hello")
    #expect(try backUp(path, stage.client).error == nil)
    var status = stat()
    #expect(unsafe stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(try run(["ls", scratch]).output.contains("partial") == false)
    #expect(try restored(path).connect().retrieve(answer.id).stored == answer.stored)
  }

  @Test func `a copy that the daemon's death cut off is gone with its next start`() throws {
    let daemon = try addBallast(256)
    let client = try daemon.connect()
    let path = RawJSON.object { $0.member("path", "\(scratch)/copy.db") }.text
    try client.request(1, "store.backup", path)
    try Wait.until("the copy to begin") {
      try run(["ls", scratch]).output.contains("copy.db.partial-")
    }
    try daemon.kill()
    #expect(try run(["ls", scratch]).output.contains("copy.db.partial-"))
    let again = try stage.restarted()
    #expect(try again.connect().say("hello").status == "completed")
    #expect(try run(["ls", scratch]).output.contains("copy.db") == false)
    #expect(try run(["ls", "\(scratch)/state"]).output.contains("copy-") == false)
  }

  @Test func `the store is shown and checked while it is in use`() throws {
    try #require(try stage.client.say("hello", #""conversation":"garden""#).status == "completed")
    let shown = try stage.client.call(1, "store.status", "{}")
    let status = try #require(shown.result, "\(shown.message.text)")
    #expect(status["responses"]?.integer == 1 && status["conversations"]?.integer == 1)
    #expect(status["path"]?.string?.hasSuffix("/halley.db") == true)
    let kinds = (status["sizes"]?.elements ?? []).compactMap { $0["kind"]?.string }
    #expect(Set(["items", "events", "responses"]).isSubset(of: kinds))
    #expect(status["last_expiry"]?["ended_at"]?.integer != nil)
    #expect(status["backlog"]?["erasures"]?.integer == 0)
    let checked = try stage.client.call(2, "store.check", "{}")
    #expect(checked.result?["sound"]?.boolean == true, "\(checked.message.text)")
    #expect((checked.result?["rows"]?.integer ?? 0) >= 5)
    let store = try stage.client.call(3, "daemon.status", "{}").result?["store"]
    #expect((store?["log_bytes"]?.integer ?? 0) + (store?["database_bytes"]?.integer ?? 0) > 4096)
    #expect(store?["last_expiry"]?["took_ms"] != nil && store?["belongs_to"] == nil)
    let environment = ["HALLEY_SOCKET": stage.daemon.socketPath]
    for command in ["status", "check"] {
      let end = try run(
        [try Binaries.path(of: "halley"), "store", command], environment: environment)
      #expect(end.status == 0 && end.output.contains("halley.db"), "\(end.error)")
    }
  }

  @Test func `a copy replaces nothing`() throws {
    try stage.daemon.scratch.write("there", "words")
    unsafe symlink("nowhere", "\(scratch)/link")
    for name in ["there", "link", "state/halley.db", "state"] {
      let refused = try backUp("\(scratch)/\(name)", stage.client)
      #expect(refused.errorCode == "conflict", "\(refused.message.text)")
      #expect(refused.message.text.contains("\(scratch)/\(name)"))
    }
    #expect(try TextFile.bytes("\(scratch)/there") == Array("words".utf8))
    #expect(unsafe access("\(scratch)/nowhere", F_OK) != 0)
  }

  @Test(arguments: ["", "copy.db", "/", "/tmp/", "/tmp/a\\u0000b"])
  func `what names no file is refused`(path: String) throws {
    let refused = try stage.client.call(1, "store.backup", #"{"path":"\#(path)"}"#)
    #expect(refused.errorCode == "invalid_params", "\(refused.message.text)")
  }

  @Test func `a place where nothing can be written is named with the reason`() throws {
    let refused = try backUp("\(scratch)/nowhere/copy.db", stage.client)
    #expect(refused.errorCode == "storage")
    #expect(refused.message.text.contains("\(scratch)/nowhere/copy.db"))
    #expect(refused.message.text.contains("No such file or directory"))
  }

  @Test(.enabled(if: Mount.isAvailable, "only root may mount"))
  func `a copy that has no room is told so and leaves nothing`() throws {
    let mount = try Mount("size=8m")
    let daemon = try addBallast(16)
    let client = try daemon.connect()
    let refused = try backUp("\(mount.scratch.path)/state/copy.db", client)
    #expect(refused.errorCode == "storage_full", "\(refused.message.text)")
    #expect(
      try run(["ls", "-A", "\(mount.scratch.path)/state"]).output.contains("copy.db") == false)
    #expect(try client.say("hello").status == "completed")
  }

  @Test func `a copy that is cancelled leaves nothing`() throws {
    let daemon = try addBallast(256)
    let client = try daemon.connect()
    let path = RawJSON.object { $0.member("path", "\(scratch)/copy.db") }.text
    try client.request(1, "store.backup", path)
    try Wait.until("the copy to begin") {
      try run(["ls", scratch]).output.contains("copy.db.partial-")
    }
    try client.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
    let answer = try client.answer(1)
    #expect(answer.errorCode == "cancelled", "\(answer.message.text)")
    #expect(try run(["ls", scratch]).output.contains("copy.db") == false)
    #expect(try client.say("hello").status == "completed")
  }

  @Test func `the command makes a copy, and says where it is`() throws {
    let environment = ["HALLEY_SOCKET": stage.daemon.socketPath]
    func halley(_ arguments: String...) throws -> ChildProcess.Ended {
      try run(
        ["env", "-C", scratch, try Binaries.path(of: "halley")] + arguments,
        environment: environment)
    }
    let made = try halley("store", "backup", "copy.db")
    #expect(made.status == 0 && made.output == "\(scratch)/copy.db\n", "\(made.error)")
    let json = try halley("store", "backup", "other.db", "--json")
    #expect(json.output.contains(#""bytes":"#), "\(json.output) \(json.error)")
    let refused = try halley("store", "backup", "copy.db")
    #expect(refused.status != 0 && refused.error.contains("already"), "\(refused.error)")
    #expect(try halley("store", "backup", "state/").status == 64)
  }
}
