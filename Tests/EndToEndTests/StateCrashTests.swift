import Glibc
import JSON
import TestSupport
import Testing

/// What is there after the daemon was killed, and after its database was damaged.
@Suite struct StateCrashTests {
  @Test func `thirty kills at random moments lose, double and halve no turn`() throws {
    let programs = try Binaries.path(of: "halleyd").split(separator: "/").dropLast()
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let end = try run(
      ["/\(root)/contrib/crash-test", "--programs", "/" + programs.joined(separator: "/"), "30"],
      limit: .seconds(420))
    let said = "\(end.output)\(end.error)"
    #expect(end.status == 0, "\(said)")
    #expect(end.output.contains(" 0 lost, 0 changed, 0 doubled, 0 half;"))
    #expect(end.output.contains("30 integrity checks"))
  }

  // MARK: Damage

  private func path(_ stage: StateStage, _ name: String = "halley.db") -> String {
    "\(stage.daemon.scratch.path)/state/\(name)"
  }

  private func overwrite(_ stage: StateStage, _ bytes: [UInt8], from offset: Int) throws {
    let descriptor = unsafe open(path(stage), O_WRONLY | O_CLOEXEC)
    defer { close(descriptor) }
    try #require(unsafe pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count)
  }

  private func fileNames(_ stage: StateStage) throws -> [String] {
    try run(["ls", "\(stage.daemon.scratch.path)/state"]).output.split(separator: "\n")
      .map(String.init)
  }

  private func expectSetAside(_ stage: StateStage, _ lost: Answer) throws {
    let daemon = try stage.restarted()
    let client = try daemon.connect()
    let next = try client.say("hello again")
    #expect(next.status == "completed", "\(next.message.text)")
    #expect(try client.retrieve(next.id).stored == next.stored)
    #expect(try client.retrieve(lost.id).errorCode == "not_found")
    let aside = try #require(
      try fileNames(stage).first { $0.hasPrefix("halley.db.damaged-") && !$0.hasSuffix("-wal") })
    #expect(daemon.log.contains(aside), "\(daemon.log)")
    #expect(daemon.log.contains("damaged"))
  }

  @Test func `a database whose pages are damaged is set aside and named`() throws {
    let stage = try StateStage()
    var last = try stage.client.say("hello")
    for turn in 0..<50 { last = try stage.client.say("turn \(turn)") }
    _ = try stage.daemon.stop()
    try overwrite(stage, [UInt8](repeating: 0xA5, count: 60_000), from: 4096 + 100)
    try expectSetAside(stage, last)
  }

  @Test func `a file that is no database is set aside and named`() throws {
    let stage = try StateStage()
    let answer = try stage.client.say("hello")
    _ = try stage.daemon.stop()
    try overwrite(stage, [UInt8](repeating: 0xA5, count: 4096), from: 0)
    try expectSetAside(stage, answer)
  }

  @Test func `a log that is cut short loses only what was not acknowledged`() throws {
    let stage = try StateStage()
    let answer = try stage.client.say("hello")
    try stage.daemon.kill()
    let log = path(stage, "halley.db-wal")
    let bytes = try TextFile.bytes(log)
    #expect(!bytes.isEmpty)
    // A page that was begun and not finished.
    try stage.daemon.scratch.write(
      "state/halley.db-wal", bytes + [UInt8](repeating: 0, count: 2000))
    let client = try stage.restarted().connect()
    #expect(try client.retrieve(answer.id).stored == answer.stored)
  }

  @Test func `a database of a newer Halley is refused and left alone`() throws {
    let stage = try StateStage()
    let answer = try stage.client.say("hello")
    _ = try stage.daemon.stop()
    // user_version of the database header (https://sqlite.org/fileformat2.html, offset 60).
    let header = try TextFile.bytes(path(stage))[60..<64]
    try overwrite(stage, [0, 0, 3, 0xE7], from: 60)
    let daemon = try stage.restarted()
    let refused = try daemon.connect().say("hello again")
    #expect(refused.errorCode == "storage", "\(refused.message.text)")
    #expect(try daemon.connect().call(1, "daemon.ping").error == nil)
    _ = try daemon.stop()
    try overwrite(stage, Array(header), from: 60)
    #expect(try stage.restarted().connect().retrieve(answer.id).stored == answer.stored)
  }
}
