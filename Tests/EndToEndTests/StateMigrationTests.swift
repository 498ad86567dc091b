import Glibc
import JSON
import Testing
import TestSupport

/// A daemon on the database of an older one, killed while it brings that to its own version.
@Suite struct StateMigrationTests {
  private let simulator: Simulator
  private let scratch: Scratch
  private var database: String { "\(scratch.path)/state/halley.db" }

  init() throws {
    simulator = try Simulator()
    scratch = try Scratch()
    _ = try scratch.makeDirectory("state")
    let released = #filePath.replacing(
      "EndToEndTests/StateMigrationTests.swift", with: "StoreTests/Released/schema-3.sql")
    try shell(
      """
      sqlite3 old.db < '\(released)'
      sqlite3 old.db "
        CREATE TABLE ballast (x);
        WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 8)
          INSERT INTO ballast SELECT randomblob(1048576) FROM n;
        PRAGMA journal_mode = WAL"
      """)
    try restoreOld()
  }

  private func restoreOld() throws {
    try shell("rm -f state/*; cp -p old.db state/halley.db")
  }

  /// The version of a database and whether it is sound, of a copy that has its log.
  private func version(_ name: String) throws -> String? {
    guard unsafe access("\(scratch.path)/state/\(name)", F_OK) == 0 else { return nil }
    let output = try shell(
      """
      rm -rf look; mkdir look; cp state/\(name)* look
      sqlite3 look/\(name) 'PRAGMA integrity_check; PRAGMA user_version'
      """)
    let lines = output.split(separator: "\n").map(String.init)
    #expect(lines.first == "ok", "\(name): \(output)")
    return lines.last
  }

  /// Runs commands in the directory that all is in, and returns what they print.
  @discardableResult
  private func shell(_ script: String) throws -> String {
    let end = try run(["env", "-C", scratch.path, "sh", "-ec", "umask 077\n\(script)"])
    try #require(end.status == 0, "\(end.error)")
    return end.output
  }

  /// Starts a daemon that is killed at a system call; returns whether it came to that.
  private func killed(at call: String, _ occurrence: Int) throws -> Bool {
    let configuration = try scratch.write(
      "config.toml", DaemonProcess.configuration(simulator))
    let socket = "\(scratch.path)/s/halley.sock"
    let process = try ChildProcess(
      [
        "strace", "-D", "-f", "-o", "\(scratch.path)/trace", "-e", "trace=\(call)", "-e",
        "inject=\(call):signal=KILL:when=\(occurrence)", try Binaries.path(of: "halleyd"),
        "--config", configuration, "--state", "\(scratch.path)/state", "--socket", socket,
      ])
    var isOpen = false
    try Wait.until("the daemon to be killed or to have its store") {
      if !process.isRunning { return true }
      isOpen = process.errorText.contains("brought from version 3 to")
      return isOpen
    }
    process.signal(SIGTERM)
    _ = try process.wait()
    return !isOpen
  }

  @Test(.enabled(if: Tracer.isAvailable, "strace is missing or may not trace"))
  func `a kill at any point leaves the old database or the new one`() throws {
    var kills: [String: Int] = [:]
    for (call, occurrences) in [
      ("pwrite64", [1, 2, 3, 4, 20, 500, 1500, 2200, 2203, 2206, 2210]),
      ("fsync", [1, 2, 3]), ("fdatasync", [1, 2, 3]), ("rename", [1]), ("unlink", [1, 2, 3]),
      ("ftruncate", [1, 2]),
    ] {
      for occurrence in occurrences {
        guard try killed(at: call, occurrence) else {
          try restoreOld()
          continue
        }
        let found = try #require(try version("halley.db"), "\(call) \(occurrence)")
        kills[found, default: 0] += 1
        let backup = try version("halley.db.schema-3.backup")
        #expect(backup == "3" || backup == nil && found == "3", "\(call) \(occurrence)")
        if found != "3" { try restoreOld() }
      }
    }
    #expect(kills["3"] ?? 0 > 5 && kills.count == 2, "\(kills)")
    let daemon = try DaemonProcess(simulator, scratch: scratch)
    let client = try daemon.connect()
    #expect(try client.say("hello", #""conversation":"c""#).status == "completed")
    _ = try daemon.stop()
    #expect(try version("halley.db") == kills.keys.first { $0 != "3" })
    #expect(!(try run(["ls", "\(scratch.path)/state"]).output.contains("partial")))
  }
}
